//! Webhooks: endpoints, commands, and delivery to real receivers by real servers.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::any;
use divan_core::webhook::{WebhookSecret, WebhookVerifier};
use divan_testing::{Gateway, RunningGateway, TestDatabase, free_port};
use serde_json::{Value, json};

use crate::harness::*;
use crate::process::{KEY, Running, no_tls, program, run, start};

const PATH: &str = "/auth/admin/webhooks";
const URL: &str = "https://hooks.example.com/divan";
const OTHER_SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const UNKNOWN: &str = "01920000-0000-7000-8000-000000000001";

async fn create(app: &App, token: &str) -> Value {
    let created = app.post_as(token, PATH, &json!({"url": URL})).await;
    assert_eq!(created.status, 201, "{created:?}");
    assert_eq!(created.header("cache-control"), "no-store");
    created.json()
}

fn id_of(created: &Value) -> String {
    created["webhook"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_administrator_manages_webhooks() {
    let app = App::with_users().await;
    let token = app.admin_token().await;
    let created = create(&app, &token).await;
    assert!(created["secret"].as_str().unwrap().starts_with("whsec_"));
    let webhook = &created["webhook"];
    assert_eq!(webhook["state"], "enabled");
    assert_eq!(webhook["types"], json!([]));
    let path = format!("{PATH}/{}", id_of(&created));
    let listed = app.get_as(&token, PATH).await;
    assert_eq!(listed.json()["items"], json!([webhook]));
    assert!(!listed.json().to_string().contains("whsec_"));
    assert_eq!(app.get_as(&token, &path).await.json(), *webhook);

    let edit = json!({"types": ["user.deleted"], "description": "HR", "state": "disabled"});
    let changed = app.patch_as(&token, &path, &edit).await.json();
    assert_eq!(changed["state"], "disabled");
    assert_eq!(changed["disabled_reason"], "administrator");
    assert_eq!(changed["types"], json!(["user.deleted"]));
    assert_eq!(changed["description"], "HR");
    let edit = json!({"description": null, "state": "enabled"});
    let changed = app.patch_as(&token, &path, &edit).await.json();
    assert!(changed["description"].is_null() && changed["disabled_reason"].is_null());

    let secret = format!("{path}/secret");
    let rotated = app.post_as(&token, &secret, &Value::Null).await;
    assert_ne!(rotated.json()["secret"], created["secret"]);
    let test = format!("{path}/test");
    let tested = app.post_as(&token, &test, &Value::Null).await.json();
    assert_eq!(
        (&tested["delivered"], &tested["status"]),
        (&json!(true), &json!(204))
    );
    let since = json!({"since": "2026-01-01T00:00:00Z"});
    let replayed = app.post_as(&token, &format!("{path}/replay"), &since).await;
    assert_eq!(replayed.status, 204, "{replayed:?}");
    assert_eq!(app.delete_as(&token, &path).await.status, 204);
    app.get_as(&token, &path)
        .await
        .assert_problem(404, "not_found");
}

#[tokio::test]
async fn webhooks_are_for_administrators() {
    let app = App::with_users().await;
    let employee = app.employee_token().await;
    let path = format!("{PATH}/{UNKNOWN}");
    app.get(PATH).await.assert_problem(401, "token_missing");
    let refused = app.get_as(&employee, PATH).await;
    refused.assert_problem(403, "admin_required");
    let refused = app.post_as(&employee, PATH, &json!({"url": URL})).await;
    refused.assert_problem(403, "admin_required");
    let token = app.admin_token().await;
    for (action, body) in [
        ("secret", Value::Null),
        ("test", Value::Null),
        ("replay", json!({"since": "2026-01-01T00:00:00Z"})),
    ] {
        let path = format!("{path}/{action}");
        let refused = app.post_as(&employee, &path, &body).await;
        refused.assert_problem(403, "admin_required");
        let unknown = app.post_as(&token, &path, &body).await;
        unknown.assert_problem(404, "not_found");
    }
    let edit = json!({"state": "disabled"});
    let unknown = app.patch_as(&token, &path, &edit).await;
    unknown.assert_problem(404, "not_found");
    let unknown = app.delete_as(&token, &path).await;
    unknown.assert_problem(404, "not_found");
}

#[tokio::test]
async fn invalid_webhooks_name_their_members() {
    let app = App::with_users().await;
    let token = app.admin_token().await;
    for (body, pointer) in [
        (json!({"url": "http://hooks.example.com/"}), "/url"),
        (json!({"url": "https://169.254.169.254/latest"}), "/url"),
        (json!({"url": "https://[::1]/"}), "/url"),
        (json!({"url": "https://a:b@hooks.example.com/"}), "/url"),
        (json!({"url": URL, "types": ["user.painted"]}), "/types"),
        (json!({"url": URL, "description": "a\nb"}), "/description"),
    ] {
        let refused = app.post_as(&token, PATH, &body).await;
        refused.assert_invalid(pointer);
        assert!(!refused.json().to_string().contains("hooks"), "{refused:?}");
    }
    let path = format!("{PATH}/{}", id_of(&create(&app, &token).await));
    let refused = app.patch_as(&token, &path, &json!({})).await;
    refused.assert_invalid("");
    for (edit, pointer) in [
        (json!({"url": "https://10.0.0.1/"}), "/url"),
        (json!({"state": "paused"}), "/state"),
        (json!({"types": ["user.painted"]}), "/types"),
    ] {
        let refused = app.patch_as(&token, &path, &edit).await;
        refused.assert_invalid(pointer);
    }
    let unchanged = app.get_as(&token, &path).await.json();
    assert_eq!(unchanged["state"], "enabled");
    for _ in 1..20 {
        create(&app, &token).await;
    }
    let refused = app.post_as(&token, PATH, &json!({"url": URL})).await;
    refused.assert_problem(409, "too_many_webhooks");
}

/// A receiver that verifies events, and keeps them.
#[derive(Clone, Default)]
struct Receiver {
    secret: Arc<Mutex<Option<WebhookSecret>>>,
    events: Arc<Mutex<Vec<Value>>>,
    refused: Arc<AtomicUsize>,
    /// Number of requests to fail.
    failures: Arc<AtomicUsize>,
    millis: Arc<AtomicU64>,
}

impl Receiver {
    async fn start() -> (Self, SocketAddr) {
        let receiver = Self::default();
        let router = Router::new().fallback(any(receive));
        let router = router.with_state(receiver.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        (receiver, address)
    }

    fn events(&self) -> Vec<Value> {
        self.events.lock().unwrap().clone()
    }

    /// Waits until the events fulfil a condition.
    async fn wait(&self, what: &str, is_reached: impl Fn(&[Value]) -> bool) {
        for _ in 0..6000 {
            if is_reached(&self.events()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{what}: {} events", self.events().len());
    }
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let millis = receiver.millis.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(millis)).await;
    let secret = receiver.secret.lock().unwrap().clone();
    let header = |name: &'static str| headers.get(name)?.to_str().ok();
    let verified = secret.map(|secret| WebhookVerifier::new(secret).verify(header, &body).is_ok());
    if verified != Some(true) {
        receiver.refused.fetch_add(1, Ordering::SeqCst);
        return StatusCode::UNAUTHORIZED;
    }
    let fails = |left: usize| left.checked_sub(1);
    let failures = &receiver.failures;
    if failures
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, fails)
        .is_ok()
    {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let event = serde_json::from_slice(&body).unwrap();
    receiver.events.lock().unwrap().push(event);
    StatusCode::NO_CONTENT
}

/// A deployment of servers on one database.
struct Deployment<'d> {
    database: &'d str,
    folder: &'d Path,
    http: reqwest::Client,
    token: String,
}

impl<'d> Deployment<'d> {
    fn start_one(database: &str, folder: &Path) -> Running {
        let mut command = program(folder);
        command
            .env("DATABASE_URL", database)
            .env("SECRET_KEY", KEY)
            .env("TELEGRAM_BOT_TOKEN", BOT)
            .env("DIVAN_MINIAPP_URL", MINIAPP_ORIGIN)
            .env("DIVAN_ADMIN_URL", ADMIN_ORIGIN)
            .env("DIVAN_BOOTSTRAP_TOKEN", "the bootstrap token")
            .env("DIVAN_WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8");
        // The server must not use them for webhooks.
        for variable in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"] {
            command.env(variable, "http://127.0.0.1:9");
        }
        start(&mut command)
    }

    async fn new(database: &'d str, folder: &'d Path) -> (Self, Running) {
        let server = Self::start_one(database, folder);
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(no_tls())
            .build()
            .unwrap();
        let mut deployment = Self {
            database,
            folder,
            http,
            token: String::new(),
        };
        let request = deployment.http.post(server.url("/auth/admin/bootstrap"));
        let request = request.header("x-bootstrap-token", "the bootstrap token");
        let sent = request.json(&bootstrap_request()).send().await.unwrap();
        assert_eq!(sent.status(), 201);
        let login = deployment.http.post(server.url("/auth/admin/login"));
        let login = login.json(&bootstrap_request()).send().await.unwrap();
        let login: Value = login.json().await.unwrap();
        deployment.token = String::from(login["access_token"].as_str().unwrap());
        (deployment, server)
    }

    fn another(&self) -> Running {
        Self::start_one(self.database, self.folder)
    }

    async fn send(&self, server: &Running, method: &str, path: &str, body: Value) -> Value {
        let request = self.http.request(method.parse().unwrap(), server.url(path));
        let sent = request.bearer_auth(&self.token).json(&body).send().await;
        let response = sent.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Creates a webhook. Returns its id.
    async fn webhook(&self, server: &Running, receiver: &Receiver, address: SocketAddr) -> String {
        let body = json!({"url": format!("http://{address}/divan")});
        let created = self.send(server, "POST", PATH, body).await;
        let secret = WebhookSecret::parse(created["secret"].as_str().unwrap());
        *receiver.secret.lock().unwrap() = Some(secret.unwrap());
        id_of(&created)
    }

    /// Creates, changes and deactivates a user. Returns the id.
    async fn user(&self, server: &Running, number: usize) -> String {
        let new = json!({"full_name": "First Last", "phone": format!("+7701{number:07}")});
        let new = self.send(server, "POST", "/auth/admin/users", new).await;
        let id = new["user"]["id"].as_str().unwrap().to_owned();
        let path = format!("/auth/admin/users/{id}");
        let rename = json!({"full_name": "Other Last"});
        self.send(server, "PATCH", &path, rename).await;
        let deactivate = json!({"is_active": false});
        self.send(server, "PATCH", &path, deactivate).await;
        id
    }
}

/// The events of a user, in order.
const OF_USER: [&str; 3] = ["user.created", "user.updated", "user.deactivated"];

/// Returns the types of the events of each user, without repetitions.
fn by_user(events: &[Value]) -> BTreeMap<String, Vec<String>> {
    let (mut seen, mut users) = (std::collections::BTreeSet::new(), BTreeMap::new());
    for event in events {
        let text = |member: &str| event[member].as_str().unwrap().to_owned();
        if seen.insert(text("id")) {
            let of_user: &mut Vec<String> = users.entry(text("subject")).or_default();
            of_user.push(text("type"));
        }
    }
    users
}

fn is_complete(events: &[Value], users: &[String]) -> bool {
    let found = by_user(events);
    users
        .iter()
        .all(|user| found.get(user).is_some_and(|events| *events == OF_USER))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_fails_and_comes_back_gets_all_events_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let (deployment, server) = Deployment::new("sqlite:divan.db", folder.path()).await;
    let (receiver, address) = Receiver::start().await;
    // A receiver that hangs delays no other one: connections are accepted, and never answered.
    let hanging = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", hanging.local_addr().unwrap());
    deployment
        .send(&server, "POST", PATH, json!({ "url": url }))
        .await;
    let id = deployment.webhook(&server, &receiver, address).await;
    receiver.failures.store(1, Ordering::SeqCst);
    let mut users = Vec::new();
    for number in 0..4 {
        users.push(deployment.user(&server, number).await);
    }
    let path = format!("{PATH}/{id}");
    receiver
        .wait("all events", |events| is_complete(events, &users))
        .await;
    assert_eq!(receiver.events().len(), 12, "none arrived twice");
    assert_eq!(receiver.refused.load(Ordering::SeqCst), 0);
    let log = "/auth/events?since=2026-01-01T00:00:00Z";
    let log = deployment.send(&server, "GET", log, Value::Null).await;
    let log = log["items"].as_array().unwrap();
    assert_eq!(log[log.len() - 12..], receiver.events());
    let webhook = deployment.send(&server, "GET", &path, Value::Null).await;
    let error = &webhook["last_error"];
    assert_eq!(
        (&error["reason"], &error["status"]),
        (&json!("status"), &json!(503))
    );

    // The wrong secret is a failure, too.
    let other = WebhookSecret::from_bytes([7; 32]).unwrap();
    *receiver.secret.lock().unwrap() = Some(other);
    let test = format!("{path}/test");
    let tested = deployment.send(&server, "POST", &test, Value::Null).await;
    assert_eq!(
        (&tested["delivered"], &tested["status"]),
        (&json!(false), &json!(401))
    );
    assert!(!server.log().contains("whsec_") && !server.log().contains("/divan"));
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_servers_lose_no_event_and_keep_the_order() {
    let database = TestDatabase::create().await;
    let folder = tempfile::tempdir().unwrap();
    let (deployment, first) = Deployment::new(database.url(), folder.path()).await;
    let second = deployment.another();
    let (receiver, address) = Receiver::start().await;
    deployment.webhook(&first, &receiver, address).await;
    receiver.millis.store(20, Ordering::SeqCst);
    let mut users = Vec::new();
    for number in 0..16 {
        let server = if number % 2 == 0 { &first } else { &second };
        users.push(deployment.user(server, number).await);
    }
    receiver
        .wait("the delivery begins", |events| events.len() > 3)
        .await;
    first.kill();
    let third = deployment.another();
    receiver.millis.store(0, Ordering::SeqCst);
    users.push(deployment.user(&third, 16).await);
    // A server that was killed has its lease for half a minute.
    receiver
        .wait("all events", |events| is_complete(events, &users))
        .await;
    // What arrives twice arrives after the event that was sent last.
    let events = receiver.events();
    assert!(events.len() <= 17 * 3 + 1, "{}", events.len());
    drop((second, third));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_manages_webhooks_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let (receiver, address) = Receiver::start().await;
    let url = format!("http://{address}/");
    let divan = |arguments: &[&str]| {
        let (code, out, err) = run(program(folder.path()).args(["webhook"]).args(arguments));
        (code, out + &err)
    };
    let (code, created) = divan(&["create", &url, "--type", "user.deleted", "--json"]);
    assert_eq!(code, 0, "{created}");
    let created: Value = serde_json::from_str(&created).unwrap();
    let id = id_of(&created);
    let secret = WebhookSecret::parse(created["secret"].as_str().unwrap());
    *receiver.secret.lock().unwrap() = Some(secret.unwrap());
    let (code, tested) = divan(&["test", &id]);
    assert!(code == 0 && tested.contains("delivered in"), "{tested}");
    assert_eq!(receiver.events()[0]["type"], "webhook.test");
    receiver.failures.store(1, Ordering::SeqCst);
    let (code, tested) = divan(&["test", &id]);
    assert!(code == 1 && tested.contains("status 503"), "{tested}");

    assert_eq!(divan(&["disable", &id]).0, 0);
    let (_, listed) = divan(&["list"]);
    assert!(listed.contains("disabled (administrator)"), "{listed}");
    let (_, doctor, _) = run(program(folder.path()).arg("doctor"));
    assert!(
        doctor.contains(&format!("{id} is disabled (administrator)")),
        "{doctor}"
    );
    assert_eq!(divan(&["enable", &id]).0, 0);
    assert_eq!(
        divan(&["replay", &id, "--since", "2026-01-01T00:00:00Z"]).0,
        0
    );
    let (code, rotated) = divan(&["rotate", &id]);
    assert!(code == 0 && rotated.contains("whsec_"), "{rotated}");
    let consumer = format!("webhook:{id}");
    for change in [
        &["enable"][..],
        &["disable"],
        &["replay", "--since", "2026-01-01T00:00:00Z", "--consumer"],
    ] {
        let mut events = program(folder.path());
        let (code, _, refused) = run(events.arg("events").args(change).arg(&consumer));
        assert!(
            code == 1 && refused.contains("divan-server webhook"),
            "{refused}"
        );
    }
    let mut off = program(folder.path());
    off.env("DIVAN_EVENTS_RETENTION", "0s");
    let (code, _, refused) = run(off.args(["webhook", "create", &url]));
    assert!(
        code == 1 && refused.contains("DIVAN_EVENTS_RETENTION"),
        "{refused}"
    );
    let (code, refused) = divan(&["create", "https://localhost./"]);
    assert!(
        code == 1 && refused.contains("url must have the name"),
        "{refused}"
    );
    assert_eq!(divan(&["delete", &id]).0, 0);
    let (code, refused) = divan(&["delete", &id]);
    assert!(
        code == 1 && refused.contains("there is no webhook"),
        "{refused}"
    );
}

/// Returns the receiver of the guide in this language.
fn receiver_of_the_guide(language: &str) -> String {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/src");
    let page = fs::read_to_string(guide.join("operations/webhooks.md")).unwrap();
    let (_, block) = page.split_once(&format!("```{language}\n")).unwrap();
    block.split_once("\n```").unwrap().0.to_owned()
}

#[test]
fn receivers_of_the_guide_accept_only_signed_events() {
    for (gateway, language) in [(Gateway::Python, "python"), (Gateway::Node, "js")] {
        let text = receiver_of_the_guide(language);
        let folder = tempfile::tempdir().unwrap();
        let divan = |arguments: &[&str]| {
            let (code, out, err) = run(program(folder.path()).args(["webhook"]).args(arguments));
            (code, out + &err)
        };
        let port = free_port();
        let (code, created) = divan(&["create", &format!("http://127.0.0.1:{port}/"), "--json"]);
        assert_eq!(code, 0, "{created}");
        let created: Value = serde_json::from_str(&created).unwrap();
        let (id, secret) = (id_of(&created), created["secret"].as_str().unwrap());
        let start = |secret: &str| RunningGateway::start_receiver(gateway, &text, port, secret);

        let receiver = start(secret);
        for command in ["test", "rotate", "test"] {
            // After the rotation, both secrets sign.
            let (code, printed) = divan(&[command, &id]);
            assert_eq!(code, 0, "{command}: {printed}");
        }
        drop(receiver);
        let _receiver = start(OTHER_SECRET);
        let (code, refused) = divan(&["test", &id]);
        assert!(code == 1 && refused.contains("status 401"), "{refused}");
    }
}
