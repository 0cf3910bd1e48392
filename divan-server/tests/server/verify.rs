//! Forward authentication: `/auth/verify`.

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, COOKIE, ORIGIN};
use axum::http::{HeaderValue, Request};
use divan_server::{AppState, HttpOptions, router};
use serde_json::json;

use crate::harness::*;

const PATH: &str = "/auth/verify";
const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND",
];
const HEADERS: [&str; 5] = [
    "x-auth-user",
    "x-auth-role",
    "x-auth-name",
    "x-auth-telegram-id",
    "x-auth-session",
];

fn with_token(method: &str, path: &str, token: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .body(Body::empty())
        .unwrap()
}

/// Asserts that a request is refused, without any header that names a user.
#[track_caller]
fn assert_refused(response: &TestResponse, status: u16, code: &str, challenge: &str) {
    response.assert_problem(status, code);
    assert_eq!(response.header("www-authenticate"), challenge, "{code}");
    for name in HEADERS {
        assert!(!response.headers.contains_key(name), "{code}: {name}");
    }
}

#[tokio::test]
async fn the_headers_name_the_user() {
    let app = App::with_users().await;
    let token = app.employee_token().await;
    let me = app.get_as(&token, "/auth/me").await.json();
    let response = app.get_as(&token, PATH).await;
    assert_eq!(
        (response.status.as_u16(), response.text.as_str()),
        (200, "")
    );
    assert_eq!(response.header("x-auth-user"), me["id"]);
    assert_eq!(response.header("x-auth-role"), "employee");
    assert_eq!(response.header("x-auth-name"), "UTF-8''First%20Last");
    assert_eq!(response.header("x-auth-telegram-id"), "42");
    let sessions = app.get_as(&token, "/auth/sessions").await.json();
    assert_eq!(
        response.header("x-auth-session"),
        sessions["items"][0]["id"]
    );
    assert_eq!(response.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_missing_telegram_account_is_an_empty_header() {
    let app = App::with_users().await;
    let response = app.get_as(&app.admin_token().await, PATH).await;
    assert_eq!(response.header("x-auth-role"), "admin");
    assert_eq!(response.headers["x-auth-telegram-id"], "");
}

#[tokio::test]
async fn a_name_cannot_add_a_header() {
    let app = App::with_users().await;
    let admin = app.admin_token().await;
    let name = "Әлия \"O'Neil\"; x=%0A, <b>";
    let user = app
        .get_as(&admin, "/auth/admin/users?role=employee")
        .await
        .json();
    let path = format!(
        "/auth/admin/users/{}",
        user["items"][0]["id"].as_str().unwrap()
    );
    let changed = app
        .patch_as(&admin, &path, &json!({"full_name": name}))
        .await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let response = app.get_as(&app.employee_token().await, PATH).await;
    let value = response.header("x-auth-name");
    let encoded = value.strip_prefix("UTF-8''").unwrap();
    assert!(
        encoded
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"%-._~!#$&+^`|".contains(&b)),
        "{value}"
    );
    assert!(
        encoded.starts_with("%D3%98%D0%BB%D0%B8%D1%8F%20%22O%27Neil%22%3B%20x%3D%250A%2C"),
        "{value}"
    );
}

#[tokio::test]
async fn every_method_and_path_is_accepted_from_any_page() {
    let app = App::with_users().await;
    let token = app.employee_token().await;
    for method in METHODS {
        for path in [
            PATH,
            "/auth/verify/",
            "/auth/verify/a/b%20c?x=1&role=editor",
        ] {
            let mut request = with_token(method, path, &token);
            let headers = request.headers_mut();
            headers.insert(ORIGIN, "https://other.example.com".parse().unwrap());
            headers.insert("sec-fetch-site", "cross-site".parse().unwrap());
            headers.insert(CONTENT_LENGTH, "5000000000".parse().unwrap());
            let response = app.send(request).await;
            assert_eq!(response.status, 200, "{method} {path}: {response:?}");
            assert_eq!(
                response.header("x-auth-role"),
                "employee",
                "{method} {path}"
            );
        }
    }
    let other = app.send(with_token("POST", "/auth/verifyx", &token)).await;
    other.assert_problem(404, "not_found");
}

/// Neither CORS nor the rule of cross-site requests may answer for the check.
#[tokio::test]
async fn no_method_is_accepted_without_a_token() {
    let app = App::with_users().await;
    for method in METHODS {
        for path in [PATH, "/auth/verify/x"] {
            let mut request = with_token(method, path, "");
            let headers = request.headers_mut();
            headers.remove(AUTHORIZATION);
            headers.insert(ORIGIN, ADMIN_ORIGIN.parse().unwrap());
            headers.insert("access-control-request-method", "GET".parse().unwrap());
            let response = app.send(request).await;
            assert_eq!(response.status, 401, "{method} {path}: {response:?}");
        }
    }
}

#[tokio::test]
async fn a_request_without_a_valid_token_gets_a_challenge() {
    let app = App::with_users().await;
    let token = app.employee_token().await;
    let forged = format!("{}x", &token[..token.len() - 1]);
    for path in [PATH, "/auth/verify/x"] {
        assert_refused(&app.get(path).await, 401, "token_missing", "Bearer");
        let invalid = r#"Bearer error="invalid_token""#;
        assert_refused(
            &app.get_as(&forged, path).await,
            401,
            "token_invalid",
            invalid,
        );
        assert_refused(&app.get_as("", path).await, 401, "token_invalid", invalid);
        let mut twice = with_token("GET", path, &token);
        twice
            .headers_mut()
            .append(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        assert_refused(&app.send(twice).await, 401, "token_invalid", invalid);
        let mut basic = with_token("GET", path, &token);
        basic
            .headers_mut()
            .insert(AUTHORIZATION, "Basic YTpi".parse().unwrap());
        assert_refused(&app.send(basic).await, 401, "token_missing", "Bearer");
    }
}

#[tokio::test]
async fn an_ended_session_is_refused() {
    let app = App::with_users().await;
    let token = app.employee_token().await;
    assert_eq!(app.get_as(&token, PATH).await.status, 200);
    let out = app.post_as(&token, "/auth/logout", &json!({})).await;
    assert_eq!(out.status, 204, "{out:?}");
    let invalid = r#"Bearer error="invalid_token""#;
    assert_refused(
        &app.get_as(&token, PATH).await,
        401,
        "token_invalid",
        invalid,
    );

    let token = app.employee_token().await;
    app.clock.advance(std::time::Duration::from_mins(20));
    assert_refused(
        &app.get_as(&token, PATH).await,
        401,
        "token_expired",
        invalid,
    );
}

#[tokio::test]
async fn a_user_with_a_generated_password_is_refused() {
    let app = App::with_users().await;
    let admin = app.admin_token().await;
    let new = json!({"full_name": "Second", "phone": "+77011234568"});
    let created = app.post_as(&admin, "/auth/admin/users", &new).await.json();
    let login = json!({
        "phone": "+77011234568",
        "password": created["generated_password"],
        "init_data": app.init_data(43),
    });
    let tokens = app.post("/auth/telegram/login", &login).await.json();
    let token = tokens["access_token"].as_str().unwrap();
    assert_refused(
        &app.get_as(token, PATH).await,
        403,
        "password_change_required",
        "",
    );
}

#[tokio::test]
async fn a_proxy_can_require_administrators() {
    let app = App::with_users().await;
    let (employee, admin) = (app.employee_token().await, app.admin_token().await);
    let path = |rest: &str| format!("{PATH}{rest}");
    for path in [
        "?role=admin",
        "?x&role=%61dmin",
        "/x?role=employee&role=admin",
    ]
    .map(path)
    {
        assert_refused(
            &app.get_as(&employee, &path).await,
            403,
            "admin_required",
            "",
        );
        assert_eq!(app.get_as(&admin, &path).await.status, 200, "{path}");
    }
    // An error of the proxy's configuration must not permit requests.
    for path in [
        "?role=Admin",
        "?role=",
        "?role",
        "?role=employee",
        "?role=admin&role=admin",
    ]
    .map(path)
    {
        app.get_as(&admin, &path).await.assert_invalid("/role");
    }
}

#[tokio::test]
async fn a_cookie_is_read_only_with_its_configured_name() {
    let app = App::with_users().await;
    let token = app.employee_token().await;
    let mut http = HttpOptions::default();
    http.verify_cookie = Some("__Host-access-token".to_owned());
    let state = AppState::new(app.service.clone(), http);
    let with_cookie = router(state);
    let request = |cookies: &[String]| {
        let mut request = Request::get(PATH).body(Body::empty()).unwrap();
        for cookie in cookies {
            request
                .headers_mut()
                .append(COOKIE, HeaderValue::from_bytes(cookie.as_bytes()).unwrap());
        }
        request
    };
    let good = format!("a=b; __Host-access-token={token};c=d");
    assert_refused(
        &app.send(request(std::slice::from_ref(&good))).await,
        401,
        "token_missing",
        "Bearer",
    );
    assert_eq!(
        send_to(&with_cookie, request(std::slice::from_ref(&good)))
            .await
            .status,
        200
    );

    // Cookies of other applications may have any bytes.
    let other = format!("city=Алматы; {good}");
    let accepted = send_to(&with_cookie, request(&[other])).await;
    assert_eq!(accepted.status, 200);

    let invalid = r#"Bearer error="invalid_token""#;
    let again = format!("__Host-access-token={token}");
    for cookies in [
        vec![good.clone(), again.clone()],
        vec![good.clone(), "__Host-access-token=x".to_owned()],
        vec!["city=Ä; __Host-access-token=x".to_owned(), again],
        vec!["__Host-access-token=Ä".to_owned()],
    ] {
        let response = send_to(&with_cookie, request(&cookies)).await;
        assert_refused(&response, 401, "token_invalid", invalid);
    }
    for name in [
        "access-token",
        "__host-access-token",
        "x__Host-access-token",
    ] {
        let response = send_to(&with_cookie, request(&[format!("{name}={token}")])).await;
        assert_refused(&response, 401, "token_missing", "Bearer");
    }
    // The header wins, also if it is not valid.
    let mut both = request(&[good]);
    both.headers_mut()
        .insert(AUTHORIZATION, "Bearer x".parse().unwrap());
    assert_refused(
        &send_to(&with_cookie, both).await,
        401,
        "token_invalid",
        invalid,
    );
}
