//! Complete responses that violate the contract, and responses of newer servers.

use std::time::Duration;

use divan_client::Error;
use divan_client::api::{Problem, ProblemCode};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::support::{json_response, me_with_response, user};

fn assert_unexpected(error: &Error, status: u16, reason: &str) {
    assert!(error.is_unexpected_response(), "{error:?}");
    assert_eq!((error.status(), error.code()), (Some(status), None));
    assert!(!error.is_problem() && !error.is_timeout() && !error.is_connect() && !error.is_setup());
    assert_eq!(
        error.to_string(),
        format!("unexpected response with status {status}: {reason}")
    );
}

#[tokio::test]
async fn unknown_members_are_ignored() {
    let mut newer = user();
    newer["favourite_colour"] = json!({ "name": "blue" });
    let me = me_with_response(json_response(200, &newer)).await.unwrap();
    assert_eq!(serde_json::to_value(&me).unwrap(), user());
}

#[tokio::test]
async fn an_html_error_page_is_unexpected() {
    let page = ResponseTemplate::new(502).set_body_raw("<h1>Bad Gateway</h1>", "text/html");
    let error = me_with_response(page.insert_header("retry-after", "5"))
        .await
        .unwrap_err();
    assert_unexpected(
        &error,
        502,
        "neither the documented success status nor a problem document",
    );
    assert_eq!(error.retry_after(), Some(Duration::from_secs(5)));
}

#[tokio::test]
async fn a_problem_with_another_media_type_is_unexpected() {
    let problem = serde_json::to_value(Problem::new(ProblemCode::TokenExpired)).unwrap();
    let error = me_with_response(json_response(401, &problem))
        .await
        .unwrap_err();
    assert_unexpected(
        &error,
        401,
        "neither the documented success status nor a problem document",
    );
    assert!(error.is_unauthorized() && !error.is_token_expired());
}

#[tokio::test]
async fn an_invalid_problem_is_unexpected() {
    for (body, reason) in [
        (
            r#"{"type":"about:blank","status":503}"#,
            "JSON of another shape at line 1 column 35",
        ),
        ("<h1>503</h1>", "not JSON at line 1 column 1"),
        ("", "not JSON at line 1 column 0"),
    ] {
        let response = ResponseTemplate::new(503).set_body_raw(body, "application/problem+json");
        assert_unexpected(&me_with_response(response).await.unwrap_err(), 503, reason);
    }
}

#[tokio::test]
async fn a_success_with_another_status_is_unexpected() {
    for status in [201, 202, 299] {
        let error = me_with_response(json_response(status, &user()))
            .await
            .unwrap_err();
        assert_unexpected(
            &error,
            status,
            "neither the documented success status nor a problem document",
        );
    }
    let empty = me_with_response(ResponseTemplate::new(204))
        .await
        .unwrap_err();
    assert_unexpected(
        &empty,
        204,
        "neither the documented success status nor a problem document",
    );
}

#[tokio::test]
async fn a_problem_with_a_success_status_is_unexpected() {
    let problem = serde_json::to_vec(&Problem::new(ProblemCode::Internal)).unwrap();
    let response = ResponseTemplate::new(202).set_body_raw(problem, "application/problem+json");
    let error = me_with_response(response).await.unwrap_err();
    assert_unexpected(
        &error,
        202,
        "neither the documented success status nor a problem document",
    );
}

#[tokio::test]
async fn a_success_that_is_not_json_is_unexpected() {
    let page =
        ResponseTemplate::new(200).set_body_raw("<h1>Welcome to this airport</h1>", "text/html");
    assert_unexpected(
        &me_with_response(page).await.unwrap_err(),
        200,
        "not JSON at line 1 column 1",
    );
}

#[tokio::test]
async fn a_success_of_another_shape_is_unexpected() {
    for body in [
        Value::Null,
        json!([]),
        json!({}),
        json!({ "user": user() }),
        json!("user"),
    ] {
        let error = me_with_response(json_response(200, &body))
            .await
            .unwrap_err();
        assert!(error.is_unexpected_response(), "{body}");
        assert!(
            error.to_string().contains("JSON of another shape"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_body_is_read_up_to_1_mib() {
    let mut body = user();
    body["padding"] = json!("");
    let room = 1024 * 1024 - body.to_string().len();

    body["padding"] = json!("x".repeat(room));
    me_with_response(json_response(200, &body)).await.unwrap();

    body["padding"] = json!("x".repeat(room + 1));
    let error = me_with_response(json_response(200, &body))
        .await
        .unwrap_err();
    assert_unexpected(&error, 200, "larger than 1 MiB");
}
