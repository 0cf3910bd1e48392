//! The Qdrant client and its probe, with a mock gRPC server and `wiremock` for REST, and with a real
//! server if `TEST_QDRANT_URL` (and `TEST_QDRANT_API_KEY`) is set.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use divan_core::infra::QdrantConfig;
use divan_core::infra::probe::ProbeError;
use divan_core::secret::Secret;
use divan_infra_tests::{PATIENT, SHORT, full_text, outcome, stateful_firewall};
use divan_testing::{QdrantServer, SilentServer, absent_port};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// Starts a mock REST API whose `/readyz` returns this status.
async fn rest(status: u16) -> MockServer {
    let rest = MockServer::start().await;
    let ready = Mock::given(method("GET")).and(path("/readyz"));
    ready
        .respond_with(ResponseTemplate::new(status))
        .mount(&rest)
        .await;
    rest
}

fn at(rest: &str, grpc_port: u16) -> QdrantConfig {
    let grpc = format!("http://127.0.0.1:{grpc_port}");
    let mut config = QdrantConfig::new(rest.parse().unwrap(), grpc.parse().unwrap());
    config.api_key = Some(Secret::new(QdrantServer::API_KEY));
    config
}

async fn probe(config: &QdrantConfig) -> Result<(), ProbeError> {
    outcome(config.probe(&config.client()?)?, PATIENT).await
}

#[tokio::test]
async fn probe_succeeds_and_the_client_works() {
    let (rest, grpc) = (rest(200).await, QdrantServer::start());
    let config = at(&rest.uri(), grpc.port());
    probe(&config).await.unwrap();
    assert_eq!(
        config
            .client()
            .unwrap()
            .list_collections()
            .await
            .unwrap()
            .collections
            .len(),
        0
    );
}

#[tokio::test]
async fn a_path_in_the_rest_address_is_kept() {
    let (rest, grpc) = (MockServer::start().await, QdrantServer::start());
    let ready = Mock::given(method("GET")).and(path("/vectors/readyz"));
    ready
        .respond_with(ResponseTemplate::new(200))
        .mount(&rest)
        .await;
    for prefix in ["/vectors", "/vectors/"] {
        probe(&at(&format!("{}{prefix}", rest.uri()), grpc.port()))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_wrong_or_missing_key_is_rejected_and_not_repeated() {
    let (rest, grpc) = (rest(200).await, QdrantServer::start());
    for key in [Some("a-Secret-that-is-wrong"), None] {
        let mut config = at(&rest.uri(), grpc.port());
        config.api_key = key.map(Secret::new);
        let error = probe(&config).await.unwrap_err();
        assert!(
            matches!(error, ProbeError::CredentialsRejected(_)),
            "{error:?}"
        );
        assert!(!full_text(&error).contains("a-Secret-that"), "{error:?}");
    }
}

#[tokio::test]
async fn a_dead_connection_is_replaced() {
    let (rest, grpc) = (rest(200).await, QdrantServer::start());
    let (port, drop_state) = stateful_firewall(grpc.port()).await.unwrap();
    let config = at(&rest.uri(), port);
    let probe = config.probe(&config.client().unwrap()).unwrap();
    // The client uses three connections in turn.
    for _ in 0..3 {
        outcome(probe.clone(), PATIENT).await.unwrap();
    }
    drop_state.send(1).unwrap();
    // Enough for the response over REST, on a busy machine.
    let dead = outcome(probe.clone(), Duration::from_secs(5)).await;
    assert!(matches!(dead, Err(ProbeError::Slow)), "{dead:?}");
    outcome(probe, PATIENT).await.unwrap();
}

#[tokio::test]
async fn an_invalid_key_is_reported_and_not_repeated() {
    let mut config = at("http://127.0.0.1:6333", 6334);
    for key in ["a-Secret\nwith a line", "құпия-Secret"] {
        config.api_key = Some(Secret::new(key));
        let errors = [
            config.client().map(|_| ()).unwrap_err(),
            probe(&config).await.unwrap_err(),
        ];
        for error in errors {
            assert!(
                error.to_string().contains("copy it again")
                    && !full_text(&error).contains("Secret"),
                "{error:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_server_that_is_not_ready_fails() {
    let (rest, grpc) = (rest(503).await, QdrantServer::start());
    let error = probe(&at(&rest.uri(), grpc.port())).await.unwrap_err();
    assert!(matches!(error, ProbeError::Failed(_)), "{error:?}");
}

#[tokio::test]
async fn a_rest_port_as_the_grpc_address_is_reported() {
    let rest = rest(200).await;
    let error = probe(&at(&rest.uri(), rest.address().port()))
        .await
        .unwrap_err();
    assert!(matches!(error, ProbeError::Misconfigured(..)), "{error:?}");
    assert!(
        error.to_string().contains("6334") && error.to_string().contains("does not use gRPC"),
        "{error}"
    );
}

/// Qdrant's REST API supports only HTTP/1.1, and closes the connection.
#[tokio::test]
async fn a_rest_port_that_closes_the_connection_is_reported() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.readable().await.unwrap();
            let _ = stream.try_write(
                b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            );
        }
    });
    let rest = rest(200).await;
    let error = probe(&at(&rest.uri(), port)).await.unwrap_err();
    assert!(error.to_string().contains("does not use gRPC"), "{error:?}");
}

#[tokio::test]
async fn a_grpc_port_as_the_rest_address_is_reported() {
    let grpc = QdrantServer::start();
    let error = probe(&at(
        &format!("http://127.0.0.1:{}", grpc.port()),
        grpc.port(),
    ))
    .await
    .unwrap_err();
    assert!(matches!(error, ProbeError::Misconfigured(..)), "{error:?}");
    assert!(error.to_string().contains("6333"), "{error}");
}

#[tokio::test]
async fn another_web_server_is_not_qdrant() {
    let (rest, grpc) = (rest(404).await, QdrantServer::start());
    let error = probe(&at(&rest.uri(), grpc.port())).await.unwrap_err();
    assert!(error.to_string().contains("is not Qdrant"), "{error:?}");
}

#[tokio::test]
async fn a_closed_port_or_unknown_host_is_unreachable() {
    let absent = format!("http://127.0.0.1:{}", absent_port());
    for rest in [absent.as_str(), "http://no-such-host.invalid:6333"] {
        let error = probe(&at(rest, absent_port())).await.unwrap_err();
        assert!(matches!(error, ProbeError::Unreachable(_)), "{error:?}");
    }
}

#[tokio::test]
async fn an_unreachable_grpc_port_is_reported() {
    let rest = rest(200).await;
    let error = probe(&at(&rest.uri(), absent_port())).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("no connection to its gRPC address"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_server_that_does_not_respond_is_slow() {
    let (silent, rest, grpc) = (
        SilentServer::start(),
        rest(200).await,
        QdrantServer::start(),
    );
    let silent_rest = at(&format!("http://127.0.0.1:{}", silent.port()), grpc.port());
    for config in [silent_rest, at(&rest.uri(), silent.port())] {
        let probe = config.probe(&config.client().unwrap()).unwrap();
        let error = outcome(probe, SHORT).await.unwrap_err();
        assert!(matches!(error, ProbeError::Slow), "{error:?}");
    }
}

#[tokio::test]
async fn the_client_works_after_a_restart_of_the_server() {
    let (rest, mut grpc) = (rest(200).await, QdrantServer::start());
    let config = at(&rest.uri(), grpc.port());
    let client = config.client().unwrap();
    let probe = config.probe(&client).unwrap();
    outcome(probe.clone(), PATIENT).await.unwrap();
    for _ in 0..3 {
        grpc.stop();
        let error = outcome(probe.clone(), PATIENT).await.unwrap_err();
        assert!(error.to_string().contains("no connection to"), "{error:?}");
        grpc.resume();
        outcome(probe.clone(), PATIENT).await.unwrap();
        client.list_collections().await.unwrap();
    }
}

#[tokio::test]
async fn probe_succeeds_with_a_real_server() {
    let Some(url) = std::env::var("TEST_QDRANT_URL")
        .ok()
        .filter(|url| !url.is_empty())
    else {
        eprintln!(
            "SKIPPED the test with a real Qdrant: set TEST_QDRANT_URL=http://host:6333 (and TEST_QDRANT_API_KEY)"
        );
        return;
    };
    let rest: url::Url = url.parse().expect("TEST_QDRANT_URL is a URL");
    let mut grpc = rest.clone();
    grpc.set_port(Some(6334)).expect("an address with a host");
    let mut config = QdrantConfig::new(rest, grpc);
    config.api_key = std::env::var("TEST_QDRANT_API_KEY").ok().map(Secret::new);
    probe(&config).await.unwrap();
    if config.api_key.is_some() {
        config.api_key = Some(Secret::new("wrong"));
        assert!(matches!(
            probe(&config).await,
            Err(ProbeError::CredentialsRejected(_))
        ));
    }
}
