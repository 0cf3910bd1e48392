//! RabbitMQ, as it is and as it goes wrong. It takes seconds to start, so tests that do not stop it
//! share one.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Read;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use divan_core::infra::probe::ProbeError;
use divan_core::infra::{RabbitMqConfig, RabbitMqConnection};
use divan_core::secret::Secret;
use divan_infra_tests::{PATIENT, SHORT, forgetful_firewall, outcome, told};
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

/// A message there and back.
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
async fn a_connection_signs_in_and_works() {
    let rabbitmq = at(shared().port()).client();
    outcome(rabbitmq.probe(), PATIENT).await.unwrap();
    exchange(&rabbitmq, "works").await;
}

#[tokio::test]
async fn all_who_ask_share_one_connection() {
    let rabbitmq = at(shared().port()).client();
    let asked: Vec<_> = (0..20)
        .map(|_| {
            let rabbitmq = rabbitmq.clone();
            tokio::spawn(async move { rabbitmq.connection().await.unwrap() })
        })
        .collect();
    let first = rabbitmq.connection().await.unwrap();
    for connection in asked {
        assert!(std::sync::Arc::ptr_eq(&first, &connection.await.unwrap()));
    }
}

#[tokio::test]
async fn wrong_credentials_are_refused_and_not_repeated() {
    let mut wrong = at(shared().port());
    wrong.password = Secret::new("a-Secret-that-is-wrong");
    let mut unknown = at(shared().port());
    unknown.user = "nobody-of-that-name".to_owned();
    for config in [wrong, unknown] {
        let error = outcome(config.client().probe(), PATIENT).await.unwrap_err();
        assert!(matches!(error, ProbeError::Refused(_)), "{error:?}");
        assert!(
            !told(&error).contains("a-Secret-that")
                && !told(&error).contains(RabbitMqServer::PASSWORD)
        );
    }
}

#[tokio::test]
async fn a_virtual_host_that_is_not_there_is_named() {
    let mut config = at(shared().port());
    config.vhost = "no/such%host".to_owned();
    let error = outcome(config.client().probe(), PATIENT).await.unwrap_err();
    assert!(
        error.to_string().contains("no such virtual host"),
        "{error:?}"
    );
}

#[tokio::test]
async fn where_nobody_listens_it_is_unreachable() {
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
async fn a_server_that_says_nothing_is_slow_and_leaves_nothing_behind() {
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
        assert_eq!(sent, b"AMQP\x00\x00\x09\x01", "asked, and then hung up");
    }
}

#[tokio::test]
async fn what_is_not_rabbitmq_is_told_apart() {
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
async fn a_server_without_tls_is_told_apart() {
    let mut config = at(shared().port());
    config.tls = true;
    let error = outcome(config.client().probe(), PATIENT).await.unwrap_err();
    assert!(error.to_string().contains("speaks no TLS"), "{error:?}");
}

#[tokio::test]
async fn hanging_lost_and_back_the_same_holder_works() {
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
async fn a_connection_that_died_without_a_word_is_left_for_a_new_one() {
    let (port, forget) = forgetful_firewall(shared().port()).await.unwrap();
    let rabbitmq = at(port).client();
    let first = rabbitmq.connection().await.unwrap();
    forget.send(1).unwrap();
    let asked = Instant::now();
    while first.status().connected() {
        assert!(
            asked.elapsed() < PATIENT,
            "the heartbeat has stopped long ago"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    exchange(&rabbitmq, "after_the_silence").await;
}
