//! Security properties of all responses and routes.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use divan_core::api::{ENDPOINTS, EndpointDescription};
use divan_core::service::BootstrapPolicy;
use divan_core::store::{PostgresPool, Store, UserQuery, UserStore};
use divan_testing::TestDatabase;
use serde_json::{Value, json};

use crate::harness::*;
use crate::postgres::store;

/// Paths that no endpoint of the contract serves.
const OTHER_PATHS: [&str; 8] = [
    "/",
    "/nothing",
    "/docs",
    "/docs/",
    "/docs/swagger-ui.css",
    "/docs/swagger-ui-bundle.js",
    "/openapi.json",
    "/auth/token",
];

fn path_of(endpoint: &EndpointDescription) -> String {
    let id = "01920000-0000-7000-8000-000000000001";
    endpoint.path.replace("{id}", id)
}

/// Returns a response of every endpoint without a token and with one, and of some other paths.
async fn responses(app: &App) -> Vec<(String, TestResponse)> {
    let mut responses = Vec::new();
    for endpoint in ENDPOINTS {
        let method: Method = endpoint.method.as_str().parse().unwrap();
        for token in [None, Some(app.admin_token().await)] {
            let (path, json) = (path_of(endpoint), "application/json");
            let response = app
                .send_raw(method.clone(), &path, token.as_deref(), json, "{}")
                .await;
            responses.push((format!("{method} {path} {}", response.status), response));
        }
    }
    for path in OTHER_PATHS {
        responses.push((path.to_owned(), app.get(path).await));
    }
    responses
}

#[tokio::test]
async fn no_response_may_run_be_framed_or_be_embedded_elsewhere() {
    let app = App::with_users().await;
    for (name, response) in responses(&app).await {
        let policy = response.header("content-security-policy");
        for directive in [
            "default-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(directive), "{name}: {policy}");
        }
        for header in ["cross-origin-opener-policy", "cross-origin-resource-policy"] {
            assert_eq!(response.header(header), "same-origin", "{name}: {header}");
        }
    }
}

#[tokio::test]
async fn every_response_names_its_type_and_forbids_caching() {
    let app = App::with_users().await;
    for (name, response) in responses(&app).await {
        let (kind, caching) = (
            response.header("content-type"),
            response.header("cache-control"),
        );
        let is_typed = match kind {
            "application/json" | "application/problem+json" => {
                serde_json::from_str::<Value>(&response.text).is_ok()
            }
            kind if kind.starts_with("text/") => kind.ends_with("; charset=utf-8"),
            _ => kind.is_empty() && response.text.is_empty(),
        };
        assert!(is_typed, "{name}: {kind}");
        let is_public = ["/.well-known/", "/auth/telegram/config"]
            .iter()
            .any(|path| name.contains(path));
        assert_eq!(caching == "no-store", !is_public, "{name}: {caching}");
    }
}

#[tokio::test]
async fn no_response_sets_a_cookie_or_names_the_server() {
    let app = App::with_users().await;
    for (name, response) in responses(&app).await {
        for header in ["set-cookie", "server", "x-powered-by", "via"] {
            assert_eq!(response.header(header), "", "{name}: {header}");
        }
    }
}

#[tokio::test]
async fn only_the_methods_of_the_contract_are_served() {
    let app = App::with_users().await;
    let token = app.admin_token().await;
    let paths: BTreeSet<&str> = ENDPOINTS.iter().map(|endpoint| endpoint.path).collect();
    for path in paths {
        let of_path = || ENDPOINTS.iter().filter(|endpoint| endpoint.path == path);
        let served: Vec<&str> = of_path().map(|endpoint| endpoint.method.as_str()).collect();
        let methods = ["GET", "POST", "PATCH", "DELETE", "PUT", "TRACE", "PROPFIND"];
        for method in methods.iter().filter(|method| !served.contains(method)) {
            let path = path_of(of_path().next().unwrap());
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let response = app
                .send_raw(method, &path, Some(&token), "application/json", "{}")
                .await;
            response.assert_problem(405, "method_not_allowed");
        }
    }
}

#[tokio::test]
async fn paths_of_files_are_not_found() {
    let app = App::start().await;
    for path in [
        "/.git/config",
        "/.env",
        "/divan-data/secret-key",
        "/divan.db",
        "/docs/../Cargo.toml",
        "/docs/..%2f..%2fCargo.toml",
        "/docs/%2e%2e/%2e%2e/etc/passwd",
        "/docs//etc/passwd",
        "/docs/.",
        "/.well-known/",
    ] {
        app.get(path).await.assert_problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_token_in_the_url_or_in_a_cookie_is_not_accepted() {
    let app = App::with_users().await;
    let token = app.admin_token().await;
    for name in ["access_token", "token", "authorization"] {
        let response = app.get(&format!("/auth/me?{name}={token}")).await;
        response.assert_problem(401, "token_missing");
        let cookie = Request::get("/auth/me").header("cookie", format!("{name}={token}"));
        let response = app.send(cookie.body(Body::empty()).unwrap()).await;
        response.assert_problem(401, "token_missing");
    }
}

#[tokio::test]
async fn a_repeated_or_unknown_query_parameter_is_refused() {
    let app = App::with_users().await;
    let token = app.admin_token().await;
    for path in ["/auth/admin/users", "/auth/admin/audit"] {
        for query in ["limit=1&limit=2", "limit=1&limit=1", "surprise=1"] {
            let response = app.get_as(&token, &format!("{path}?{query}")).await;
            response.assert_problem(422, "validation_failed");
        }
    }
}

#[tokio::test]
async fn responses_about_users_have_only_the_members_of_the_contract() {
    let app = App::with_users().await;
    app.employee_token().await;
    let token = app.admin_token().await;
    // Members without a value are absent, so that one item may have fewer.
    let members = async |path: &str| {
        let body = app.get_as(&token, path).await.json();
        let items = body["items"].as_array().unwrap().clone();
        let members = items
            .iter()
            .flat_map(|item| item.as_object().unwrap().keys());
        let members: BTreeSet<String> = members.cloned().collect();
        members.into_iter().collect::<Vec<_>>().join(" ")
    };
    for (path, expected) in [
        (
            "/auth/admin/users",
            "created_at email full_name id is_active last_login_at password_change_required phone role \
             telegram_id updated_at",
        ),
        (
            "/auth/sessions",
            "audience created_at expires_at id is_current refreshed_at",
        ),
        ("/auth/devices", "created_at id last_used_at"),
        (
            "/auth/admin/audit",
            "action actor_id actor_name at bot_id id request_id subject_id subject_name",
        ),
    ] {
        assert_eq!(members(path).await, expected, "{path}");
    }
}

#[tokio::test]
async fn each_sign_in_begins_another_session_with_other_tokens() {
    let app = App::with_users().await;
    let mut seen = BTreeSet::new();
    for _ in 0..5 {
        let login = app.login_request(42);
        let session = app.post("/auth/telegram/login", &login).await.json();
        for member in ["access_token", "refresh_token"] {
            let token = session[member].as_str().unwrap().to_owned();
            // 43 characters of base64 are 256 bits.
            assert!(token.len() > 43 && seen.insert(token), "{member}");
        }
        let token = session["access_token"].as_str().unwrap();
        let list = app.get_as(token, "/auth/sessions").await.json();
        let items = list["items"].as_array().unwrap();
        let current = items
            .iter()
            .find(|item| item["is_current"] == true)
            .unwrap();
        assert!(seen.insert(current["id"].to_string()), "{list}");
    }
}

#[tokio::test]
async fn a_new_server_has_no_account() {
    let app = App::start_with(BootstrapPolicy::Closed).await;
    let users = app.store.users(&UserQuery::newest(10)).await.unwrap();
    assert!(users.users.is_empty(), "{users:?}");
    for email in ["admin@example.com", "root@localhost.localdomain"] {
        let login = json!({"email": email, "password": "admin"});
        let response = app.post("/auth/admin/login", &login).await;
        response.assert_problem(401, "invalid_credentials");
    }
}

/// A phrase of more than 128 characters that no rule refuses.
const PHRASE: &str = "Seven grey pigeons argue about a lamp across the river, while жёлтый трамвай \
                      едет в лес 🚋 & 4 clumsy walruses juggle \"hot\" soup\tat noon; nobody minds.";

#[tokio::test]
async fn a_password_is_compared_in_full_and_stays_valid() {
    let app = App::with_users().await;
    let long: String = PHRASE.chars().take(128).collect();
    assert_eq!(long.chars().count(), 128);
    let change = json!({"current_password": ADMIN_PASSWORD, "new_password": long});
    let token = app.admin_token().await;
    let changed = app.post_as(&token, "/auth/me/password", &change).await;
    assert_eq!(changed.status, 200, "{changed:?}");

    let sign_in = async |password: &str| {
        let login = json!({"email": ADMIN_EMAIL, "password": password});
        app.post("/auth/admin/login", &login).await
    };
    let without_last: String = long.chars().take(127).collect();
    for wrong in [
        long.to_lowercase(),
        format!("{without_last}x"),
        format!("{without_last} "),
        long.replace('ё', "е"),
        long.chars().take(72).collect(),
        without_last,
    ] {
        let refused = sign_in(&wrong).await;
        refused.assert_problem(401, "invalid_credentials");
    }
    assert_eq!(sign_in(&long).await.status, 200);
    app.clock.advance(Duration::from_hours(3 * 365 * 24));
    let later = sign_in(&long).await;
    assert_eq!(later.json()["user"]["password_change_required"], false);
}

/// Texts that another program could interpret.
const HOSTILE: [&str; 8] = [
    "'; DROP TABLE divan_users; --",
    "\" OR \"1\"=\"1",
    "x') UNION SELECT password_hash FROM divan_users --",
    "100%_\\",
    "$1 ?1 :name",
    "</script><script>alert(1)</script>",
    "{{x*y}}${x*y}<%= x*y %>",
    "=HYPERLINK(\"http://x\")",
];

/// Stores each text as a name, searches for it, and uses it as an id.
async fn hostile_text_is_data(app: &App<impl Store + Clone + 'static>) {
    app.add_users().await;
    let token = app.admin_token().await;
    let list = async || app.get_as(&token, "/auth/admin/users").await.json();
    let before = list().await;
    let me = app.get_as(&token, "/auth/me").await.json();
    let user = format!("/auth/admin/users/{}", me["id"].as_str().unwrap());
    for text in HOSTILE {
        let json = "application/json";
        let body = json!({"full_name": text}).to_string();
        let changed = app
            .send_raw(Method::PATCH, &user, Some(&token), json, body)
            .await;
        assert_eq!(changed.json()["full_name"], text, "{changed:?}");
        assert_eq!(changed.header("content-type"), json);

        let encoded = percent_encoded(text);
        let found = app
            .get_as(&token, &format!("/auth/admin/users?q={encoded}"))
            .await;
        match found.status.as_u16() {
            200 => assert!(
                found.json()["items"].as_array().unwrap().len() <= 1,
                "{text}"
            ),
            _ => found.assert_invalid("/q"),
        }
        let id = format!("/auth/admin/users/{encoded}");
        let unknown = app.get_as(&token, &id).await;
        unknown.assert_problem(404, "not_found");
    }
    let after = list().await["items"].as_array().unwrap().len();
    assert_eq!(after, before["items"].as_array().unwrap().len());
    app.admin_token().await;
}

#[tokio::test]
async fn hostile_text_is_data_on_sqlite() {
    hostile_text_is_data(&App::start().await).await;
}

#[tokio::test]
async fn hostile_text_is_data_on_postgres() {
    let database = TestDatabase::create().await;
    let store = store(database.url(), PostgresPool::default()).await;
    let folder = tempfile::tempdir().unwrap();
    hostile_text_is_data(&App::on(store, BootstrapPolicy::OpenToAnyone, folder)).await;
}
