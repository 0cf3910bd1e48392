//! Requests with and without tokens, through the layer and the extractor.

use axum::Router;
use axum::body::Body;
use axum::extract::FromRef;
use axum::routing::get;
use http::{Request, Response};
use tower::ServiceExt;

use super::*;

fn protector() -> Protector {
    Protector::new(Server::publishing(&key(1)).keys(KeySettings::default()))
}

#[tokio::test]
async fn only_one_bearer_token_is_read() {
    let (protector, token) = (protector(), token(&key(1), Role::Admin));
    for good in [
        format!("Bearer {token}"),
        format!("bearer {token}"),
        format!("BEARER  {token} "),
    ] {
        assert_eq!(protector.check([&good]).await.unwrap().user, user());
    }
    let missing = ["", "Bearer", &token, &format!("Basic {token}")].map(str::to_owned);
    for value in missing {
        let result = protector.check([&value]).await;
        assert_eq!(result, Err(Refusal::TokenMissing), "{value}");
    }
    let none: [&str; 0] = [];
    assert_eq!(protector.check(none).await, Err(Refusal::TokenMissing));
    let good = format!("Bearer {token}");
    let invalid = Err(Refusal::TokenInvalid(TokenError::Malformed));
    assert_eq!(protector.check([&good, &good]).await, invalid);
    assert_eq!(protector.check(["Bearer "]).await, invalid);
    assert_eq!(protector.check([b"Bearer \xFF"]).await, invalid);
}

#[tokio::test]
async fn role_and_audience_are_required() {
    let (admin, employee) = (token(&key(1), Role::Admin), token(&key(1), Role::Employee));
    let admins = protector().require_role(Role::Admin);
    assert!(admins.check_token(&admin).await.is_ok());
    assert_eq!(
        admins.check_token(&employee).await,
        Err(Refusal::Insufficient)
    );
    let miniapp = protector().require_audience(Audience::MiniApp);
    assert!(miniapp.check_token(&employee).await.is_ok());
    assert_eq!(
        miniapp.check_token(&admin).await,
        Err(Refusal::Insufficient)
    );
}

#[tokio::test]
async fn a_limited_token_is_refused() {
    let subject = TokenSubject::new(user(), Role::Admin, Audience::Admin, session(), 1)
        .with_scope(divan_core::token::Scope::PasswordChange);
    let issuer = TokenIssuer::new(key(1), ISSUER, audiences()).clock(clock());
    let limited = issuer.issue(&subject).unwrap().token;
    assert_eq!(
        protector().check_token(limited.expose()).await,
        Err(Refusal::TokenInvalid(TokenError::NotAccepted))
    );
}

#[derive(Clone)]
struct App {
    protector: Protector,
}

impl FromRef<App> for Protector {
    fn from_ref(app: &App) -> Self {
        app.protector.clone()
    }
}

async fn name(claims: Claims) -> String {
    claims.user.to_string()
}

async fn send(app: Router, authorization: &str) -> Response<Body> {
    let request = Request::get("/").header("authorization", authorization);
    let request = request.body(Body::empty()).unwrap();
    app.oneshot(request).await.unwrap()
}

/// Status, `WWW-Authenticate` and `Retry-After`.
fn summary(response: &Response<Body>) -> (u16, &str, &str) {
    let header = |name| {
        let value = response.headers().get(name);
        value.map_or("", |value| value.to_str().unwrap())
    };
    (
        response.status().as_u16(),
        header("www-authenticate"),
        header("retry-after"),
    )
}

#[tokio::test]
async fn layer_and_extractor_answer_as_rfc_6750_says() {
    let down = Protector::new(Server::default().keys(KeySettings::default()));
    let admins = protector().require_role(Role::Admin);
    let (admin, employee) = (token(&key(1), Role::Admin), token(&key(1), Role::Employee));
    let [admin, employee] = [admin, employee].map(|token| format!("Bearer {token}"));
    for (protector, authorization, expected) in [
        (&admins, admin.as_str(), (200, "", "")),
        (&admins, "Basic YTpi", (401, "Bearer", "")),
        (
            &admins,
            "Bearer a.b.c",
            (401, r#"Bearer error="invalid_token""#, ""),
        ),
        (
            &admins,
            &employee,
            (403, r#"Bearer error="insufficient_scope""#, ""),
        ),
        (&down, &admin, (503, "", "5")),
    ] {
        let protector = protector.clone();
        let layered = Router::new()
            .route("/", get(async || "hello"))
            .layer(ProtectLayer::new(protector.clone()));
        let extracted = Router::new()
            .route("/", get(name))
            .with_state(App { protector });
        for app in [layered, extracted] {
            let response = send(app, authorization).await;
            assert_eq!(summary(&response), expected, "{authorization}");
        }
    }
}

#[tokio::test]
async fn the_extractor_has_its_own_requirements_behind_a_layer() {
    let app = |required: Protector| {
        Router::new()
            .route("/", get(name))
            .layer(ProtectLayer::new(protector()))
            .with_state(App {
                protector: required,
            })
    };
    let employee = format!("Bearer {}", token(&key(1), Role::Employee));
    // The keys of this protector are never fetched: the layer has verified the token.
    let down = Protector::new(Server::default().keys(KeySettings::default()));
    assert_eq!(send(app(down.clone()), &employee).await.status(), 200);
    let admins = down.require_role(Role::Admin);
    assert_eq!(send(app(admins), &employee).await.status(), 403);
}
