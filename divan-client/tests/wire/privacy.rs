//! No secret shows, whatever the server does with it.

use divan_client::api::{BootstrapRequest, MemberError, Problem, ProblemCode};
use divan_client::{Client, Secret};
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::support::{
    TOKEN, client, json_answer, me_answered, problem_answer, server, shown, token,
};

#[tokio::test]
async fn a_problem_that_repeats_the_token_does_not_show_it() {
    let problem = Problem::new(ProblemCode::TokenInvalid)
        .detail(format!("{TOKEN} is wrong"))
        .errors([MemberError::new(format!("/{TOKEN}"), TOKEN)]);
    let error = me_answered(problem_answer(&problem)).await.unwrap_err();
    assert_eq!(error.problem(), Some(&problem));
    assert!(!shown(&error).contains(TOKEN), "{}", shown(&error));

    let body = json!({ "status": 401, "code": TOKEN });
    let answer =
        ResponseTemplate::new(401).set_body_raw(body.to_string(), "application/problem+json");
    let error = me_answered(answer).await.unwrap_err();
    assert!(!shown(&error).contains(TOKEN), "{}", shown(&error));
}

#[tokio::test]
async fn an_answer_of_another_shape_does_not_show_what_is_in_it() {
    for body in [
        json!(TOKEN),
        json!({ "id": TOKEN }),
        json!({ "role": TOKEN }),
    ] {
        let error = me_answered(json_answer(200, &body)).await.unwrap_err();
        assert!(error.is_unexpected_answer());
        assert!(!shown(&error).contains(TOKEN), "{}", shown(&error));
    }
}

#[tokio::test]
async fn an_unexpected_answer_shows_neither_its_body_nor_its_headers() {
    let page = ResponseTemplate::new(502)
        .set_body_string(TOKEN)
        .insert_header("location", TOKEN);
    let error = me_answered(page).await.unwrap_err();
    assert!(!shown(&error).contains(TOKEN), "{}", shown(&error));
}

#[tokio::test]
async fn a_token_that_no_header_can_carry_is_an_error_and_is_not_shown() {
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
                "the token holds a character that no header can carry"
            );
            assert!(!shown(&error).contains(TOKEN));
        }
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_error_of_the_network_shows_no_url() {
    let client = client("http://localhost:1/secret-prefix");
    let error = client.me(&token()).await.unwrap_err();
    assert!(error.is_connect());
    assert!(
        !shown(&error).contains("secret-prefix") && !shown(&error).contains(TOKEN),
        "{}",
        shown(&error)
    );
}

#[test]
fn client_and_builder_show_their_settings_and_no_more() {
    let builder = Client::builder("https://user:hunter2@example.com");
    assert!(!format!("{builder:?}").contains("hunter2"), "{builder:?}");
    assert!(!shown(&builder.build().unwrap_err()).contains("hunter2"));

    let client = Client::new("https://example.com/prefix/").unwrap();
    assert_eq!(
        format!("{client:?}"),
        r#"Client { base_url: "https://example.com/prefix", .. }"#
    );
}
