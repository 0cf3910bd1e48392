//! All clients over TLS, without a process-wide crypto provider.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::process::Command;

use divan_core::infra::probe::ProbeError;
use divan_core::infra::{QdrantConfig, RabbitMqConfig, RedisConfig, S3Config};
use divan_core::secret::Secret;
use divan_infra_tests::{PATIENT, outcome};
use divan_testing::{
    QdrantServer, RabbitMqServer, RedisServer, S3Server, TestCertificate, TlsFront,
};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// Ports of S3, Qdrant (REST and gRPC), Redis and RabbitMQ, for the child process of the test.
const PORTS: &str = "DIVAN_TEST_TLS_PORTS";

/// Probes each dependency over TLS on these ports.
async fn probed(host: &str, ports: [u16; 5]) -> [(&'static str, Result<(), ProbeError>); 4] {
    let [s3, rest, grpc, redis, rabbitmq] = ports;
    let url = |port| format!("https://{host}:{port}").parse().unwrap();

    let store = S3Config::new(
        url(s3),
        S3Server::ACCESS_KEY,
        Secret::new(S3Server::SECRET_KEY),
        "documents",
    );
    let store = store.ensure_bucket(&store.client()).await.map(|_| ());

    let mut vectors = QdrantConfig::new(url(rest), url(grpc));
    vectors.api_key = Some(Secret::new(QdrantServer::API_KEY));
    let vectors = outcome(vectors.probe(&vectors.client().unwrap()).unwrap(), PATIENT).await;

    let mut cache = RedisConfig::new(host);
    (cache.port, cache.tls) = (redis, true);
    let cache = outcome(cache.client().probe(), PATIENT).await;

    let password = Secret::new(RabbitMqServer::PASSWORD);
    let mut queue = RabbitMqConfig::new(host, RabbitMqServer::USER, password);
    (queue.port, queue.tls) = (rabbitmq, true);
    let queue = outcome(queue.client().probe(), PATIENT).await;

    [
        ("s3", store),
        ("qdrant", vectors),
        ("redis", cache),
        ("rabbitmq", queue),
    ]
}

/// Runs itself again in a child process that trusts the certificate, because a process loads its
/// trusted certificates once.
#[tokio::test(flavor = "multi_thread")]
async fn only_trusted_certificates_are_accepted() {
    if let Ok(ports) = std::env::var(PORTS) {
        let ports: Vec<u16> = ports.split(',').map(|port| port.parse().unwrap()).collect();
        let ports = ports.try_into().unwrap();
        for (name, outcome) in probed("localhost", ports).await {
            outcome.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        }
        for (name, outcome) in probed("127.0.0.1", ports).await {
            let error = outcome.unwrap_err().to_string();
            assert!(error.contains("for another host name"), "{name}: {error}");
        }
        assert!(
            rustls::crypto::CryptoProvider::get_default().is_none(),
            "no provider is installed"
        );
        return;
    }

    let (s3, grpc, redis, rabbitmq) = (
        S3Server::start(),
        QdrantServer::start(),
        RedisServer::start(),
        RabbitMqServer::start(),
    );
    let rest = MockServer::start().await;
    let ready = Mock::given(method("GET")).and(path("/readyz"));
    ready
        .respond_with(ResponseTemplate::new(200))
        .mount(&rest)
        .await;
    let certificate = TestCertificate::make();
    let inside = [
        (s3.port(), "http/1.1"),
        (rest.address().port(), "http/1.1"),
        (grpc.port(), "h2"),
        (redis.port(), "-"),
        (rabbitmq.port(), "-"),
    ];
    let fronts = inside.map(|(port, protocol)| TlsFront::of(port, protocol, &certificate));
    let ports = fronts.each_ref().map(TlsFront::port);

    for (name, outcome) in probed("localhost", ports).await {
        let error = outcome.unwrap_err().to_string();
        assert!(
            error.contains("this machine does not trust the issuer"),
            "{name}: {error}"
        );
    }

    let trusting = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "only_trusted_certificates_are_accepted"])
        .env(PORTS, ports.map(|port| port.to_string()).join(","))
        .env("SSL_CERT_FILE", certificate.file())
        .env_remove("SSL_CERT_DIR")
        .output();
    let trusting = trusting.unwrap();
    assert!(
        trusting.status.success(),
        "{}",
        String::from_utf8_lossy(&trusting.stdout)
    );
    assert!(String::from_utf8_lossy(&trusting.stdout).contains("1 passed"));
}

/// Requires that each probe fails because of the protocol, not because of a time limit.
fn require_protocol_error(outcomes: [(&'static str, Result<(), ProbeError>); 4], texts: [&str; 4]) {
    for ((name, outcome), text) in outcomes.into_iter().zip(texts) {
        let error = outcome.unwrap_err();
        assert!(
            matches!(error, ProbeError::Misconfigured(..)) && error.to_string().contains(text),
            "{name}: {error:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_on_a_plain_port_and_the_reverse_are_reported_as_that() {
    let (s3, redis, rabbitmq) = (
        S3Server::start(),
        RedisServer::start(),
        RabbitMqServer::start(),
    );
    let rest = MockServer::start().await;
    let plain = [
        s3.port(),
        rest.address().port(),
        0,
        redis.port(),
        rabbitmq.port(),
    ];
    let no_tls = "the service at this address does not use TLS";
    require_protocol_error(probed("localhost", plain).await, [no_tls; 4]);

    let certificate = TestCertificate::make();
    let front = |port| TlsFront::of(port, "-", &certificate);
    let fronts = [
        s3.port(),
        rest.address().port(),
        redis.port(),
        rabbitmq.port(),
    ]
    .map(front);
    let [s3, rest, redis, rabbitmq] = fronts.each_ref().map(TlsFront::port);
    let url = |port| format!("http://localhost:{port}").parse().unwrap();
    let store = S3Config::new(url(s3), "a", Secret::new("b"), "documents");
    let vectors = QdrantConfig::new(url(rest), url(rest));
    let vectors = vectors.probe(&vectors.client().unwrap()).unwrap();
    let mut cache = RedisConfig::new("localhost");
    cache.port = redis;
    let mut queue = RabbitMqConfig::new("localhost", "a", Secret::new("b"));
    queue.port = rabbitmq;
    let outcomes = [
        ("s3", store.ensure_bucket(&store.client()).await.map(|_| ())),
        ("qdrant", outcome(vectors, PATIENT).await),
        ("redis", outcome(cache.client().probe(), PATIENT).await),
        ("rabbitmq", outcome(queue.client().probe(), PATIENT).await),
    ];
    require_protocol_error(
        outcomes,
        [
            "or only with TLS (`https://`)",
            "does not use HTTP",
            "or expects TLS",
            "or expects TLS",
        ],
    );
}
