//! The OAuth2 token endpoint (RFC 6749).

use std::time::Duration;

use divan_core::store::{AccountUpdate, UserStore};
use serde_json::{Value, json};

use crate::harness::*;
use crate::openapi::document;

const PATH: &str = "/auth/token";
const FORM: &str = "application/x-www-form-urlencoded";
const SIGN_IN: &str =
    "grant_type=password&username=admin%40example.com&password=tram+under+the+plum";

async fn request(app: &App, form: &str) -> TestResponse {
    app.post_raw(PATH, None, FORM, form.to_owned()).await
}

async fn refresh(app: &App, refresh_token: &str) -> TestResponse {
    let form = format!("grant_type=refresh_token&refresh_token={refresh_token}");
    request(app, &form).await
}

fn text<'v>(body: &'v Value, member: &str) -> &'v str {
    body[member].as_str().unwrap()
}

/// Asserts that the response is an error of RFC 6749 and returns its description.
#[track_caller]
fn assert_rejected(response: &TestResponse, error: &str) -> String {
    assert_eq!(response.status, 400, "{response:?}");
    assert_eq!(response.header("content-type"), "application/json");
    assert_eq!(response.header("cache-control"), "no-store");
    let body = response.json();
    assert_eq!(body["error"], error, "{body}");
    assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
    text(&body, "error_description").to_owned()
}

#[tokio::test]
async fn the_password_grant_signs_an_administrator_in() {
    let app = App::with_users().await;
    let ignored = "&scope=&client_id=x&client_secret=y&resource=a&resource=b&refresh_token=";
    for form in [SIGN_IN, &format!("username=&{SIGN_IN}{ignored}")] {
        let response = request(&app, form).await;
        assert_eq!(response.status, 200, "{response:?}");
        assert_eq!(response.header("content-type"), "application/json");
        assert_eq!(response.header("cache-control"), "no-store");
        assert_eq!(response.header("pragma"), "no-cache");
        let tokens = response.json();
        let members: Vec<&str> = tokens
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let expected = [
            "access_token",
            "device_token",
            "expires_in",
            "refresh_token",
            "token_type",
        ];
        assert_eq!(members, expected);
        assert_eq!(
            (&tokens["token_type"], &tokens["expires_in"]),
            (&json!("bearer"), &json!(600))
        );
        let me = app.get_as(text(&tokens, "access_token"), "/auth/me").await;
        assert_eq!(me.json()["email"], ADMIN_EMAIL);
    }
}

#[tokio::test]
async fn a_limited_token_has_its_scope_in_the_response() {
    let app = App::with_users().await;
    let account = app
        .store
        .account_by_email(&ADMIN_EMAIL.parse().unwrap())
        .await;
    let require_change = |account: &mut divan_core::store::Account| {
        account.user.password_change_required = true;
        Ok(Some(AccountUpdate::none()))
    };
    let id = account.unwrap().unwrap().user.id;
    app.store.update_account(id, &require_change).await.unwrap();

    let tokens = request(&app, SIGN_IN).await.json();
    assert_eq!(tokens["scope"], "password-change");
    app.get_as(text(&tokens, "access_token"), "/auth/sessions")
        .await
        .assert_problem(403, "password_change_required");
    let tokens = refresh(&app, text(&tokens, "refresh_token")).await.json();
    assert_eq!(tokens["scope"], "password-change");
}

#[tokio::test]
async fn wrong_credentials_return_the_same_error_as_an_unknown_user() {
    let app = App::with_users().await;
    let rejected = async |username: &str, password: &str| {
        let form = format!("grant_type=password&username={username}&password={password}");
        let response = request(&app, &form).await;
        assert_rejected(&response, "invalid_grant");
        response.text
    };
    let wrong_password = rejected("admin%40example.com", "another+password").await;
    for (username, password) in [
        ("unknown%40example.com", "tram+under+the+plum"),
        ("not-an-address", "tram+under+the+plum"),
        ("admin%40example.com", &"x".repeat(200)),
    ] {
        assert_eq!(
            rejected(username, password).await,
            wrong_password,
            "{username}"
        );
    }
}

#[tokio::test]
async fn the_refresh_grant_returns_the_next_tokens() {
    let app = App::with_users().await;
    let first = request(&app, SIGN_IN).await.json();
    let response = refresh(&app, text(&first, "refresh_token")).await;
    assert_eq!(response.status, 200, "{response:?}");
    assert_eq!(response.header("cache-control"), "no-store");
    let second = response.json();
    assert_ne!(second["refresh_token"], first["refresh_token"]);

    let login = app.login_request(42);
    let employee = app.post("/auth/telegram/login", &login).await.json();
    let response = refresh(&app, text(&employee, "refresh_token")).await;
    assert_eq!(response.json()["expires_in"], 900);
    let description = assert_rejected(&refresh(&app, "garbage").await, "invalid_grant");
    assert_eq!(
        description,
        "the refresh token is not valid, was replaced, or its session has ended"
    );
}

#[tokio::test]
async fn refresh_with_a_reused_token_revokes_the_session() {
    let app = App::with_users().await;
    let first = request(&app, SIGN_IN).await.json();
    let second = refresh(&app, text(&first, "refresh_token")).await.json();
    let third = refresh(&app, text(&second, "refresh_token")).await.json();
    app.clock.advance(Duration::from_secs(31));
    let reused = refresh(&app, text(&first, "refresh_token")).await;
    assert_rejected(&reused, "invalid_grant");
    let revoked = refresh(&app, text(&third, "refresh_token")).await;
    assert_rejected(&revoked, "invalid_grant");
    app.get_as(text(&third, "access_token"), "/auth/me")
        .await
        .assert_problem(401, "token_invalid");
}

#[tokio::test]
async fn a_form_that_is_not_valid_is_rejected() {
    let app = App::with_users().await;
    for (form, error, description) in [
        ("", "invalid_request", "`grant_type` is required"),
        ("grant_type=", "invalid_request", "`grant_type` is required"),
        (
            "grant_type=password&username=a%40b.kz",
            "invalid_request",
            "`password` is required",
        ),
        (
            "grant_type=password&password=x",
            "invalid_request",
            "`username` is required",
        ),
        (
            "grant_type=refresh_token",
            "invalid_request",
            "`refresh_token` is required",
        ),
        (
            &format!("{SIGN_IN}&password=x"),
            "invalid_request",
            "`password` must not be repeated",
        ),
        (
            &format!("{SIGN_IN}&grant_type=password"),
            "invalid_request",
            "`grant_type` must not be repeated",
        ),
        (
            &format!("{SIGN_IN}%FF"),
            "invalid_request",
            "the body is incomplete or not UTF-8",
        ),
        (
            "grant_type=authorization_code",
            "unsupported_grant_type",
            "`grant_type` must be `password`, `refresh_token` or `client_credentials`",
        ),
    ] {
        assert_eq!(
            assert_rejected(&request(&app, form).await, error),
            description
        );
    }
}

#[tokio::test]
async fn other_errors_are_problems() {
    let app = App::with_users().await;
    let body =
        json!({"grant_type": "password", "username": ADMIN_EMAIL, "password": ADMIN_PASSWORD});
    app.post(PATH, &body)
        .await
        .assert_problem(415, "unsupported_media_type");
    let too_large = "x".repeat(16 * 1024 + 1);
    request(&app, &too_large)
        .await
        .assert_problem(413, "payload_too_large");
    app.get(PATH)
        .await
        .assert_problem(405, "method_not_allowed");
    app.store.close().await;
    let response = request(&app, SIGN_IN).await;
    response.assert_problem(503, "unavailable");
    assert_eq!(response.header("retry-after"), "5");
}

#[tokio::test]
async fn only_the_password_grant_counts_as_a_sign_in() {
    let app = App::with_users().await;
    let tokens = request(&app, SIGN_IN).await.json();
    refresh(&app, text(&tokens, "refresh_token")).await;
    refresh(&app, "garbage").await;
    request(&app, "grant_type=password&username=a%40b.kz&password=x").await;
    let metrics = app.state.metrics().await;
    let samples: Vec<&str> = metrics
        .lines()
        .filter(|line| line.starts_with(r#"divan_sign_ins_total{method="token""#))
        .collect();
    assert_eq!(samples.len(), 2, "{metrics}");
    for outcome in ["success", "invalid_credentials"] {
        let sample = format!(r#"divan_sign_ins_total{{method="token",outcome="{outcome}"}} 1"#);
        assert!(samples.contains(&sample.as_str()), "{samples:?}");
    }
}

#[tokio::test]
async fn swagger_authorizes_with_the_token_endpoint() {
    let app = App::start().await;
    let operation = &document()["paths"][PATH]["post"];
    let form = &operation["requestBody"]["content"];
    assert_eq!(form.as_object().unwrap().keys().collect::<Vec<_>>(), [FORM]);
    for (path, url) in [
        ("/openapi.json", "./auth/token"),
        ("/docs/openapi.json", "../auth/token"),
    ] {
        let schemes = app.get(path).await.json()["components"]["securitySchemes"].clone();
        let flows = &schemes["admin_password"]["flows"];
        assert_eq!(flows["password"]["tokenUrl"], url, "{flows}");
        assert_eq!(schemes["access_token"]["scheme"], "bearer");
    }
}
