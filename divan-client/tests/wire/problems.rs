//! Problems arrive whole, whatever their code.

use std::time::Duration;

use divan_client::api::{MemberError, Problem, ProblemCode};
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::support::{me_answered, problem_answer};

#[tokio::test]
async fn every_code_arrives_with_all_that_comes_along() {
    for &code in ProblemCode::ALL {
        let mut problem = Problem::new(code).detail("what to do about it").errors([
            MemberError::new("/phone", "is missing"),
            MemberError::new("", "is empty"),
        ]);
        problem.request_id = Some("01920000-0000-7000-8000-00000000000a".to_owned());

        let error = me_answered(problem_answer(&problem)).await.unwrap_err();
        assert_eq!(error.problem(), Some(&problem), "{code:?}");
        assert_eq!(
            (error.code(), error.status()),
            (Some(code), Some(code.status()))
        );
        assert!(error.is_problem());
        assert!(
            !error.is_unexpected_answer()
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
            format!("the server answered {} {}", code.status(), code.as_str())
        );
    }
}

#[tokio::test]
async fn a_code_of_a_newer_server_is_unknown_but_there() {
    let body =
        json!({ "type": "x", "title": "y", "status": 418, "code": "of_tomorrow", "hint": "new" });
    let answer =
        ResponseTemplate::new(418).set_body_raw(body.to_string(), "application/problem+json");
    let error = me_answered(answer).await.unwrap_err();
    assert_eq!(
        (error.code(), error.status()),
        (Some(ProblemCode::Unknown), Some(418))
    );
    assert_eq!(error.problem().unwrap().code, "of_tomorrow");
}

#[tokio::test]
async fn a_problem_is_known_by_its_media_type_in_any_spelling() {
    let problem = serde_json::to_vec(&Problem::new(ProblemCode::TokenExpired)).unwrap();
    let answer =
        ResponseTemplate::new(401).set_body_raw(problem, "Application/Problem+JSON; charset=utf-8");
    assert!(me_answered(answer).await.unwrap_err().is_token_expired());
}

#[tokio::test]
async fn the_status_is_that_of_the_answer() {
    let problem = serde_json::to_vec(&Problem::new(ProblemCode::Unavailable)).unwrap();
    let answer = ResponseTemplate::new(500).set_body_raw(problem, "application/problem+json");
    let error = me_answered(answer).await.unwrap_err();
    assert_eq!(
        (error.status(), error.problem().unwrap().status),
        (Some(500), 503)
    );
}

#[tokio::test]
async fn the_server_says_when_to_come_back() {
    let busy = problem_answer(&Problem::new(ProblemCode::Overloaded));
    let error = me_answered(busy.clone().insert_header("retry-after", "15"))
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
        let error = me_answered(busy.clone().insert_header("retry-after", unreadable))
            .await
            .unwrap_err();
        assert_eq!(error.retry_after(), None, "{unreadable}");
        assert_eq!(error.code(), Some(ProblemCode::Overloaded));
    }
}
