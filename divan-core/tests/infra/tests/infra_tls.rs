//! Everything over TLS, without a cryptographic provider that is installed in the process.
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

/// The ports of S3, Qdrant (REST and gRPC), Redis and RabbitMQ, for the second process of the test.
const PORTS: &str = "DIVAN_TEST_TLS_PORTS";

/// Each dependency behind TLS on this port of this host.
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

/// The whole, and then a process that trusts the certificate: a process reads the certificates that
/// it trusts once.
#[tokio::test(flavor = "multi_thread")]
async fn only_a_certificate_that_is_trusted_is_talked_to() {
    if let Ok(ports) = std::env::var(PORTS) {
        let ports: Vec<u16> = ports.split(',').map(|port| port.parse().unwrap()).collect();
        let ports = ports.try_into().unwrap();
        for (name, outcome) in probed("localhost", ports).await {
            outcome.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        }
        for (name, outcome) in probed("127.0.0.1", ports).await {
            let told = outcome.unwrap_err().to_string();
            assert!(told.contains("for another name"), "{name}: {told}");
        }
        assert!(
            rustls::crypto::CryptoProvider::get_default().is_none(),
            "nothing was installed"
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
        let told = outcome.unwrap_err().to_string();
        assert!(
            told.contains("signed by nobody whom this machine trusts"),
            "{name}: {told}"
        );
    }

    let trusting = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "only_a_certificate_that_is_trusted_is_talked_to"])
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
