//! Problems in responses.

use std::time::Duration;

use divan_client::api::{MemberError, MemberErrorCode, Problem, ProblemCode};
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::support::{me_with_response, problem_response};

#[tokio::test]
async fn every_problem_is_received_with_all_its_members() {
    for &code in ProblemCode::ALL {
        let problem = Problem::new(code)
            .with_detail("details")
            .with_errors([
                MemberError::new("/phone", MemberErrorCode::TooLong, "is too long")
                    .with_max(200_u32),
                MemberError::new("", MemberErrorCode::NothingToChange, "is empty"),
            ])
            .with_request_id("01920000-0000-7000-8000-00000000000a");

        let error = me_with_response(problem_response(&problem))
            .await
            .unwrap_err();
        assert_eq!(error.problem(), Some(&problem), "{code:?}");
        assert_eq!(
            (error.code(), error.status()),
            (Some(code), Some(code.status()))
        );
        assert!(error.is_problem());
        assert!(
            !error.is_unexpected_response()
                && !error.is_timeout()
                && !error.is_connect()
                && !error.is_setup()
        );
        assert_eq!(error.is_unauthorized(), code.status() == 401, "{code:?}");
        assert_eq!(
            error.is_invalid_credentials(),
            code == ProblemCode::InvalidCredentials
        );
        assert_eq!(error.is_token_expired(), code == ProblemCode::TokenExpired);
        assert_eq!(
            error.to_string(),
            format!("the server returned {} {}", code.status(), code.as_str())
        );
    }
}

#[tokio::test]
async fn an_unknown_code_is_kept_as_text() {
    let body =
        json!({ "type": "x", "title": "y", "status": 418, "code": "of_tomorrow", "hint": "new" });
    let response =
        ResponseTemplate::new(418).set_body_raw(body.to_string(), "application/problem+json");
    let error = me_with_response(response).await.unwrap_err();
    assert_eq!(
        (error.code(), error.status()),
        (Some(ProblemCode::Unknown), Some(418))
    );
    assert_eq!(error.problem().unwrap().code_str(), "of_tomorrow");
}

#[tokio::test]
async fn the_problem_media_type_is_case_insensitive() {
    let problem = serde_json::to_vec(&Problem::new(ProblemCode::TokenExpired)).unwrap();
    let response =
        ResponseTemplate::new(401).set_body_raw(problem, "Application/Problem+JSON; charset=utf-8");
    assert!(
        me_with_response(response)
            .await
            .unwrap_err()
            .is_token_expired()
    );
}

#[tokio::test]
async fn the_status_is_that_of_the_response() {
    let problem = serde_json::to_vec(&Problem::new(ProblemCode::Unavailable)).unwrap();
    let response = ResponseTemplate::new(500).set_body_raw(problem, "application/problem+json");
    let error = me_with_response(response).await.unwrap_err();
    assert_eq!(
        (error.status(), error.problem().unwrap().status()),
        (Some(500), 503)
    );
}

#[tokio::test]
async fn retry_after_in_seconds_is_exposed() {
    let unavailable = problem_response(&Problem::new(ProblemCode::Overloaded));
    let error = me_with_response(unavailable.clone().insert_header("retry-after", "15"))
        .await
        .unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(15)));

    for unreadable in [
        "",
        "-1",
        "soon",
        "Wed, 21 Oct 2026 07:28:00 GMT",
        "99999999999999999999",
    ] {
        let error = me_with_response(unavailable.clone().insert_header("retry-after", unreadable))
            .await
            .unwrap_err();
        assert_eq!(error.retry_after(), None, "{unreadable}");
        assert_eq!(error.code(), Some(ProblemCode::Overloaded));
    }
}
