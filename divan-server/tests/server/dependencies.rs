//! Dependencies besides the database: absent, slow, refusing, lost and back. Sign-ins continue.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use divan_testing::{RedisServer, S3Server, SilentServer, absent_port};
use serde_json::{Value, json};

use crate::process::{Running, no_tls, program, run, start, wait_for};

fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .tls_backend_preconfigured(no_tls())
        .build()
        .unwrap()
}

async fn ready(server: &Running) -> (u16, Value) {
    let response = client()
        .get(server.url("/health/ready"))
        .send()
        .await
        .unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

/// Polls readiness until it has this status.
async fn ready_when(server: &Running, wanted: impl Fn(u16, &Value) -> bool) -> Value {
    let mut last = Value::Null;
    for _ in 0..200 {
        let (status, response) = ready(server).await;
        if wanted(status, &response) {
            return response;
        }
        last = response;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("readiness stays {last}\n{}", server.log.lock().unwrap());
}

fn is_up(response: &Value, name: &str) -> bool {
    let dependencies = response["dependencies"].as_array().unwrap();
    dependencies.iter().find(|one| one["name"] == name).unwrap()["up"]
        .as_bool()
        .unwrap()
}

fn with_redis<'c>(command: &'c mut Command, port: u16, password: &str) -> &'c mut Command {
    command
        .env("REDIS_HOST", "127.0.0.1")
        .env("REDIS_PORT", port.to_string())
        .env("REDIS_PASSWORD", password)
}

async fn assert_signs_in(server: &Running) {
    let credentials = json!({"email": "admin@example.com", "password": "tram under the plum"});
    client()
        .post(server.url("/auth/admin/bootstrap"))
        .json(&credentials)
        .send()
        .await
        .unwrap();
    let login = client()
        .post(server.url("/auth/admin/login"))
        .json(&credentials)
        .send()
        .await
        .unwrap();
    assert_eq!(login.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_dependency_is_reported_and_sign_ins_continue() {
    let folder = tempfile::tempdir().unwrap();
    let mut redis = RedisServer::start_with_password("of-redis-77");
    let server = start(with_redis(
        &mut program(folder.path()),
        redis.port(),
        "of-redis-77",
    ));
    let response = ready_when(&server, |status, _| status == 200).await;
    assert!(
        is_up(&response, "database") && is_up(&response, "redis"),
        "{response}"
    );

    redis.stop();
    let response = ready_when(&server, |_, response| !is_up(response, "redis")).await;
    assert_eq!(response["status"], "ready", "it is not required");
    assert_signs_in(&server).await;
    wait_for(&server.log, "is down", || true);

    redis.resume();
    ready_when(&server, |_, response| is_up(response, "redis")).await;
    wait_for(&server.log, "is up again", || true);
    assert!(!server.log.lock().unwrap().contains("of-redis-77"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hanging_dependency_is_reported_without_requests() {
    let folder = tempfile::tempdir().unwrap();
    let redis = RedisServer::start_with_password("of-redis-77");
    let server = start(with_redis(
        &mut program(folder.path()),
        redis.port(),
        "of-redis-77",
    ));
    ready_when(&server, |_, response| is_up(response, "redis")).await;
    redis.freeze();
    wait_for(&server.log, "is down", || true);
    ready_when(&server, |_, response| !is_up(response, "redis")).await;
    redis.thaw();
    wait_for(&server.log, "is up again", || true);
    ready_when(&server, |_, response| is_up(response, "redis")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hanging_and_refusing_dependencies_are_named_within_the_time_limit() {
    let redis = RedisServer::start_with_password("of-redis-77");
    let silent = SilentServer::start();
    let cases = [
        (silent.port(), "x", "no response in time"),
        (redis.port(), "another", "the credentials are rejected"),
        (absent_port(), "x", "no connection to this address"),
    ];
    for (port, password, reason) in cases {
        let folder = tempfile::tempdir().unwrap();
        let server = start(with_redis(&mut program(folder.path()), port, password));
        let response = ready_when(&server, |status, _| status == 200).await;
        assert!(!is_up(&response, "redis"), "{response}");
        wait_for(&server.log, reason, || true);
        assert_signs_in(&server).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_required_dependency_makes_the_server_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let mut redis = RedisServer::start();
    let mut command = program(folder.path());
    command
        .env("REDIS_URL", format!("redis://127.0.0.1:{}", redis.port()))
        .env("DIVAN_REQUIRED", "redis");
    let server = start(&mut command);
    ready_when(&server, |status, _| status == 200).await;
    redis.stop();
    let problem = ready_when(&server, |status, _| status == 503).await;
    assert_eq!(
        problem["errors"],
        json!([{"pointer": "/redis", "code": "dependency_down", "detail": "is down"}])
    );
    assert_signs_in(&server).await;
    redis.resume();
    ready_when(&server, |status, _| status == 200).await;
}

#[test]
fn a_required_dependency_missing_at_startup_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program(folder.path());
    with_redis(&mut command, absent_port(), "of-redis-77").env("DIVAN_REQUIRED", "redis,rabbitmq");
    command.env(
        "RABBITMQ_URL",
        format!("amqp://divan:of-rabbitmq-77@127.0.0.1:{}", absent_port()),
    );
    let (code, _, stderr) = run(command.args(["--port", "0"]));
    let line = stderr.lines().last().unwrap();
    assert_eq!(code, 1, "{stderr}");
    assert!(
        line.starts_with(
            "divan-server: redis is in DIVAN_REQUIRED but cannot be used: no connection"
        ) && line.contains("; rabbitmq is in DIVAN_REQUIRED but cannot be used: no connection"),
        "{line}"
    );
    assert!(!stderr.contains("-77"), "{stderr}");
}

#[test]
fn a_required_dependency_must_be_configured() {
    let folder = tempfile::tempdir().unwrap();
    for (required, expected) in [
        ("redis,memcached", "redis, which is not configured"),
        (
            "redis,memcached",
            "must be a comma-separated list of: s3, qdrant",
        ),
    ] {
        let (code, _, stderr) = run(program(folder.path())
            .env("DIVAN_REQUIRED", required)
            .args(["config", "check"]));
        assert_eq!(code, 78, "{stderr}");
        assert!(stderr.contains(expected), "{stderr}");
    }
    let mut wrong = program(folder.path());
    wrong
        .env("REDIS_HOST", "cache:6379")
        .env("DIVAN_REQUIRED", "redis");
    let (_, _, stderr) = run(wrong.args(["config", "check"]));
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bucket_is_created_at_startup() {
    let folder = tempfile::tempdir().unwrap();
    let s3 = S3Server::start();
    let with_s3 = |folder: &Path| {
        let mut command = program(folder);
        command
            .env("MINIO_ENDPOINT", s3.url())
            .env("MINIO_BUCKET", "documents");
        command
            .env("MINIO_ACCESS_KEY", S3Server::ACCESS_KEY)
            .env("MINIO_SECRET_KEY", S3Server::SECRET_KEY);
        command
    };
    let server = start(with_s3(folder.path()).env("DIVAN_REQUIRED", "s3"));
    wait_for(&server.log, "created bucket", || true);
    ready_when(&server, |status, response| {
        status == 200 && is_up(response, "s3")
    })
    .await;

    let (code, _, stderr) = run(with_s3(folder.path())
        .env("MINIO_SECRET_KEY", "another-secret-key")
        .env("DIVAN_REQUIRED", "s3")
        .args(["--port", "0"]));
    assert_eq!(code, 1);
    assert!(
        stderr.contains("the credentials are rejected") && !stderr.contains("another-key"),
        "{stderr}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_cannot_be_set_up_does_not_block_sign_ins() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program(folder.path());
    command
        .env("QDRANT_URL", format!("http://127.0.0.1:{}", absent_port()))
        .env("QDRANT_API_KEY", "has a space");
    let server = start(&mut command);
    let response = ready_when(&server, |status, _| status == 200).await;
    assert!(!is_up(&response, "qdrant"), "{response}");
    wait_for(&server.log, "is down", || true);
    assert_signs_in(&server).await;
    assert!(!server.log.lock().unwrap().contains("has a space"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bucket_is_created_when_the_object_store_starts_later() {
    let folder = tempfile::tempdir().unwrap();
    let mut s3 = S3Server::start();
    s3.stop();
    let mut command = program(folder.path());
    command
        .env("MINIO_ENDPOINT", s3.url())
        .env("MINIO_BUCKET", "documents");
    command
        .env("MINIO_ACCESS_KEY", S3Server::ACCESS_KEY)
        .env("MINIO_SECRET_KEY", S3Server::SECRET_KEY);
    // As in a container without certificates.
    command
        .env("SSL_CERT_FILE", "/dev/null")
        .env("SSL_CERT_DIR", "/nonexistent");
    let server = start(&mut command);
    ready_when(&server, |status, response| {
        status == 200 && !is_up(response, "s3")
    })
    .await;
    s3.resume();
    ready_when(&server, |_, response| is_up(response, "s3")).await;
    wait_for(&server.log, "created bucket", || true);
}
