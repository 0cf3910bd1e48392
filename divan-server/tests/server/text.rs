//! Characters that hide, reorder or end a text, in every text of every request.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Request};
use divan_core::api::{Auth, ENDPOINTS, EndpointDescription, Method};
use divan_core::clock::Clock;
use divan_core::init_data::{BotToken, InitDataBuilder};
use divan_core::service::BootstrapPolicy;
use divan_core::store::{PostgresPool, SqliteStore, Store};
use divan_testing::TestDatabase;
use serde_json::{Map, Value, json};

use crate::bad_input::with_bodies;
use crate::harness::*;
use crate::openapi::{document, operation};
use crate::process::{program, start};

/// Control characters, line separators, and marks that change the direction of text.
const DECEPTIVE: [char; 19] = [
    '\0', '\u{1}', '\n', '\u{1B}', '\u{7F}', '\u{85}', '\u{2028}', '\u{2029}', '\u{61C}',
    '\u{200E}', '\u{200F}', '\u{202A}', '\u{202B}', '\u{202C}', '\u{202D}', '\u{202E}', '\u{2066}',
    '\u{2067}', '\u{2069}',
];

/// Resolves a reference of the document.
fn resolve(schema: &Value) -> &Value {
    match schema["$ref"].as_str() {
        Some(reference) => document().pointer(&reference[1..]).unwrap(),
        None => schema,
    }
}

fn is_text(schema: &Value) -> bool {
    let schema = resolve(schema);
    let is_string = |kind: &Value| *kind == "string";
    is_string(&schema["type"])
        || schema["type"]
            .as_array()
            .is_some_and(|t| t.iter().any(is_string))
}

/// Returns the names of the texts of a request body.
fn text_members(endpoint: &EndpointDescription) -> Vec<&'static str> {
    let body = &operation(endpoint)["requestBody"]["content"]["application/json"]["schema"];
    let members = resolve(body)["properties"].as_object().unwrap().iter();
    let members: Vec<&str> = members
        .filter(|(_, schema)| is_text(schema))
        .map(|(name, _)| name.as_str())
        .collect();
    let has_none = endpoint.operation == "rotate_service_secret";
    assert_eq!(members.is_empty(), has_none, "{}", endpoint.operation);
    members
}

/// Returns the names of the parameters of a kind.
fn parameters(endpoint: &EndpointDescription, kind: &str) -> Vec<&'static str> {
    let parameters = operation(endpoint)["parameters"].as_array();
    let parameters = parameters.into_iter().flatten();
    let of_kind = parameters.filter(|parameter| parameter["in"] == kind);
    of_kind
        .map(|parameter| parameter["name"].as_str().unwrap())
        .collect()
}

/// Puts a character into the middle of a text.
fn with(text: &str, c: char) -> String {
    let middle = text.chars().count() / 2;
    let (before, after): (Vec<_>, Vec<_>) =
        text.chars().enumerate().partition(|(n, _)| *n < middle);
    let part = |chars: Vec<(usize, char)>| chars.into_iter().map(|(_, c)| c).collect::<String>();
    format!("{}{c}{}", part(before), part(after))
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[track_caller]
fn assert_clean(response: &TestResponse) {
    if response.text.is_empty() {
        return;
    }
    let body = response.json();
    for text in texts(&body) {
        assert!(!text.contains(DECEPTIVE), "{text:?} in {response:?}");
    }
}

async fn token<S: Store + Clone + 'static>(app: &App<S>, auth: Auth) -> Option<String> {
    match auth {
        Auth::Admin
        | Auth::AdminAnyScope
        | Auth::AdminOrService(_)
        | Auth::Bearer
        | Auth::BearerAnyScope
        | Auth::RefreshTokenOrBearer => {
            // After the limits of earlier attempts.
            app.clock.advance(Duration::from_hours(1));
            Some(app.admin_token().await)
        }
        _ => None,
    }
}

fn path_of(endpoint: &EndpointDescription, id: &str) -> String {
    endpoint.path.replace("{id}", id).replace("{secret_id}", id)
}

const NO_ID: &str = "01920000-0000-7000-8000-000000000001";

/// Sends every text of every body with every such character.
async fn bodies<S: Store + Clone + 'static>(app: &App<S>) {
    for (endpoint, good) in with_bodies(app) {
        let token = token(app, endpoint.auth).await;
        let send = async |body: &Map<String, Value>| {
            let (method, path) = (endpoint.method.as_str(), path_of(endpoint, NO_ID));
            let body = Value::from(body.clone()).to_string();
            app.send_raw(
                method.parse().unwrap(),
                &path,
                token.as_deref(),
                "application/json",
                body,
            )
            .await
        };
        let good = good.as_object().unwrap();
        for member in text_members(endpoint) {
            for c in DECEPTIVE {
                let mut body = good.clone();
                let value = good
                    .get(member)
                    .and_then(Value::as_str)
                    .unwrap_or("any text");
                body.insert(member.to_owned(), with(value, c).into());
                if member == "contact" {
                    body.remove("phone");
                }
                let response = send(&body).await;
                let name = format!("{} {member} {c:?}: {response:?}", endpoint.operation);
                assert!(!response.status.is_server_error(), "{name}");
                assert_clean(&response);
                if c == '\0' || ["full_name", "email", "role"].contains(&member) {
                    let problem = response.assert_problem(422, "validation_failed");
                    assert_eq!(
                        problem["errors"][0]["pointer"],
                        format!("/{member}"),
                        "{name}"
                    );
                }
            }
        }
    }
}

/// Sends every query parameter and every id with U+0000, and the searches with all characters.
async fn addresses<S: Store + Clone + 'static>(app: &App<S>) {
    let admin = app.admin_token().await;
    for endpoint in ENDPOINTS {
        for name in parameters(endpoint, "query") {
            let path = format!("{}?{name}=first%00", path_of(endpoint, NO_ID));
            let (method, kind) = (endpoint.method.as_str(), endpoint.request_type.as_str());
            let method = method.parse().unwrap();
            let response = app.send_raw(method, &path, Some(&admin), kind, "").await;
            response.assert_invalid(&format!("/{name}"));
        }
        for name in parameters(endpoint, "path") {
            assert!(["id", "secret_id"].contains(&name), "{}", endpoint.path);
            for id in ["%00", &format!("{NO_ID}%00"), "%E2%80%AE"] {
                let (method, path) = (endpoint.method.as_str(), path_of(endpoint, id));
                let body = if endpoint.method == Method::Patch {
                    json!({"full_name": "A"})
                } else {
                    json!({})
                };
                let response = app
                    .send_raw(
                        method.parse().unwrap(),
                        &path,
                        Some(&admin),
                        "application/json",
                        body.to_string(),
                    )
                    .await;
                response.assert_problem(404, "not_found");
            }
        }
    }
    for c in DECEPTIVE {
        let q = format!("first{c}");
        let body = json!({"q": q});
        let response = app.post_as(&admin, "/auth/admin/users/search", &body).await;
        match c {
            '\0' => response.assert_invalid("/q"),
            _ => assert_eq!(response.status, 200, "{c:?} {response:?}"),
        }
    }
}

/// Signs in with such characters in the name of the browser.
async fn user_agents<S: Store + Clone + 'static>(app: &App<S>) {
    let agent: String = DECEPTIVE.iter().filter(|c| !c.is_ascii_control()).collect();
    let agent = HeaderValue::from_bytes(format!("Browser{agent} 1").as_bytes()).unwrap();
    let login = json!({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD});
    let request = Request::post("/auth/admin/login")
        .header("content-type", "application/json")
        .header("user-agent", agent);
    let session = app
        .send(request.body(Body::from(login.to_string())).unwrap())
        .await;
    let token = session.json()["access_token"].as_str().unwrap().to_owned();
    let sessions = app.get_as(&token, "/auth/sessions").await.json();
    let mut devices = sessions["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| &s["device"]);
    assert!(devices.any(|device| device == "Browser 1"), "{sessions}");
}

/// Signs in from a Telegram account whose username Telegram would not have accepted.
async fn telegram_names<S: Store + Clone + 'static>(app: &App<S>) {
    let bot: BotToken = BOT.parse().unwrap();
    let mut login = app.login_request(42);
    let init_data = InitDataBuilder::new(app.clock.unix_seconds());
    let init_data = init_data
        .user_named(42, "Fi\0rst", "us\0er\u{202E}")
        .sign(&bot);
    login["init_data"] = init_data.into();
    let session = app.post("/auth/telegram/login", &login).await;
    assert_eq!(session.status, 200, "{session:?}");
    assert_clean(&session);
    assert_eq!(session.json()["user"]["telegram_username"], Value::Null);
}

async fn deceptive_characters_go_nowhere<S: Store + Clone + 'static>(store: S) {
    let folder = tempfile::tempdir().unwrap();
    let app = App::on(store, BootstrapPolicy::OpenToAnyone, folder);
    app.add_users().await;
    user_agents(&app).await;
    telegram_names(&app).await;
    addresses(&app).await;
    bodies(&app).await;

    app.clock.advance(Duration::from_hours(1));
    let admin = app.admin_token().await;
    for path in [
        "/auth/admin/users?limit=200",
        "/auth/admin/audit?limit=200",
        "/auth/sessions",
        "/auth/devices",
    ] {
        let listed = app.get_as(&admin, path).await;
        assert_eq!(listed.status, 200, "{listed:?}");
        assert_clean(&listed);
    }
}

#[tokio::test]
async fn deceptive_characters_are_refused_or_removed_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("divan.db")).await;
    deceptive_characters_go_nowhere(store.unwrap()).await;
}

#[tokio::test]
async fn deceptive_characters_are_refused_or_removed_on_postgres() {
    let database = TestDatabase::create().await;
    let store = crate::postgres::store(database.url(), PostgresPool::default());
    deceptive_characters_go_nowhere(store.await).await;
}

#[tokio::test]
async fn nul_in_a_form_is_refused() {
    let app = App::with_users().await;
    let form = "application/x-www-form-urlencoded";
    for name in ["username", "password", "client_id"] {
        let fields = [
            ("username", "a%40example.com"),
            ("password", "x"),
            ("client_id", "dvd1.x"),
        ];
        let fields = fields.map(|(field, value)| {
            let nul = if field == name { "%00" } else { "" };
            format!("{field}={value}{nul}")
        });
        let body = format!("grant_type=password&{}", fields.join("&"));
        let refused = app
            .post_raw("/auth/admin/login", None, form, body.clone())
            .await;
        refused.assert_invalid(&format!("/{name}"));
        let refused = app.post_raw("/auth/token", None, form, body).await;
        assert_eq!(refused.status, 400, "{refused:?}");
        assert_eq!(refused.json()["error"], "invalid_request");
    }
    let refused = app
        .post_raw(
            "/auth/token",
            None,
            form,
            "grant_type=refresh_token&refresh_token=%00",
        )
        .await;
    assert_eq!(refused.json()["error"], "invalid_request");
}

#[test]
fn nul_in_a_header_is_a_bad_request() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(&mut program(folder.path()));
    for header in [
        "User-Agent",
        "Authorization",
        "X-Request-Id",
        "Origin",
        "Host",
        "X-Forwarded-For",
    ] {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        let host = if header == "Host" {
            ""
        } else {
            "Host: localhost\r\n"
        };
        let request =
            format!("GET /auth/me HTTP/1.1\r\n{host}{header}: a\0b\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        assert!(
            response.starts_with("HTTP/1.1 400 "),
            "{header}: {response}"
        );
    }
    assert!(!server.log().contains('\0'));
}
