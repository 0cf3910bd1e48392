//! The S3 client and its probe, with the mock server `s3s`, which verifies signatures.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use aws_sdk_s3::primitives::ByteStream;
use divan_core::infra::probe::ProbeError;
use divan_core::infra::{Bucket, S3Config};
use divan_core::secret::Secret;
use divan_infra_tests::{PATIENT, SHORT, full_text, outcome};
use divan_testing::{S3Server, SilentServer, absent_port};
use wiremock::matchers::{any, method};
use wiremock::{Mock, MockServer, ResponseTemplate};

fn at(url: &str) -> S3Config {
    S3Config::new(
        url.parse().unwrap(),
        S3Server::ACCESS_KEY,
        Secret::new(S3Server::SECRET_KEY),
        "documents",
    )
}

#[tokio::test]
async fn a_missing_bucket_is_reported_and_created() {
    let server = S3Server::start();
    let config = at(&server.url());
    let client = config.client();
    let error = outcome(config.probe(&client), PATIENT).await.unwrap_err();
    assert!(matches!(error, ProbeError::Misconfigured(..)), "{error:?}");
    assert!(
        error.to_string().contains("the bucket does not exist"),
        "{error}"
    );

    assert_eq!(
        config.ensure_bucket(&client).await.unwrap(),
        Bucket::Created
    );
    assert_eq!(config.ensure_bucket(&client).await.unwrap(), Bucket::Found);
    outcome(config.probe(&client), PATIENT).await.unwrap();
    assert!(server.folder().join("documents").is_dir());

    let body = ByteStream::from_static(b"salem");
    client
        .put_object()
        .bucket("documents")
        .key("a/b.txt")
        .body(body)
        .send()
        .await
        .unwrap();
    let object = client
        .get_object()
        .bucket("documents")
        .key("a/b.txt")
        .send()
        .await
        .unwrap();
    assert_eq!(object.body.collect().await.unwrap().to_vec(), b"salem");
}

#[tokio::test]
async fn concurrent_servers_create_one_bucket() {
    let server = S3Server::start();
    let starts: Vec<_> = (0..8)
        .map(|_| {
            let config = at(&server.url());
            tokio::spawn(async move { config.ensure_bucket(&config.client()).await })
        })
        .collect();
    for start in starts {
        let _ = start.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_wrong_key_is_rejected_and_not_repeated() {
    let server = S3Server::start();
    let mut wrong = at(&server.url());
    wrong.secret_key = Secret::new("a-Secret-that-is-wrong");
    let mut unknown = at(&server.url());
    unknown.access_key = "unknown-user".to_owned();
    for config in [wrong, unknown] {
        let client = config.client();
        let results = [
            outcome(config.probe(&client), PATIENT).await,
            config.ensure_bucket(&client).await.map(|_| ()),
        ];
        for error in results.map(Result::unwrap_err) {
            assert!(
                matches!(error, ProbeError::CredentialsRejected(_)),
                "{error:?}"
            );
            assert!(
                !full_text(&error).contains("a-Secret-that")
                    && !full_text(&error).contains(S3Server::SECRET_KEY)
            );
        }
    }
}

#[tokio::test]
async fn a_bucket_of_another_account_is_reported() {
    let server = S3Server::start();
    let _ = at(&server.url())
        .ensure_bucket(&at(&server.url()).client())
        .await
        .unwrap();
    let mut other = at(&server.url());
    other.access_key = S3Server::DENIED_ACCESS_KEY.to_owned();
    let client = other.client();
    let results = [
        outcome(other.probe(&client), PATIENT).await,
        other.ensure_bucket(&client).await.map(|_| ()),
    ];
    for error in results.map(Result::unwrap_err) {
        assert!(matches!(error, ProbeError::Misconfigured(..)), "{error:?}");
        assert!(
            error.to_string().contains("belongs to another account"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn an_invalid_bucket_name_is_reported() {
    let server = S3Server::start();
    let mut config = at(&server.url());
    config.bucket = "No_Bucket".to_owned();
    let error = config.ensure_bucket(&config.client()).await.unwrap_err();
    assert!(
        error.to_string().contains("the bucket name is invalid"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_closed_port_or_unknown_host_is_unreachable() {
    let absent = format!("http://127.0.0.1:{}", absent_port());
    for url in [absent.as_str(), "http://no-such-host.invalid:9000"] {
        let config = at(url);
        let error = outcome(config.probe(&config.client()), PATIENT)
            .await
            .unwrap_err();
        assert!(matches!(error, ProbeError::Unreachable(_)), "{error:?}");
        let error = config.ensure_bucket(&config.client()).await.unwrap_err();
        assert!(matches!(error, ProbeError::Unreachable(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_closed_port_is_detected_within_a_short_deadline() {
    let config = at(&format!("http://127.0.0.1:{}", absent_port()));
    let client = config.client();
    // The first request loads the certificates of this machine.
    let _ = outcome(config.probe(&client), PATIENT).await;
    let error = outcome(config.probe(&client), SHORT).await.unwrap_err();
    assert!(matches!(error, ProbeError::Unreachable(_)), "{error:?}");
}

#[tokio::test]
async fn a_server_that_does_not_respond_is_slow() {
    let silent = SilentServer::start();
    let config = at(&format!("http://127.0.0.1:{}", silent.port()));
    let error = outcome(config.probe(&config.client()), SHORT)
        .await
        .unwrap_err();
    assert!(matches!(error, ProbeError::Slow), "{error:?}");
}

#[tokio::test]
async fn the_client_works_after_a_restart_of_the_server() {
    let mut server = S3Server::start();
    let config = at(&server.url());
    let client = config.client();
    let _ = config.ensure_bucket(&client).await.unwrap();
    for _ in 0..3 {
        server.stop();
        let error = outcome(config.probe(&client), PATIENT).await.unwrap_err();
        assert!(matches!(error, ProbeError::Unreachable(_)), "{error:?}");
        server.resume();
        outcome(config.probe(&client), PATIENT).await.unwrap();
        let listed = client
            .list_objects_v2()
            .bucket("documents")
            .send()
            .await
            .unwrap();
        assert_eq!(listed.key_count(), Some(0));
    }
}

#[tokio::test]
async fn a_server_without_tls_is_reported() {
    let server = S3Server::start();
    let config = at(&server.url().replace("http:", "https:"));
    let error = outcome(config.probe(&config.client()), PATIENT)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("does not use TLS"), "{error:?}");
}

/// Error responses of MinIO, AWS and Ceph.
#[tokio::test]
async fn error_codes_of_other_stores_are_classified() {
    let expectations = [
        (403, "RequestTimeTooSkewed", "clocks"),
        (400, "AuthorizationHeaderMalformed", "another region"),
        (301, "PermanentRedirect", "another region"),
        (403, "SignatureDoesNotMatch", "credentials are rejected"),
        (503, "SlowDown", "returned an error"),
    ];
    for (status, code, text) in expectations {
        let store = MockServer::start().await;
        let body = format!(
            "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>-</Message></Error>"
        );
        let response = ResponseTemplate::new(status).set_body_raw(body, "application/xml");
        Mock::given(method("GET"))
            .respond_with(response)
            .mount(&store)
            .await;
        let config = at(&store.uri());
        let error = outcome(config.probe(&config.client()), PATIENT)
            .await
            .unwrap_err();
        assert!(error.to_string().contains(text), "{code}: {error}");
    }
}

#[tokio::test]
async fn a_web_server_with_a_catch_all_page_is_not_an_object_store() {
    for (status, page, kind) in [
        (
            200,
            "<!doctype html><html><body>Sign in</body></html>",
            "text/html",
        ),
        (200, "<html></html>", "text/html"),
        (200, "{}", "application/json"),
        (200, "", "text/plain"),
        (301, "<html></html>", "text/html"),
        (403, "<html></html>", "text/html"),
        (404, "<html></html>", "text/html"),
    ] {
        let web_server = MockServer::start().await;
        let response = ResponseTemplate::new(status).set_body_raw(page, kind);
        Mock::given(any())
            .respond_with(response)
            .mount(&web_server)
            .await;
        let config = at(&web_server.uri());
        let error = outcome(config.probe(&config.client()), PATIENT)
            .await
            .unwrap_err();
        assert!(
            error.to_string().contains("is not an object store"),
            "{status} {page}: {error:?}"
        );
        assert!(config.ensure_bucket(&config.client()).await.is_err());
    }
}

#[tokio::test]
async fn another_protocol_is_reported() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.try_write(b"-ERR unknown command\r\n");
        }
    });
    let config = at(&url);
    let error = outcome(config.probe(&config.client()), PATIENT)
        .await
        .unwrap_err();
    assert!(matches!(error, ProbeError::Misconfigured(..)), "{error:?}");
}
