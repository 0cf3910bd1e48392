//! HTTP behaviour that all routes share.

use crate::harness::*;
use axum::Router;
use axum::body::Body;
use axum::http::Request;

async fn from_origin(
    app: &App,
    request: axum::http::request::Builder,
    origin: &str,
) -> TestResponse {
    app.send(
        request
            .header("origin", origin)
            .body(Body::empty())
            .unwrap(),
    )
    .await
}

#[tokio::test]
async fn further_request_headers_are_allowed_by_configuration() {
    let app = App::start().await;
    let preflight = Request::builder()
        .method("OPTIONS")
        .uri("/auth/telegram/login")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "sentry-trace");
    let response = from_origin(&app, preflight, ADMIN_ORIGIN).await;
    let allowed = response.header("access-control-allow-headers");
    let names: Vec<&str> = allowed.split(',').collect();
    for name in ["authorization", "x-telegram-init-data", "sentry-trace"] {
        assert!(names.contains(&name), "{allowed}");
    }
    assert!(!names.contains(&"baggage"), "{allowed}");
}

#[tokio::test]
async fn cors_allows_the_origins_of_the_two_audiences_only() {
    let app = App::start().await;
    for origin in [MINIAPP_ORIGIN, ADMIN_ORIGIN] {
        let preflight = Request::builder()
            .method("OPTIONS")
            .uri("/auth/telegram/login")
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,content-type",
            );
        let response = from_origin(&app, preflight, origin).await;
        assert_eq!(response.status, 200);
        assert_eq!(response.header("access-control-allow-origin"), origin);
        assert!(
            response
                .header("access-control-allow-headers")
                .contains("authorization")
        );
        assert!(
            response
                .header("access-control-allow-credentials")
                .is_empty()
        );
    }
    for origin in [
        "https://evil.example.com",
        "null",
        "http://divan.example.com",
    ] {
        let response = from_origin(&app, Request::get("/health/live"), origin).await;
        assert!(
            response.header("access-control-allow-origin").is_empty(),
            "{origin}"
        );
    }
}

#[tokio::test]
async fn problems_have_cors_headers() {
    let app = App::start().await;
    for (request, status) in [
        (Request::get("/nothing"), 404),
        (Request::put("/auth/me"), 405),
        (Request::get("/auth/me"), 401),
        (Request::post("/auth/admin/login"), 415),
    ] {
        let response = from_origin(&app, request, MINIAPP_ORIGIN).await;
        assert_eq!(response.status, status);
        assert_eq!(
            response.header("access-control-allow-origin"),
            MINIAPP_ORIGIN
        );
        assert!(
            response
                .header("access-control-expose-headers")
                .contains("x-request-id")
        );
    }
}

#[tokio::test]
async fn every_response_has_the_security_headers() {
    let app = App::start().await;
    for path in [
        "/auth/me",
        "/health/live",
        "/nothing",
        "/docs/",
        "/openapi.json",
    ] {
        let response = app.get(path).await;
        assert_eq!(
            response.header("x-content-type-options"),
            "nosniff",
            "{path}"
        );
        assert_eq!(response.header("referrer-policy"), "no-referrer", "{path}");
        assert!(
            response
                .header("content-security-policy")
                .contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert_eq!(
            response.header("strict-transport-security"),
            "max-age=31536000",
            "{path}"
        );
    }
    let preflight = Request::builder()
        .method("OPTIONS")
        .uri("/auth/me")
        .header("x-request-id", "abc");
    let response = from_origin(&app, preflight, MINIAPP_ORIGIN).await;
    assert_eq!(response.header("x-content-type-options"), "nosniff");
    assert_eq!(
        (
            response.header("cache-control"),
            response.header("x-request-id")
        ),
        ("no-store", "abc")
    );
    assert_eq!(
        app.get("/auth/me").await.header("cache-control"),
        "no-store"
    );
    let page = app.get("/docs/").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let policy = page.header("content-security-policy");
    assert!(policy.contains("script-src 'self';"), "{policy}");
}

#[tokio::test]
async fn only_a_valid_request_id_is_kept() {
    let app = App::start().await;
    let with_id = async |id: &str| {
        let request = Request::get("/health/live").header("x-request-id", id);
        app.send(request.body(Body::empty()).unwrap())
            .await
            .header("x-request-id")
            .to_owned()
    };
    assert_eq!(with_id("abc-123.X_y").await, "abc-123.X_y");
    for invalid in ["", "a b", "a\"b", &"x".repeat(65)] {
        let id = with_id(invalid).await;
        assert!(id != invalid && id.len() == 32, "{invalid} became {id}");
    }
}

#[tokio::test]
async fn a_server_error_has_its_request_id_and_no_detail() {
    let app = App::start().await;
    app.store.close().await;
    let request = Request::get("/health/ready").header("x-request-id", "abc");
    let response = app.send(request.body(Body::empty()).unwrap()).await;
    let problem = response.assert_problem(503, "not_ready");
    assert_eq!(
        (
            problem["request_id"].as_str(),
            response.header("x-request-id")
        ),
        (Some("abc"), "abc")
    );
    assert!(problem["detail"].is_null());
}

#[tokio::test]
async fn the_api_page_works_at_the_root_and_below_a_prefix() {
    let app = App::start().await;
    let mut nested = App::start().await;
    nested.router = Router::new().nest("/sign-in", nested.router.clone());
    for (app, prefix) in [(&app, ""), (&nested, "/sign-in")] {
        let redirect = app.get(&format!("{prefix}/docs")).await;
        assert_eq!(
            (redirect.status.as_u16(), redirect.header("location")),
            (308, "docs/")
        );
        let page = app.get(&format!("{prefix}/docs/")).await;
        assert_eq!(page.status, 200);
        assert!(page.text.contains("swagger-ui-bundle.js") && !page.text.contains("src=\"/"));
        let script = app
            .get(&format!("{prefix}/docs/swagger-initializer.js"))
            .await;
        assert!(script.text.contains(r#""openapi.json""#), "{}", script.text);
        for (path, server) in [("/openapi.json", "./"), ("/docs/openapi.json", "../")] {
            let document = app.get(&format!("{prefix}{path}")).await;
            assert_eq!(document.json()["servers"][0]["url"], server);
        }
    }
    // Without a prefix and below one, matched or not, nothing is cached unless its handler says so.
    for (app, path) in [
        (&app, "/auth/nothing"),
        (&app, "/health/live"),
        (&nested, "/sign-in/auth/me"),
        (&nested, "/sign-in/auth/nothing"),
    ] {
        let response = app.get(path).await;
        assert_eq!(response.header("cache-control"), "no-store", "{path}");
    }
    nested
        .get("/sign-in/auth/me")
        .await
        .assert_problem(401, "token_missing");
    nested
        .get("/sign-in/nothing")
        .await
        .assert_problem(404, "not_found");
}
