//! The Redis client and its probe. Each test has its own server, which it may stop.

use divan_core::infra::RedisConfig;
use divan_core::infra::probe::ProbeError;
use divan_core::secret::Secret;
use divan_infra_tests::{PATIENT, SHORT, full_text, outcome, stateful_firewall};
use divan_testing::{RedisServer, SilentServer, absent_port};
use redis::AsyncCommands;

const PASSWORD: &str = "p@ss/w0rd: with everything%20";

fn at(port: u16) -> RedisConfig {
    let mut config = RedisConfig::new("127.0.0.1");
    config.port = port;
    config
}

fn with_password(server: &RedisServer, password: &str) -> RedisConfig {
    let mut config = at(server.port());
    config.password = Some(Secret::new(password));
    config
}

#[tokio::test]
async fn probe_succeeds_and_the_connection_works() {
    let server = RedisServer::start_with_password(PASSWORD);
    let mut config = with_password(&server, PASSWORD);
    config.user = Some("default".to_owned());
    config.database = 3;
    let mut connection = config.client();
    outcome(connection.probe(), PATIENT).await.unwrap();

    let () = connection.set("greeting", "salem").await.unwrap();
    let mut other_database = with_password(&server, PASSWORD).client();
    assert_eq!(
        connection
            .get::<_, Option<String>>("greeting")
            .await
            .unwrap()
            .as_deref(),
        Some("salem")
    );
    assert_eq!(
        other_database
            .get::<_, Option<String>>("greeting")
            .await
            .unwrap(),
        None,
        "the key is in another database"
    );
    let both: (u64, u64) = redis::pipe()
        .incr("a", 1)
        .incr("a", 2)
        .query_async(&mut connection)
        .await
        .unwrap();
    assert_eq!(both, (1, 3));
}

#[tokio::test]
async fn all_tasks_share_one_connection() {
    let server = RedisServer::start();
    let connection = at(server.port()).client();
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let mut connection = connection.clone();
            tokio::spawn(async move { connection.incr::<_, _, u64>("count", 1).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let clients: String = redis::cmd("CLIENT")
        .arg("LIST")
        .query_async(&mut connection.clone())
        .await
        .unwrap();
    assert_eq!(clients.lines().count(), 1, "{clients}");
}

#[tokio::test]
async fn a_wrong_or_missing_password_is_rejected_and_not_repeated() {
    let server = RedisServer::start_with_password(PASSWORD);
    let mut unknown_user = with_password(&server, PASSWORD);
    unknown_user.user = Some("unknown-user".to_owned());
    for config in [
        with_password(&server, "wrong-Secret-1"),
        unknown_user,
        at(server.port()),
    ] {
        let error = outcome(config.client().probe(), PATIENT).await.unwrap_err();
        assert!(
            matches!(error, ProbeError::CredentialsRejected(_)),
            "{error:?}"
        );
        assert!(
            !full_text(&error).contains("wrong-Secret-1") && !full_text(&error).contains(PASSWORD)
        );
    }
}

#[tokio::test]
async fn a_client_works_after_its_password_became_valid() {
    let server = RedisServer::start_with_password(PASSWORD);
    let early = with_password(&server, "the-next-one").client();
    assert!(matches!(
        outcome(early.probe(), PATIENT).await,
        Err(ProbeError::CredentialsRejected(_))
    ));

    let mut admin = with_password(&server, PASSWORD).client();
    let change = redis::cmd("CONFIG")
        .arg("SET")
        .arg("requirepass")
        .arg("the-next-one")
        .to_owned();
    let () = change.query_async(&mut admin).await.unwrap();
    outcome(early.probe(), PATIENT).await.unwrap();
}

#[tokio::test]
async fn a_missing_database_is_reported() {
    let server = RedisServer::start();
    let mut config = at(server.port());
    config.database = 1_000_000;
    let error = outcome(config.client().probe(), PATIENT).await.unwrap_err();
    assert!(matches!(error, ProbeError::Misconfigured(..)), "{error:?}");
    assert!(
        error.to_string().contains("no database with this number"),
        "{error}"
    );
}

#[tokio::test]
async fn a_user_without_permission_to_ping_is_reported() {
    let server = RedisServer::start();
    let rule = redis::cmd("ACL")
        .arg(&["SETUSER", "mute", "on", ">quiet", "-@all"])
        .to_owned();
    let () = rule
        .query_async(&mut at(server.port()).client())
        .await
        .unwrap();
    let mut config = with_password(&server, "quiet");
    config.user = Some("mute".to_owned());
    let error = outcome(config.client().probe(), PATIENT).await.unwrap_err();
    assert!(error.to_string().contains("+ping"), "{error:?}");
}

#[tokio::test]
async fn a_closed_port_or_unknown_host_is_unreachable() {
    let error = outcome(at(absent_port()).client().probe(), PATIENT)
        .await
        .unwrap_err();
    assert!(matches!(error, ProbeError::Unreachable(_)), "{error:?}");
    let nowhere = RedisConfig::new("no-such-host.invalid").client();
    let error = outcome(nowhere.probe(), PATIENT).await.unwrap_err();
    assert!(matches!(error, ProbeError::Unreachable(_)), "{error:?}");
}

#[tokio::test]
async fn a_server_that_does_not_respond_is_slow() {
    let silent = SilentServer::start();
    let connection = at(silent.port()).client();
    let error = outcome(connection.probe(), SHORT).await.unwrap_err();
    assert!(matches!(error, ProbeError::Slow), "{error:?}");
}

#[tokio::test]
async fn a_paused_server_is_slow_until_it_continues() {
    let server = RedisServer::start();
    let connection = at(server.port()).client();
    outcome(connection.probe(), PATIENT).await.unwrap();
    server.freeze();
    assert!(matches!(
        outcome(connection.probe(), SHORT).await,
        Err(ProbeError::Slow)
    ));
    server.thaw();
    outcome(connection.probe(), PATIENT).await.unwrap();
}

#[tokio::test]
async fn the_connection_works_after_a_restart_of_the_server() {
    let mut server = RedisServer::start_with_password(PASSWORD);
    let mut connection = with_password(&server, PASSWORD).client();
    outcome(connection.probe(), PATIENT).await.unwrap();
    for _ in 0..3 {
        server.stop();
        let error = outcome(connection.probe(), PATIENT).await.unwrap_err();
        assert!(matches!(error, ProbeError::Unreachable(_)), "{error:?}");
        server.resume();
        outcome(connection.probe(), PATIENT).await.unwrap();
        let () = connection.set("again", 1).await.unwrap();
    }
}

#[tokio::test]
async fn the_first_command_after_a_restart_succeeds() {
    let mut server = RedisServer::start();
    let mut connection = at(server.port()).client();
    let () = connection.set("before", 1).await.unwrap();
    server.stop();
    server.resume();
    // The client detects the closed connection between commands.
    tokio::time::sleep(SHORT).await;
    let () = connection.set("after", 1).await.unwrap();
}

#[tokio::test]
async fn another_protocol_is_not_redis() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.try_write(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let error = outcome(at(port).client().probe(), PATIENT)
        .await
        .unwrap_err();
    assert!(matches!(error, ProbeError::Misconfigured(..)), "{error:?}");
    assert!(error.to_string().contains("not Redis"), "{error}");
}

#[tokio::test]
async fn a_server_without_tls_is_reported_as_that() {
    let server = RedisServer::start();
    let mut config = at(server.port());
    config.tls = true;
    let error = outcome(config.client().probe(), PATIENT).await.unwrap_err();
    assert!(matches!(error, ProbeError::Misconfigured(..)), "{error:?}");
    assert!(error.to_string().contains("does not use TLS"), "{error}");
}

#[tokio::test]
async fn a_dead_connection_is_replaced() {
    let server = RedisServer::start();
    let (port, drop_state) = stateful_firewall(server.port()).await.unwrap();
    let connection = at(port).client();
    outcome(connection.probe(), PATIENT).await.unwrap();
    drop_state.send(1).unwrap();
    assert!(matches!(
        outcome(connection.probe(), SHORT).await,
        Err(ProbeError::Slow)
    ));
    outcome(connection.probe(), PATIENT).await.unwrap();
}
