//! Invalid requests return the problem of their kind, and change nothing.

use crate::harness::*;
use divan_core::api::{Auth, ENDPOINTS, EndpointDescription};
use divan_core::store::Store;
use serde_json::{Value, json};

/// Returns the endpoints with a body, each with a valid one.
pub(crate) fn with_bodies<S: Store + Clone + 'static>(
    app: &App<S>,
) -> Vec<(&'static EndpointDescription, Value)> {
    let body = |operation: &str| match operation {
        "telegram_login" => app.login_request(42),
        "admin_login" | "bootstrap" => bootstrap_request(),
        "create_user" => employee_request(),
        "search_users" => json!({"q": "first", "role": "employee"}),
        "update_user" => json!({"full_name": "First Last"}),
        "promote_user" => json!({"email": "second@example.com"}),
        "auto_login" => json!({"init_data": app.init_data(42)}),
        "refresh" | "logout" => json!({"refresh_token": "dvr1."}),
        "change_password" => {
            json!({"current_password": PASSWORD, "new_password": "plum under the tram"})
        }
        "complete_admin_login" => json!({"challenge": "dvc1.x", "code": "123456"}),
        "step_up" => json!({"password": ADMIN_PASSWORD}),
        "passkey_login" => json!({"passkey": {}}),
        "add_passkey" => json!({"name": "Laptop", "credential": {}}),
        "rename_passkey" => json!({"name": "Laptop"}),
        "create_service" => json!({
            "name": "HR system",
            "scopes": ["users:read"],
            "allowed_addresses": ["192.0.2.1"],
            "expires_at": "2099-01-01T00:00:00Z"
        }),
        "update_service" => json!({
            "name": "HR system",
            "scopes": ["users:read"],
            "allowed_addresses": ["192.0.2.1"],
            "expires_at": null
        }),
        "rotate_service_secret" => json!({"previous_expires_in": 0}),
        "create_webhook" => json!({"url": "https://hooks.example.com/"}),
        "update_webhook" => json!({"state": "disabled"}),
        "replay_webhook" => json!({"since": "2026-01-20T00:00:00Z"}),
        "confirm_second_factor" => json!({"code": "123456"}),
        other => panic!("no body for {other}: add one"),
    };
    ENDPOINTS
        .iter()
        .filter(|endpoint| endpoint.has_body)
        .map(|endpoint| (endpoint, body(endpoint.operation)))
        .collect()
}

async fn token_for(app: &App, endpoint: &EndpointDescription) -> Option<String> {
    match endpoint.auth {
        Auth::Admin
        | Auth::AdminAnyScope
        | Auth::AdminOrService(_)
        | Auth::Bearer
        | Auth::BearerAnyScope
        | Auth::RefreshTokenOrBearer => Some(app.admin_token().await),
        _ => None,
    }
}

/// Sends a body to an endpoint, with the id of no user or session.
async fn send(
    app: &App,
    endpoint: &EndpointDescription,
    token: Option<&str>,
    content_type: &str,
    body: impl Into<axum::body::Body>,
) -> TestResponse {
    let path = endpoint
        .path
        .replace("{id}", "01920000-0000-7000-8000-000000000001");
    app.send_raw(
        endpoint.method.as_str().parse().unwrap(),
        &path,
        token,
        content_type,
        body,
    )
    .await
}

#[tokio::test]
async fn a_body_that_is_not_json_is_malformed() {
    let app = App::with_users().await;
    for (endpoint, good) in with_bodies(&app) {
        let token = token_for(&app, endpoint).await;
        let good = good.to_string();
        let cases: [&[u8]; 6] = [
            b"",
            b"{",
            good.strip_suffix('}').unwrap().as_bytes(),
            &[good.as_bytes(), b" x"].concat(),
            b"{\"email\": \"\xFF\", \"phone\": \"\xFF\", \"full_name\": \"\xFF\"}",
            b"<xml/>",
        ];
        for body in cases {
            if body.is_empty() && endpoint.operation == "logout" {
                continue; // The body is optional.
            }
            let response = send(
                &app,
                endpoint,
                token.as_deref(),
                "application/json",
                body.to_vec(),
            )
            .await;
            response.assert_problem(400, "malformed_body");
        }
    }
}

#[tokio::test]
async fn a_missing_unknown_repeated_or_mistyped_member_is_named() {
    let app = App::with_users().await;
    for (endpoint, good) in with_bodies(&app) {
        let token = token_for(&app, endpoint).await;
        let send = async |body: String| {
            self::send(&app, endpoint, token.as_deref(), "application/json", body).await
        };
        for member in good.as_object().unwrap().keys() {
            let pointer = format!("/{member}");
            for wrong in [json!(1), json!(["x"]), json!({"a": "b"}), json!(true)] {
                // Any object may be the result of a passkey.
                let is_object = good[member].is_object() && wrong.is_object();
                if is_object || (good[member].is_number() && wrong.is_number()) {
                    continue;
                }
                let mut body = good.clone();
                body[member] = wrong;
                send(body.to_string()).await.assert_invalid(&pointer);
            }
            let is_optional = member == "init_data"
                || [
                    "update_user",
                    "promote_user",
                    "search_users",
                    "logout",
                    "update_service",
                    "rotate_service_secret",
                    "update_webhook",
                ]
                .contains(&endpoint.operation)
                || (endpoint.operation == "create_service"
                    && ["allowed_addresses", "expires_at"].contains(&member.as_str()))
                || (endpoint.operation == "create_user"
                    && ["phone", "password"].contains(&member.as_str()));
            if !is_optional {
                let mut body = good.clone();
                body.as_object_mut().unwrap().remove(member);
                send(body.to_string()).await.assert_invalid(&pointer);
            }
            let doubled = good
                .to_string()
                .replacen('{', &format!(r#"{{"{member}":"x","#), 1);
            send(doubled).await.assert_invalid(&pointer);
        }
        let mut body = good.clone();
        body["sur~pr/ise"] = json!(1);
        send(body.to_string()).await.assert_invalid("/sur~0pr~1ise");
        for not_an_object in ["[]", "null", "1", "\"x\""] {
            send(not_an_object.to_owned()).await.assert_invalid("");
        }
        let as_array = Value::Array(good.as_object().unwrap().values().cloned().collect());
        send(as_array.to_string())
            .await
            .assert_problem(422, "validation_failed");
    }
}

/// Clients in JavaScript often send `null` for a field that is empty.
#[tokio::test]
async fn null_is_accepted_exactly_where_the_document_allows_it() {
    let app = App::with_users().await;
    let document = app.get("/openapi.json").await.json();
    let mut optional = 0;
    for (endpoint, good) in with_bodies(&app) {
        let token = token_for(&app, endpoint).await;
        let method = endpoint.method.as_str().to_lowercase();
        let operation = &document["paths"][endpoint.path][method];
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        let schema = document
            .pointer(schema.as_str().unwrap().trim_start_matches('#'))
            .unwrap();
        for (member, schema) in schema["properties"].as_object().unwrap() {
            let mut body = good.clone();
            body[member] = Value::Null;
            let token = token.as_deref();
            let answer = send(&app, endpoint, token, "application/json", body.to_string()).await;
            if allows_null(schema) {
                let text = &answer.text;
                assert!(
                    !text.contains("wrong_type"),
                    "{member} of {}: {text}",
                    endpoint.path
                );
                optional += 1;
            } else {
                answer.assert_invalid(&format!("/{member}"));
            }
        }
    }
    assert!(optional >= 15, "{optional}");
}

fn allows_null(schema: &Value) -> bool {
    let null = json!("null");
    let mut types = vec![&schema["type"]];
    types.extend(
        schema["oneOf"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| &one["type"]),
    );
    types
        .iter()
        .any(|kind| **kind == null || kind.as_array().is_some_and(|all| all.contains(&null)))
}

#[tokio::test]
async fn a_mistyped_enum_number_or_text_is_named() {
    let app = App::with_users().await;
    let token = app.admin_token().await;
    let create = async |members: String| {
        let body = format!(r#"{{{members},"phone":"+77012223344"}}"#);
        app.post_raw("/auth/admin/users", Some(&token), "application/json", body)
            .await
    };
    for role in [
        "1",
        "true",
        "null",
        "[\"x\"]",
        "{}",
        r#"{"a":1}"#,
        r#"{"admin":null}"#,
    ] {
        let members = format!(r#""full_name":"First Last","role":{role}"#);
        create(members).await.assert_invalid("/role");
    }
    for name in ["1e999", r#""\ud800""#] {
        let answer = create(format!(r#""full_name":{name}"#)).await;
        answer.assert_invalid("/full_name");
    }
}

#[tokio::test]
async fn an_empty_password_does_not_name_a_minimum_that_is_not_the_rule() {
    let app = App::with_users().await;
    let token = app.admin_token().await;
    let mut body = employee_request();
    body["password"] = "".into();
    let answer = app.post_as(&token, "/auth/admin/users", &body).await;
    answer.assert_invalid("/password");
    assert_eq!(answer.json()["errors"][0]["code"], "empty");
}

#[tokio::test]
async fn a_body_over_sixteen_kibibytes_is_too_large() {
    let app = App::with_users().await;
    for (endpoint, good) in with_bodies(&app) {
        let token = token_for(&app, endpoint).await;
        let padded = |length: usize| {
            let body = good.to_string();
            body.clone() + &" ".repeat(length - body.len())
        };
        let response = send(
            &app,
            endpoint,
            token.as_deref(),
            "application/json",
            padded(16 * 1024 + 1),
        )
        .await;
        response.assert_problem(413, "payload_too_large");
        let response = send(
            &app,
            endpoint,
            token.as_deref(),
            "application/json",
            padded(16 * 1024),
        )
        .await;
        assert_ne!(response.status, 413);
    }
}

#[tokio::test]
async fn a_body_of_another_type_is_unsupported() {
    let app = App::with_users().await;
    for (endpoint, good) in with_bodies(&app) {
        let token = token_for(&app, endpoint).await;
        for content_type in [
            "text/plain",
            "application/xml",
            "multipart/form-data; boundary=x",
            "",
        ] {
            let response = send(
                &app,
                endpoint,
                token.as_deref(),
                content_type,
                good.to_string(),
            )
            .await;
            response.assert_problem(415, "unsupported_media_type");
        }
        if endpoint.operation != "admin_login" {
            let form = "application/x-www-form-urlencoded";
            let response = send(&app, endpoint, token.as_deref(), form, "a=b").await;
            response.assert_problem(415, "unsupported_media_type");
        }
        let with_charset = "Application/JSON; charset=utf-8";
        let response = send(
            &app,
            endpoint,
            token.as_deref(),
            with_charset,
            good.to_string(),
        )
        .await;
        assert_ne!(response.status, 415);
    }
}

#[tokio::test]
async fn invalid_values_are_named() {
    let app = App::with_users().await;
    let token = app.admin_token().await;
    let long = "x".repeat(201);
    for (path, member, value) in [
        ("/auth/telegram/login", "phone", "12"),
        ("/auth/telegram/login", "phone", "not a phone"),
        ("/auth/telegram/login", "password", ""),
        ("/auth/admin/login", "email", "nowhere"),
        ("/auth/admin/login", "password", &"x".repeat(129)),
        ("/auth/admin/bootstrap", "email", "a@b"),
        ("/auth/admin/bootstrap", "full_name", "\u{0}"),
        ("/auth/admin/users", "full_name", " "),
        ("/auth/admin/users", "full_name", &long),
        ("/auth/admin/users", "phone", "+7 701"),
        ("/auth/admin/users", "email", "a b@example.com"),
        ("/auth/admin/users", "role", "owner"),
    ] {
        let (_, mut body) = with_bodies(&app)
            .into_iter()
            .find(|(endpoint, _)| endpoint.path == path)
            .unwrap();
        body[member] = value.into();
        let token = (path == "/auth/admin/users").then_some(token.as_str());
        let response = app
            .post_raw(path, token, "application/json", body.to_string())
            .await;
        response.assert_invalid(&format!("/{member}"));
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let app = App::start().await;
    for path in [
        "/",
        "/nothing",
        "/auth",
        "/auth/",
        "/auth/me/",
        "/docs/nothing",
        "/%00",
        "/health",
    ] {
        app.get(path).await.assert_problem(404, "not_found");
    }
    for endpoint in ENDPOINTS {
        let request = axum::http::Request::builder()
            .method("PUT")
            .uri(endpoint.path);
        let response = app
            .send(request.body(axum::body::Body::empty()).unwrap())
            .await;
        response.assert_problem(405, "method_not_allowed");
        assert!(
            response.header("allow").contains(endpoint.method.as_str()),
            "{response:?}"
        );
    }
}

#[tokio::test]
async fn a_wrong_type_or_value_names_the_expected_one_and_never_the_sent_one() {
    let app = App::with_users().await;
    let token = app.admin_token().await;
    for (path, body, detail) in [
        ("users", json!({"full_name": 5}), "must be a string"),
        (
            "users",
            json!({"full_name": "A", "role": {"admin": null}}),
            "must be a string",
        ),
        (
            "users",
            json!({"full_name": "A", "role": "hidden, expected hidden at line 1"}),
            "must be `admin` or `employee`",
        ),
        (
            "users/search",
            json!({"is_active": "hidden"}),
            "must be `true` or `false`",
        ),
        (
            "users/search",
            json!({"limit": "hidden"}),
            "must be a whole number",
        ),
    ] {
        let path = format!("/auth/admin/{path}");
        let answer = app.post_as(&token, &path, &body).await;
        let problem = answer.assert_problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["detail"], detail, "{body}");
        assert!(!answer.text.contains("hidden"), "{}", answer.text);
    }
}
