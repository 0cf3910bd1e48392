//! The RabbitMQ client and its probe. The server takes seconds to start, so tests that do not stop it
//! share one.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Read;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use divan_core::infra::probe::ProbeError;
use divan_core::infra::{RabbitMqConfig, RabbitMqConnection};
use divan_core::secret::Secret;
use divan_infra_tests::{PATIENT, SHORT, full_text, outcome, stateful_firewall};
use divan_testing::{RabbitMqServer, SilentServer, absent_port};
use lapin::BasicProperties;
use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::FieldTable;

fn shared() -> &'static RabbitMqServer {
    static SERVER: OnceLock<RabbitMqServer> = OnceLock::new();
    SERVER.get_or_init(RabbitMqServer::start)
}

fn at(port: u16) -> RabbitMqConfig {
    let password = Secret::new(RabbitMqServer::PASSWORD);
    let mut config = RabbitMqConfig::new("127.0.0.1", RabbitMqServer::USER, password);
    config.port = port;
    config
}

/// Publishes a message and reads it.
async fn exchange(rabbitmq: &RabbitMqConnection, queue: &str) {
    let channel = rabbitmq
        .connection()
        .await
        .unwrap()
        .create_channel()
        .await
        .unwrap();
    channel
        .confirm_select(ConfirmSelectOptions::default())
        .await
        .unwrap();
    let (options, arguments) = (QueueDeclareOptions::default(), FieldTable::default());
    channel
        .queue_declare(queue.into(), options, arguments)
        .await
        .unwrap();
    let options = BasicPublishOptions::default();
    let sent = channel.basic_publish(
        "".into(),
        queue.into(),
        options,
        b"salem",
        BasicProperties::default(),
    );
    assert!(!sent.await.unwrap().await.unwrap().is_nack());
    let got = channel
        .basic_get(queue.into(), BasicGetOptions { no_ack: true })
        .await
        .unwrap()
        .unwrap();
    assert_eq!(got.delivery.data, b"salem");
}

#[tokio::test]
async fn probe_succeeds_and_the_connection_works() {
    let rabbitmq = at(shared().port()).client();
    outcome(rabbitmq.probe(), PATIENT).await.unwrap();
    exchange(&rabbitmq, "works").await;
}

#[tokio::test]
async fn concurrent_callers_share_one_connection() {
    let rabbitmq = at(shared().port()).client();
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let rabbitmq = rabbitmq.clone();
            tokio::spawn(async move { rabbitmq.connection().await.unwrap() })
        })
        .collect();
    let first = rabbitmq.connection().await.unwrap();
    for connection in tasks {
        assert!(std::sync::Arc::ptr_eq(&first, &connection.await.unwrap()));
    }
}

#[tokio::test]
async fn wrong_credentials_are_rejected_and_not_repeated() {
    let mut wrong = at(shared().port());
    wrong.password = Secret::new("a-Secret-that-is-wrong");
    let mut unknown = at(shared().port());
    unknown.user = "unknown-user".to_owned();
    for config in [wrong, unknown] {
        let error = outcome(config.client().probe(), PATIENT).await.unwrap_err();
        assert!(
            matches!(error, ProbeError::CredentialsRejected(_)),
            "{error:?}"
        );
        assert!(
            !full_text(&error).contains("a-Secret-that")
                && !full_text(&error).contains(RabbitMqServer::PASSWORD)
        );
    }
}

#[tokio::test]
async fn a_missing_virtual_host_is_reported() {
    let mut config = at(shared().port());
    config.vhost = "no/such%host".to_owned();
    let error = outcome(config.client().probe(), PATIENT).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the virtual host does not exist"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_closed_port_or_unknown_host_is_unreachable() {
    let error = outcome(at(absent_port()).client().probe(), PATIENT)
        .await
        .unwrap_err();
    assert!(matches!(error, ProbeError::Unreachable(_)), "{error:?}");
    let mut nowhere = at(5672);
    nowhere.host = "no-such-host.invalid".to_owned();
    let error = outcome(nowhere.client().probe(), PATIENT)
        .await
        .unwrap_err();
    assert!(matches!(error, ProbeError::Unreachable(_)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_respond_is_slow_and_its_sockets_are_closed() {
    let silent = SilentServer::start();
    let rabbitmq = at(silent.port()).client();
    for _ in 0..3 {
        let error = outcome(rabbitmq.probe(), SHORT).await.unwrap_err();
        assert!(matches!(error, ProbeError::Slow), "{error:?}");
    }
    let taken = silent.taken();
    assert_eq!(taken.len(), 3);
    for mut connection in taken {
        connection.set_read_timeout(Some(PATIENT)).unwrap();
        let mut sent = Vec::new();
        connection.read_to_end(&mut sent).unwrap();
        assert_eq!(
            sent, b"AMQP\x00\x00\x09\x01",
            "the socket is closed after the protocol header"
        );
    }
}

#[tokio::test]
async fn another_protocol_is_not_rabbitmq() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.readable().await.unwrap();
            let _ = stream.try_write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
        }
    });
    let error = outcome(at(port).client().probe(), PATIENT)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("not RabbitMQ"), "{error:?}");
}

#[tokio::test]
async fn a_server_without_tls_is_reported() {
    let mut config = at(shared().port());
    config.tls = true;
    let error = outcome(config.client().probe(), PATIENT).await.unwrap_err();
    assert!(error.to_string().contains("does not use TLS"), "{error:?}");
}

#[tokio::test]
async fn the_connection_works_after_a_pause_and_a_restart_of_the_server() {
    let mut server = RabbitMqServer::start();
    let rabbitmq = at(server.port()).client();
    exchange(&rabbitmq, "before").await;

    server.freeze();
    assert!(matches!(
        outcome(rabbitmq.probe(), SHORT).await,
        Err(ProbeError::Slow)
    ));
    server.thaw();
    outcome(rabbitmq.probe(), PATIENT).await.unwrap();

    server.stop();
    let error = outcome(rabbitmq.probe(), PATIENT).await.unwrap_err();
    assert!(matches!(error, ProbeError::Unreachable(_)), "{error:?}");
    server.resume();
    outcome(rabbitmq.probe(), PATIENT).await.unwrap();
    exchange(&rabbitmq, "after").await;
}

#[tokio::test]
async fn a_dead_connection_is_replaced() {
    let (port, drop_state) = stateful_firewall(shared().port()).await.unwrap();
    let rabbitmq = at(port).client();
    let first = rabbitmq.connection().await.unwrap();
    drop_state.send(1).unwrap();
    let started = Instant::now();
    while first.status().connected() {
        assert!(
            started.elapsed() < PATIENT,
            "missing heartbeats close the connection"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    exchange(&rabbitmq, "after_the_loss").await;
}
