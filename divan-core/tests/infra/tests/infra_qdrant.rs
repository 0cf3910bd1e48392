//! Qdrant, as it is and as it goes wrong: gRPC by a server in this process, made from the client's
//! own traits, REST by `wiremock`. Against a real one too where `TEST_QDRANT_URL` (and
//! `TEST_QDRANT_API_KEY`) names it.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use divan_core::infra::QdrantConfig;
use divan_core::infra::probe::ProbeError;
use divan_core::secret::Secret;
use divan_infra_tests::{PATIENT, SHORT, forgetful_firewall, outcome, told};
use divan_testing::{QdrantServer, SilentServer, absent_port};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// A REST interface that answers this when it is asked whether it is ready.
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

async fn asked(config: &QdrantConfig) -> Result<(), ProbeError> {
    outcome(config.probe(&config.client()?)?, PATIENT).await
}

#[tokio::test]
async fn both_interfaces_are_asked_and_the_client_works() {
    let (rest, grpc) = (rest(200).await, QdrantServer::start());
    let config = at(&rest.uri(), grpc.port());
    asked(&config).await.unwrap();
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
async fn an_address_below_a_path_is_kept() {
    let (rest, grpc) = (MockServer::start().await, QdrantServer::start());
    let ready = Mock::given(method("GET")).and(path("/vectors/readyz"));
    ready
        .respond_with(ResponseTemplate::new(200))
        .mount(&rest)
        .await;
    for below in ["/vectors", "/vectors/"] {
        asked(&at(&format!("{}{below}", rest.uri()), grpc.port()))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_wrong_and_a_missing_key_are_refused_and_not_repeated() {
    let (rest, grpc) = (rest(200).await, QdrantServer::start());
    for key in [Some("a-Secret-that-is-wrong"), None] {
        let mut config = at(&rest.uri(), grpc.port());
        config.api_key = key.map(Secret::new);
        let error = asked(&config).await.unwrap_err();
        assert!(matches!(error, ProbeError::Refused(_)), "{error:?}");
        assert!(!told(&error).contains("a-Secret-that"), "{error:?}");
    }
}

#[tokio::test]
async fn a_connection_that_died_without_a_word_is_left_for_a_new_one() {
    let (rest, grpc) = (rest(200).await, QdrantServer::start());
    let (port, forget) = forgetful_firewall(grpc.port()).await.unwrap();
    let config = at(&rest.uri(), port);
    let probe = config.probe(&config.client().unwrap()).unwrap();
    // The client has three connections, and uses them in turn.
    for _ in 0..3 {
        outcome(probe.clone(), PATIENT).await.unwrap();
    }
    forget.send(1).unwrap();
    // Long enough for REST to answer first, on a busy machine too.
    let unanswered = outcome(probe.clone(), Duration::from_secs(5)).await;
    assert!(
        matches!(unanswered, Err(ProbeError::Slow)),
        "{unanswered:?}"
    );
    outcome(probe, PATIENT).await.unwrap();
}

#[tokio::test]
async fn a_key_that_cannot_be_sent_is_named_and_not_repeated() {
    let mut config = at("http://127.0.0.1:6333", 6334);
    for key in ["a-Secret\nwith a line", "құпия-Secret"] {
        config.api_key = Some(Secret::new(key));
        let errors = [
            config.client().map(|_| ()).unwrap_err(),
            asked(&config).await.unwrap_err(),
        ];
        for error in errors {
            assert!(
                error.to_string().contains("copy it again") && !told(&error).contains("Secret"),
                "{error:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_server_that_is_not_ready_says_so() {
    let (rest, grpc) = (rest(503).await, QdrantServer::start());
    let error = asked(&at(&rest.uri(), grpc.port())).await.unwrap_err();
    assert!(matches!(error, ProbeError::Failed(_)), "{error:?}");
}

#[tokio::test]
async fn a_rest_port_given_as_grpc_is_told() {
    let rest = rest(200).await;
    let error = asked(&at(&rest.uri(), rest.address().port()))
        .await
        .unwrap_err();
    assert!(matches!(error, ProbeError::Misconfigured(..)), "{error:?}");
    assert!(
        error.to_string().contains("6334") && error.to_string().contains("speaks no gRPC"),
        "{error}"
    );
}

/// Qdrant's own REST interface knows HTTP/1.1 alone, and closes the connection.
#[tokio::test]
async fn a_rest_port_that_closes_at_once_is_told_too() {
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
    let error = asked(&at(&rest.uri(), port)).await.unwrap_err();
    assert!(error.to_string().contains("speaks no gRPC"), "{error:?}");
}

#[tokio::test]
async fn a_grpc_port_given_as_rest_is_told() {
    let grpc = QdrantServer::start();
    let error = asked(&at(
        &format!("http://127.0.0.1:{}", grpc.port()),
        grpc.port(),
    ))
    .await
    .unwrap_err();
    assert!(matches!(error, ProbeError::Misconfigured(..)), "{error:?}");
    assert!(error.to_string().contains("6333"), "{error}");
}

#[tokio::test]
async fn another_web_server_is_told_apart() {
    let (rest, grpc) = (rest(404).await, QdrantServer::start());
    let error = asked(&at(&rest.uri(), grpc.port())).await.unwrap_err();
    assert!(error.to_string().contains("is not Qdrant"), "{error:?}");
}

#[tokio::test]
async fn where_nobody_listens_it_is_unreachable() {
    let absent = format!("http://127.0.0.1:{}", absent_port());
    for rest in [absent.as_str(), "http://no-such-host.invalid:6333"] {
        let error = asked(&at(rest, absent_port())).await.unwrap_err();
        assert!(matches!(error, ProbeError::Unreachable(_)), "{error:?}");
    }
}

#[tokio::test]
async fn where_only_grpc_is_missing_that_is_told() {
    let rest = rest(200).await;
    let error = asked(&at(&rest.uri(), absent_port())).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("nothing answers at its gRPC address"),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_interface_that_says_nothing_is_slow() {
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
async fn lost_and_back_the_same_client_works() {
    let (rest, mut grpc) = (rest(200).await, QdrantServer::start());
    let config = at(&rest.uri(), grpc.port());
    let client = config.client().unwrap();
    let probe = config.probe(&client).unwrap();
    outcome(probe.clone(), PATIENT).await.unwrap();
    for _ in 0..3 {
        grpc.stop();
        let error = outcome(probe.clone(), PATIENT).await.unwrap_err();
        assert!(error.to_string().contains("nothing answers"), "{error:?}");
        grpc.resume();
        outcome(probe.clone(), PATIENT).await.unwrap();
        client.list_collections().await.unwrap();
    }
}

#[tokio::test]
async fn a_real_server_is_ready() {
    let Some(url) = std::env::var("TEST_QDRANT_URL")
        .ok()
        .filter(|url| !url.is_empty())
    else {
        eprintln!(
            "NO REAL QDRANT WAS TESTED: name one with TEST_QDRANT_URL=http://host:6333 (and TEST_QDRANT_API_KEY)"
        );
        return;
    };
    let rest: url::Url = url.parse().expect("TEST_QDRANT_URL is an address");
    let mut grpc = rest.clone();
    grpc.set_port(Some(6334)).expect("an address with a host");
    let mut config = QdrantConfig::new(rest, grpc);
    config.api_key = std::env::var("TEST_QDRANT_API_KEY").ok().map(Secret::new);
    asked(&config).await.unwrap();
    if config.api_key.is_some() {
        config.api_key = Some(Secret::new("wrong"));
        assert!(matches!(asked(&config).await, Err(ProbeError::Refused(_))));
    }
}
