//! Lines of the log about security.

use divan_core::clock::{Clock, SystemClock};
use divan_core::init_data::InitDataBuilder;
use serde_json::{Value, json};

use crate::harness::percent_encoded;
use crate::process::{Running, no_tls, program, run, start, wait_for};

const EMAIL: &str = "admin@example.com";
const PASSWORD: &str = "tram under the plum";

/// A client of a server in development mode.
struct Client<'s> {
    server: &'s Running,
    http: reqwest::Client,
}

impl<'s> Client<'s> {
    fn new(server: &'s Running) -> Self {
        let http = reqwest::Client::builder().tls_backend_preconfigured(no_tls());
        Self {
            server,
            http: http.build().unwrap(),
        }
    }

    async fn post(&self, path: &str, token: &str, body: Value) -> Value {
        let request = self.http.post(self.server.url(path)).bearer_auth(token);
        let response = request.json(&body).send().await.unwrap();
        response.json().await.unwrap()
    }

    async fn sign_in(&self, email: &str, password: &str) -> String {
        let login = json!({"email": email, "password": password});
        let session = self.post("/auth/admin/login", "", login).await;
        session["access_token"].as_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_permission_is_logged_by_default() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(program(folder.path()).env("DIVAN_LOG_FORMAT", "json"));
    let client = Client::new(&server);
    let first = json!({"email": EMAIL, "password": PASSWORD});
    client.post("/auth/admin/bootstrap", "", first).await;
    let token = client.sign_in(EMAIL, PASSWORD).await;
    let second = json!({"role": "admin", "full_name": "Second", "email": "b@example.com"});
    let created = client.post("/auth/admin/users", &token, second).await;
    let generated = created["generated_password"].as_str().unwrap();
    let limited = client.sign_in("b@example.com", generated).await;

    for token in [&token, &limited] {
        let request = client.http.get(server.url("/auth/admin/users"));
        request.bearer_auth(token).send().await.unwrap();
    }
    let line = wait_for(&server.log, "password_change_required", || true);
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (&line["method"], &line["route"], &line["status"]),
        (&json!("GET"), &json!("/auth/admin/users"), &json!(403)),
        "{line}"
    );
    assert_eq!(line["request_id"].as_str().unwrap().len(), 32, "{line}");
    let time = line["timestamp"].as_str().unwrap();
    assert!(time.contains('T') && time.ends_with('Z'), "in UTC: {time}");
    let reads = server.log().matches("\"method\":\"GET\"").count();
    assert_eq!(reads, 1, "a permitted read is not logged");
}

#[tokio::test(flavor = "multi_thread")]
async fn reuse_of_a_refresh_token_is_logged_once_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(program(folder.path()).env("DIVAN_LOG_FORMAT", "json"));
    let client = Client::new(&server);
    let admin = json!({"email": EMAIL, "password": PASSWORD});
    client
        .post("/auth/admin/bootstrap", "", admin.clone())
        .await;
    let session = client.post("/auth/admin/login", "", admin).await;
    let stolen = session["refresh_token"].clone();
    let mut newest = stolen.clone();
    for _ in 0..2 {
        let body = json!({"refresh_token": newest});
        newest = client.post("/auth/refresh", "", body).await["refresh_token"].clone();
    }
    for _ in 0..2 {
        let body = json!({"refresh_token": stolen});
        let refused = client.post("/auth/refresh", "", body).await;
        assert_eq!(refused["code"], "refresh_token_invalid");
    }
    let line = wait_for(&server.log, "token_reuse_detected", || true);
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["address"], "127.0.0.1", "{line}");
    assert_eq!(line["level"], "WARN", "{line}");
    assert_eq!(server.log().matches("token_reuse_detected").count(), 1);
    assert!(!server.log().contains(stolen.as_str().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_cannot_write_a_line_of_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(program(folder.path()).env("RUST_LOG", "trace"));
    let client = Client::new(&server);
    let forged = "x\r\n2030-01-01T00:00:00.000000Z ERROR divan_server: forged \u{1b}[31m";
    for (member, path) in [
        ("email", "/auth/admin/login"),
        ("refresh_token", "/auth/refresh"),
        ("init_data", "/auth/telegram/auto-login"),
        (forged, "/auth/admin/bootstrap"),
    ] {
        let body = json!({member: forged, "password": forged});
        client.post(path, "", body).await;
    }
    let encoded = percent_encoded(forged);
    for path in ["/auth/sessions/", "/docs/", "/auth/admin/users?q="] {
        let url = server.url(&format!("{path}{encoded}"));
        let request = client.http.get(url).header("x-request-id", "forged\tid");
        request.send().await.unwrap();
    }
    wait_for(&server.log, "/auth/admin/users", || true);
    let log = server.log();
    let is_forged = |line: &&str| line.starts_with("2030-01-01") || line.contains('\u{1b}');
    assert_eq!(log.lines().find(is_forged), None);
    assert!(!log.contains("forged\tid"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_refusals_alike_are_logged_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(program(folder.path()).env("DIVAN_LOG_FORMAT", "json"));
    let client = Client::new(&server);
    let other = "1:AAFakeTokenForDivanTestVectorsOnly_0000".parse().unwrap();
    let data = InitDataBuilder::new(SystemClock.unix_seconds())
        .user(424_242, "Umbrella")
        .sign(&other);
    for _ in 0..12 {
        let body = json!({"init_data": data});
        let refused = client.post("/auth/telegram/auto-login", "", body).await;
        assert_eq!(refused["code"], "init_data_invalid");
    }
    let warning = "many sign-ins are refused alike";
    let line = wait_for(&server.log, warning, || true);
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (&line["level"], &line["reason"]),
        (&json!("WARN"), &json!("signature"))
    );
    let advice = line["advice"].as_str().unwrap();
    assert!(advice.contains("TELEGRAM_BOT_TOKEN"), "{advice}");

    let (_, raw, _) = run(program(folder.path()).args([
        "init-data",
        "sign",
        "--user-id",
        "42",
        "--auth-date",
        "1000000000",
    ]));
    let body = json!({"init_data": raw.trim()});
    let refused = client.post("/auth/telegram/auto-login", "", body).await;
    assert_eq!(refused["code"], "init_data_expired");
    let line = wait_for(&server.log, "\"reason\":\"expired\"", || true);
    let line: Value = serde_json::from_str(&line).unwrap();
    assert!(
        line["age_seconds"].as_i64().unwrap() > 700_000_000,
        "{line}"
    );
    let signed_at = (SystemClock.unix_seconds() - 7200).to_string();
    let sign = ["init-data", "sign", "--user-id", "42", "--auth-date"];
    let (_, raw, _) = run(program(folder.path()).args(sign).arg(signed_at));
    let body = json!({"init_data": raw.trim()});
    let refused = client.post("/auth/telegram/auto-login", "", body).await;
    assert_eq!(refused["code"], "password_required");
    let line = wait_for(&server.log, "\"reason\":\"auto_login_expired\"", || true);
    let line: Value = serde_json::from_str(&line).unwrap();
    let age = line["age_seconds"].as_i64().unwrap();
    assert!((7200..7300).contains(&age), "{line}");
    let log = server.log();
    assert_eq!(log.matches(warning).count(), 1);
    assert!(
        !log.contains("424242") && !log.contains("Umbrella"),
        "{log}"
    );
}
