//! Errors and `Debug` output contain no secrets.

use divan_client::api::{BootstrapRequest, MemberError, MemberErrorCode, Problem, ProblemCode};
use divan_client::{Client, Secret};
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::support::{
    TOKEN, client, full_text, json_response, me_with_response, problem_response, server, token,
};

#[tokio::test]
async fn a_token_in_a_problem_is_redacted() {
    let problem = Problem::new(ProblemCode::TokenInvalid)
        .with_detail(format!("{TOKEN} is wrong"))
        .with_errors([MemberError::new(
            format!("/{TOKEN}"),
            MemberErrorCode::Taken,
            TOKEN,
        )]);
    let error = me_with_response(problem_response(&problem))
        .await
        .unwrap_err();
    assert_eq!(error.problem(), Some(&problem));
    assert!(!full_text(&error).contains(TOKEN), "{}", full_text(&error));

    let body = json!({ "status": 401, "code": TOKEN });
    let response =
        ResponseTemplate::new(401).set_body_raw(body.to_string(), "application/problem+json");
    let error = me_with_response(response).await.unwrap_err();
    assert!(!full_text(&error).contains(TOKEN), "{}", full_text(&error));
}

#[tokio::test]
async fn an_invalid_body_is_not_quoted() {
    for body in [
        json!(TOKEN),
        json!({ "id": TOKEN }),
        json!({ "role": TOKEN }),
    ] {
        let error = me_with_response(json_response(200, &body))
            .await
            .unwrap_err();
        assert!(error.is_unexpected_response());
        assert!(!full_text(&error).contains(TOKEN), "{}", full_text(&error));
    }
}

#[tokio::test]
async fn an_unexpected_response_shows_neither_body_nor_headers() {
    let page = ResponseTemplate::new(502)
        .set_body_string(TOKEN)
        .insert_header("location", TOKEN);
    let error = me_with_response(page).await.unwrap_err();
    assert!(!full_text(&error).contains(TOKEN), "{}", full_text(&error));
}

#[tokio::test]
async fn a_token_with_control_characters_is_rejected_and_not_quoted() {
    let server = server("POST", "/never", ResponseTemplate::new(500)).await;
    let client = client(&server.uri());
    for text in [
        format!("{TOKEN}\r\nx-evil: 1"),
        format!("{TOKEN}\n"),
        format!("{TOKEN}\0"),
        format!("\x7f{TOKEN}"),
    ] {
        let token = Secret::new(text);
        let bootstrap = BootstrapRequest::new("a@example.com", "tram under the plum");
        for error in [
            client.me(&token).await.unwrap_err(),
            client
                .bootstrap(Some(&token), &bootstrap)
                .await
                .unwrap_err(),
        ] {
            assert!(error.is_setup(), "{error:?}");
            assert_eq!(
                error.to_string(),
                "the token contains a character not allowed in a header"
            );
            assert!(!full_text(&error).contains(TOKEN));
        }
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn network_errors_do_not_contain_the_url() {
    let client = client("http://localhost:1/secret-prefix");
    let error = client.me(&token()).await.unwrap_err();
    assert!(error.is_connect());
    assert!(
        !full_text(&error).contains("secret-prefix") && !full_text(&error).contains(TOKEN),
        "{}",
        full_text(&error)
    );
}

#[test]
fn debug_of_client_and_builder_contains_no_secret() {
    let builder = Client::builder("https://user:hunter2@example.com");
    assert!(!format!("{builder:?}").contains("hunter2"), "{builder:?}");
    assert!(!full_text(&builder.build().unwrap_err()).contains("hunter2"));

    let client = Client::new("https://example.com/prefix/").unwrap();
    assert_eq!(
        format!("{client:?}"),
        r#"Client { base_url: "https://example.com/prefix", .. }"#
    );
}
