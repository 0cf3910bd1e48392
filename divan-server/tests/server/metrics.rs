//! Metrics, and the data that they must not contain.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;

use crate::harness::{ADMIN_EMAIL, ADMIN_PASSWORD, App, PASSWORD, PHONE};

/// Returns the value of a sample.
fn value(metrics: &str, row: &str) -> f64 {
    let of_row = |line: &str| line.strip_prefix(row)?.strip_prefix(' ')?.parse().ok();
    metrics
        .lines()
        .find_map(of_row)
        .unwrap_or_else(|| panic!("no {row} in\n{metrics}"))
}

#[tokio::test]
async fn requests_sign_ins_and_hashes_are_counted() {
    let app = App::with_users().await;
    let before = app.state.metrics().await;
    let wrong = json!({"email": ADMIN_EMAIL, "password": "another password"});
    for _ in 0..3 {
        app.post("/auth/admin/login", &wrong)
            .await
            .assert_problem(401, "invalid_credentials");
    }
    app.admin_token().await;
    app.employee_token().await;
    // Neither a preflight nor another method is a sign-in.
    let preflight = Request::builder()
        .method("OPTIONS")
        .uri("/auth/admin/login");
    app.send(
        preflight
            .header("origin", "https://x.example")
            .body(Body::empty())
            .unwrap(),
    )
    .await;
    app.get("/auth/admin/login")
        .await
        .assert_problem(405, "method_not_allowed");

    let after = app.state.metrics().await;
    let grew = |row: &str| value(&after, row) - value(&before, row);
    let begun = r#"divan_hashes_begun_total{class="untrusted"}"#;
    assert!((grew(begun) - 5.0).abs() < f64::EPSILON, "{after}");
    assert!(
        (grew(r#"divan_sign_ins_total{method="admin_login",outcome="success"}"#) - 1.0).abs()
            < f64::EPSILON
    );
    let now = |row: &str, count: f64| {
        assert!(
            (value(&after, row) - count).abs() < f64::EPSILON,
            "{row}\n{after}"
        );
    };
    now(
        r#"divan_sign_ins_total{method="admin_login",outcome="invalid_credentials"}"#,
        3.0,
    );
    now(
        r#"divan_sign_ins_total{method="telegram_login",outcome="success"}"#,
        1.0,
    );
    now(
        r#"divan_http_request_duration_seconds_count{method="POST",route="/auth/admin/login",status="401"}"#,
        3.0,
    );
    now(r#"divan_hashes_running{class="untrusted"}"#, 0.0);
    for (outcome, count) in [("succeeded", 2.0), ("failed", 3.0), ("refused", 0.0)] {
        let row = format!(r#"divan_attempts_total{{class="untrusted",outcome="{outcome}"}}"#);
        assert!((grew(&row) - count).abs() < f64::EPSILON, "{row}\n{after}");
    }
    now(
        r#"divan_attempts_total{class="trusted",outcome="failed"}"#,
        0.0,
    );
    now("divan_reused_tokens_total", 0.0);
    // The first sign-in of the employee linked a Telegram account.
    now("divan_messages_waiting", 1.0);
    now(r#"divan_messages_total{result="delivered"}"#, 0.0);
    assert!(
        !after.contains(r#"outcome="method_not_allowed""#),
        "{after}"
    );
    assert!(after.ends_with("# EOF\n"));
}

#[tokio::test]
async fn a_request_whose_client_disconnects_is_counted() {
    let app = App::with_users().await;
    let login = json!({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD});
    let response = app.post("/auth/admin/login", &login);
    tokio::time::timeout(Duration::ZERO, response)
        .await
        .unwrap_err();

    let metrics = app.state.metrics().await;
    for row in [
        r#"divan_sign_ins_total{method="admin_login",outcome="client_closed"}"#,
        r#"divan_http_request_duration_seconds_count{method="POST",route="/auth/admin/login",status="499"}"#,
    ] {
        assert!(
            (value(&metrics, row) - 1.0).abs() < f64::EPSILON,
            "{row}\n{metrics}"
        );
    }
}

#[tokio::test]
async fn labels_contain_no_client_data() {
    let app = App::with_users().await;
    let admin = app.admin_token().await;
    let user = app.get_as(&admin, "/auth/me").await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    app.get_as(&admin, &format!("/auth/admin/users/{user}"))
        .await;
    app.get_as(&admin, "/auth/admin/users?q=umbrella").await;
    app.get("/umbrella/../77").await;
    let made_up = Request::builder()
        .method(Method::from_bytes(b"UMBRELLA").unwrap())
        .uri("/auth/me");
    app.send(made_up.body(Body::empty()).unwrap()).await;
    app.employee_token().await;
    app.post(
        "/auth/admin/login",
        &json!({"email": "umbrella@example.com", "password": "x"}),
    )
    .await;

    let metrics = app.state.metrics().await;
    let digits = PHONE.trim_start_matches('+');
    for sent in [
        "umbrella",
        "UMBRELLA",
        PASSWORD,
        digits,
        ADMIN_EMAIL,
        ADMIN_PASSWORD,
        &user,
        &admin,
        "127.0.0.1",
    ] {
        assert!(!metrics.contains(sent), "{sent} in\n{metrics}");
    }
    assert!(
        metrics.contains(r#"{method="other",route="/auth/me",status="405"}"#),
        "{metrics}"
    );
}
