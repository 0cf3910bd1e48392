//! Verification by the server.

use serde_json::{Value, json};
use wiremock::matchers::{body_string, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::client::Client;

const INVALID: Refusal = Refusal::TokenInvalid(TokenError::NotAccepted);

fn active() -> Value {
    json!({
        "active": true, "sub": user(), "role": "employee", "sid": session(),
        "aud": "divan.example.com", "exp": NOW + 60, "name": "First Last", "client_id": "divan.example.com",
    })
}

async fn server(status: u16, body: &Value) -> MockServer {
    let server = MockServer::start().await;
    respond(&server, status, body).await;
    server
}

async fn respond(server: &MockServer, status: u16, body: &Value) {
    server.reset().await;
    Mock::given(method("POST"))
        .and(path("/auth/introspect"))
        // `an-id:a%3Asecret`
        .and(header("authorization", "Basic YW4taWQ6YSUzQXNlY3JldA=="))
        .and(header("content-type", "application/x-www-form-urlencoded"))
        .and(body_string("token=a%26token"))
        .respond_with(ResponseTemplate::new(status).set_body_json(body))
        .mount(server)
        .await;
}

fn introspection(server: &MockServer, cache_for: Duration) -> Introspection {
    let client = Client::builder(&server.uri()).clock(clock()).build();
    let (client, audiences) = (client.unwrap(), audiences());
    Introspection::with_cache(client, "an-id", "a:secret", audiences, cache_for)
}

async fn requests(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

#[tokio::test]
async fn an_active_token_has_the_claims_of_the_server() {
    let server = server(200, &active()).await;
    let introspection = introspection(&server, Duration::ZERO);
    let claims = introspection.verify("a&token").await.unwrap();
    let expected = Claims {
        user: user(),
        role: Role::Employee,
        audience: Audience::MiniApp,
        session: session(),
        expires_at: NOW + 60,
        name: Some("First Last".to_owned()),
    };
    assert_eq!(claims, expected);
    introspection.verify("a&token").await.unwrap();
    assert_eq!(requests(&server).await, 2, "nothing is remembered");
}

#[tokio::test]
async fn results_are_remembered_for_the_configured_time() {
    let server = server(200, &active()).await;
    let introspection = introspection(&server, Duration::from_hours(1));
    for _ in 0..3 {
        assert!(introspection.verify("a&token").await.is_ok());
    }
    assert_eq!(requests(&server).await, 1);

    let brief = self::introspection(&server, Duration::from_nanos(1));
    assert!(brief.verify("a&token").await.is_ok());
    respond(&server, 200, &json!({"active": false})).await;
    assert_eq!(brief.verify("a&token").await, Err(INVALID));
    assert!(
        introspection.verify("a&token").await.is_ok(),
        "still remembered"
    );
}

#[tokio::test]
async fn tokens_that_are_not_of_a_user_for_an_audience_are_refused() {
    let with = |name: &str, value: Value| {
        let mut response = active();
        response[name] = value;
        response
    };
    for response in [
        json!({"active": false}),
        with("active", json!(false)),
        with("aud", json!("divan.example.com/limited")),
        with("aud", json!("other.example.com")),
        with("aud", Value::Null),
        with("sub", Value::Null),
        with("role", Value::Null),
        with("sid", Value::Null),
        with("exp", Value::Null),
        // A refresh token, and the access token of a service.
        json!({"active": true, "sub": user(), "sid": session(), "exp": NOW + 60, "client_id": "divan.example.com"}),
        json!({"active": true, "sub": user(), "aud": "sec.example.com/service", "exp": NOW + 60, "scope": "introspect"}),
    ] {
        let server = server(200, &response).await;
        let introspection = introspection(&server, Duration::ZERO);
        let result = introspection.verify("a&token").await;
        assert_eq!(result, Err(INVALID), "{response}");
    }
    let expired = with("exp", json!(NOW));
    let server = server(200, &expired).await;
    assert_eq!(
        introspection(&server, Duration::ZERO)
            .verify("a&token")
            .await,
        Err(Refusal::TokenInvalid(TokenError::Expired))
    );
}

#[tokio::test]
async fn a_server_that_cannot_say_is_unavailable() {
    for (status, body) in [
        (401, json!({"error": "invalid_client"})),
        (200, json!({})),
        (200, json!({"active": "yes"})),
        (200, json!(["active"])),
        (200, json!({"active": true, "sub": "not an id"})),
        (200, json!({"active": true, "name": "a".repeat(17_000)})),
        (302, active()),
        (500, active()),
    ] {
        let server = server(status, &body).await;
        let introspection = introspection(&server, Duration::from_secs(5));
        for _ in 0..2 {
            let result = introspection.verify("a&token").await;
            assert_eq!(result, Err(Refusal::Unavailable), "{status}");
        }
        assert_eq!(requests(&server).await, 2, "failures are not remembered");
    }
}

#[tokio::test]
async fn texts_that_are_no_token_are_not_sent() {
    let server = server(200, &active()).await;
    let introspection = introspection(&server, Duration::ZERO);
    for text in [String::new(), "a".repeat(4097)] {
        let result = introspection.verify(&text).await;
        assert_eq!(result, Err(Refusal::TokenInvalid(TokenError::Malformed)));
    }
    assert_eq!(requests(&server).await, 0);
}

#[tokio::test]
async fn debug_shows_no_secret() {
    let server = server(200, &active()).await;
    let protector = Protector::new(introspection(&server, Duration::ZERO));
    let shown = format!("{protector:?}");
    assert!(
        shown.contains("an-id") && !shown.contains("a:secret"),
        "{shown}"
    );
}
