//! `divan-server doctor`, with working and with broken dependencies.

use std::path::Path;
use std::process::Command;

use divan_core::clock::{Clock, SystemClock};
use divan_testing::{PostgresServer, RedisServer, absent_port};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::keys::generate_for;
use crate::process::{KEY, program, run};

const BOT: &str = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000";

/// Returns state and text of the findings about a subject.
fn findings_about(findings: &Value, subject: &str) -> Vec<(String, String)> {
    let findings = findings
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["subject"] == subject);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    findings
        .map(|finding| (text(&finding["state"]), text(&finding["text"])))
        .collect()
}

fn deployment(folder: &Path, database: &str, api: &str) -> Command {
    let mut command = program(folder);
    command.env("DATABASE_URL", database).env("SECRET_KEY", KEY);
    command
        .env("TELEGRAM_BOT_TOKEN", BOT)
        .env("TELEGRAM_API_URL", api);
    command
}

async fn bot_api(status: u16) -> MockServer {
    let server = MockServer::start().await;
    let me = json!({"ok": status == 200, "result": {"id": 1_234_567_890, "username": "divan_bot", "has_main_web_app": true}});
    let button = json!({"ok": true, "result": {"type": "web_app", "text": "Open", "web_app": {"url": "http://divan.localhost:8000/"}}});
    for (method, response) in [("getMe", me), ("getChatMenuButton", button)] {
        let response = ResponseTemplate::new(status).set_body_json(response);
        Mock::given(path(format!("/bot{BOT}/{method}")))
            .respond_with(response)
            .mount(&server)
            .await;
    }
    server
}

#[test]
fn doctor_in_development_mode_finds_no_error_and_creates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (code, stdout, stderr) = run(program(folder.path()).arg("doctor"));
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    assert!(
        stdout.contains("is created at the first start") && !stdout.contains("ERROR"),
        "{stdout}"
    );
    assert!(
        folder.path().read_dir().unwrap().next().is_none(),
        "nothing is created"
    );
}

#[test]
fn doctor_names_service_credentials_that_expire_soon() {
    let folder = tempfile::tempdir().unwrap();
    let now = OffsetDateTime::from(SystemClock.now());
    let doctor = || {
        let (_, stdout, _) = run(program(folder.path()).args(["doctor", "--json"]));
        let findings: Value = serde_json::from_str(&stdout).unwrap();
        findings_about(&findings, "service credentials")
    };
    for (name, days, expected) in [
        ("Late", 15, ("ok", "none expires within 14 days".to_owned())),
        (
            "Soon",
            13,
            (
                "warning",
                format!("Soon expires on {}", (now + Duration::days(13)).date()),
            ),
        ),
    ] {
        let expires_at = (now + Duration::days(days)).format(&Rfc3339).unwrap();
        let create = ["service", "create", "--name", name, "--scope", "introspect"];
        let mut create_service = program(folder.path());
        create_service
            .args(create)
            .args(["--expires-at", &expires_at]);
        let (code, stdout, stderr) = run(&mut create_service);
        assert_eq!(code, 0, "{stdout} {stderr}");
        let (state, text) = expected;
        assert_eq!(doctor(), [(state.to_owned(), text)]);
    }
}

#[test]
fn doctor_says_whether_other_services_can_verify_access_tokens() {
    let folder = tempfile::tempdir().unwrap();
    generate_for("es256", folder.path(), "key.pem");
    for (key, expected) in [
        ("", "other services cannot verify them with public keys"),
        ("key.pem", "public keys for ES256"),
    ] {
        let mut doctor = program(folder.path());
        doctor.env("DIVAN_SIGNING_KEY_FILE", key);
        let (_, stdout, _) = run(doctor.args(["doctor", "--json"]));
        let findings: Value = serde_json::from_str(&stdout).unwrap();
        let found = findings_about(&findings, "access tokens");
        let (state, text) = &found[0];
        assert_eq!(state, "ok", "{text}");
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn doctor_leaves_an_empty_database_file_empty() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("divan.db");
    std::fs::write(&file, "").unwrap();
    let mut doctor = program(folder.path());
    doctor
        .env("DATABASE_URL", "sqlite:divan.db")
        .env("SECRET_KEY", KEY);
    let (_, stdout, _) = run(doctor.arg("doctor"));
    assert!(
        stdout.contains("divan.db is created at the first start"),
        "{stdout}"
    );
    assert_eq!(
        (
            file.metadata().unwrap().len(),
            folder.path().read_dir().unwrap().count()
        ),
        (0, 1)
    );
}

#[test]
fn a_database_file_without_its_folder_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut doctor = program(folder.path());
    doctor
        .env("DATABASE_URL", "sqlite:nowhere/divan.db")
        .env("SECRET_KEY", KEY);
    let (code, stdout, _) = run(doctor.arg("doctor"));
    assert_eq!(
        (code, stdout.contains("its folder does not exist")),
        (1, true),
        "{stdout}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_of_working_services_have_their_response_times() {
    let folder = tempfile::tempdir().unwrap();
    let (postgres, redis, api) = (
        PostgresServer::start(),
        RedisServer::start(),
        bot_api(200).await,
    );
    let database = postgres.url("postgres");
    assert_eq!(
        run(deployment(folder.path(), &database, &api.uri()).arg("migrate")).0,
        0
    );
    let mut doctor = deployment(folder.path(), &database, &api.uri());
    doctor
        .env("REDIS_URL", format!("redis://127.0.0.1:{}", redis.port()))
        .env("QDRANT_HOST", "vectors");
    let (_, stdout, stderr) = run(doctor.args(["doctor", "--json"]));
    assert_eq!(stderr, "");
    let findings: Value = serde_json::from_str(&stdout).unwrap();
    for subject in [
        "database",
        "migrations",
        "clock (database)",
        "redis",
        "clock (Telegram)",
    ] {
        let found = findings_about(&findings, subject);
        assert_eq!(
            (found.len(), found[0].0.as_str()),
            (1, "ok"),
            "{subject} in {stdout}"
        );
    }
    assert_eq!(findings_about(&findings, "administrator")[0].0, "warning");
    assert!(
        findings_about(&findings, "configuration")[0]
            .1
            .contains("did you mean QDRANT_URL?"),
        "{stdout}"
    );
    assert!(
        findings_about(&findings, "telegram")[0]
            .1
            .contains("https addresses only"),
        "{stdout}"
    );
    assert!(
        findings_about(&findings, "password hashing")[0]
            .1
            .contains("19 MiB"),
        "{stdout}"
    );
    let took = findings
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["millis"].is_u64())
        .count();
    assert!(took >= 3, "{stdout}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_errors_are_in_one_report_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let redis = RedisServer::start_with_password("of-redis-77");
    let api = bot_api(401).await;
    let database = format!(
        "postgresql://divan:of-postgres-77@127.0.0.1:{}/divan",
        absent_port()
    );
    let mut doctor = deployment(folder.path(), &database, &api.uri());
    doctor.env("DIVAN_DATABASE_ACQUIRE_SECONDS", "1");
    doctor.env(
        "REDIS_URL",
        format!("redis://:another-77@127.0.0.1:{}", redis.port()),
    );
    doctor
        .env(
            "MINIO_ENDPOINT",
            format!("http://127.0.0.1:{}", absent_port()),
        )
        .env("MINIO_BUCKET", "documents");
    doctor
        .env("MINIO_ACCESS_KEY", "divan")
        .env("MINIO_SECRET_KEY", "of-minio-77");
    doctor.env("QDRANT_URL", format!("http://127.0.0.1:{}", absent_port()));
    doctor.env(
        "RABBITMQ_URL",
        format!("amqp://divan:of-rabbitmq-77@127.0.0.1:{}", absent_port()),
    );
    doctor.env(
        "DIVAN_MINIAPP_URL",
        format!("http://bot-api.invalid:{}/", absent_port()),
    );
    let (code, stdout, stderr) = run(doctor.arg("doctor"));
    assert_eq!((code, stderr.as_str()), (1, ""), "{stdout}");
    for subject in [
        "database",
        "redis",
        "s3",
        "qdrant",
        "rabbitmq",
        "telegram",
        "Mini App URL",
    ] {
        let wrong = stdout
            .lines()
            .any(|line| line.starts_with("ERROR") && line.contains(subject));
        assert!(wrong, "{subject} in\n{stdout}");
    }
    assert!(
        stdout.contains(&format!(
            "redis://127.0.0.1:{}/0: the credentials",
            redis.port()
        )),
        "{stdout}"
    );
    assert!(
        stdout.contains("no connection to this address") && stdout.contains("Connection refused"),
        "{stdout}"
    );
    assert!(
        !stdout.contains("77@") && !stdout.contains("-77") && !stdout.contains("AAFakeToken"),
        "{stdout}"
    );
}

#[test]
fn an_invalid_configuration_is_reported_before_any_check() {
    let folder = tempfile::tempdir().unwrap();
    let (code, stdout, stderr) = run(program(folder.path())
        .env("DIVAN_DOCS", "perhaps")
        .arg("doctor"));
    assert_eq!(
        (code, stdout.as_str(), stderr.lines().count()),
        (78, "", 1),
        "{stderr}"
    );
}
