//! Every route against everybody who may come: what the contract says of it is what happens.

use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use divan_core::api::{Auth, ENDPOINTS, EndpointDescription};
use divan_core::store::{AccountUpdate, UserStore};
use divan_core::token::{Audience, Audiences, SecretKey, TokenIssuer, TokenSubject};
use divan_core::types::{Email, Role};
use serde_json::{Value, json};

use crate::harness::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Anonymous,
    Employee,
    HasToChangeThePassword,
    Admin,
    OfAnotherAudience,
    Deactivated,
    SignedOut,
}

const EVERYBODY: [Who; 7] = [
    Who::Anonymous,
    Who::Employee,
    Who::HasToChangeThePassword,
    Who::Admin,
    Who::OfAnotherAudience,
    Who::Deactivated,
    Who::SignedOut,
];

/// What an endpoint says to somebody whom it does not let in.
fn refusal(auth: Auth, who: Who) -> Option<(u16, &'static str)> {
    match (auth, who) {
        (Auth::None | Auth::InitData | Auth::BootstrapToken, _) | (_, Who::Admin) => None,
        (_, Who::Anonymous) => Some((401, "token_missing")),
        (_, Who::OfAnotherAudience | Who::Deactivated | Who::SignedOut) => {
            Some((401, "token_invalid"))
        }
        (Auth::BearerAnyScope, _) | (Auth::Bearer, Who::Employee) => None,
        (_, Who::HasToChangeThePassword) => Some((403, "password_change_required")),
        (Auth::Admin, Who::Employee) => Some((403, "admin_required")),
        other => panic!("nobody has said what becomes of {other:?}"),
    }
}

#[tokio::test]
async fn every_route_admits_the_callers_of_the_contract() {
    let app = App::with_people().await;
    for (n, endpoint) in ENDPOINTS.iter().enumerate() {
        for who in EVERYBODY {
            let token = token(&app, who, n).await;
            let answer = call(&app, endpoint, token.as_deref()).await;
            match refusal(endpoint.auth, who) {
                Some((status, code)) => {
                    answer.assert_problem(status, code);
                }
                None => assert!(
                    !is_refusal(&answer),
                    "{} and {who:?}: {answer:?}",
                    endpoint.operation
                ),
            }
        }
    }
}

/// Asks about nobody, and says nothing: who is let in is told that.
async fn call(app: &App, endpoint: &EndpointDescription, token: Option<&str>) -> Answer {
    let path = endpoint
        .path
        .replace("{id}", "01920000-0000-7000-8000-000000000001");
    let method = endpoint.method.as_str().parse().unwrap();
    app.send_raw(method, &path, token, "application/json", "{}")
        .await
}

fn is_refusal(answer: &Answer) -> bool {
    let code = serde_json::from_str::<Value>(&answer.text).unwrap_or_default()["code"].clone();
    let refusals = [
        "token_missing",
        "token_invalid",
        "token_expired",
        "admin_required",
        "password_change_required",
    ];
    refusals.iter().any(|refusal| code == **refusal)
}

async fn token(app: &App, who: Who, n: usize) -> Option<String> {
    Some(match who {
        Who::Anonymous => return None,
        Who::Employee => app.employee_token().await,
        Who::Admin => app.admin_token().await,
        Who::HasToChangeThePassword => {
            let email = add_admin(app, &format!("narrow{n}@example.com")).await;
            let account = app.store.account_by_email(&email).await.unwrap().unwrap();
            let narrow = |account: &mut divan_core::store::Account| {
                account.user.password_change_required = true;
                Ok(Some(AccountUpdate::none()))
            };
            app.store
                .update_account(account.user.id, &narrow)
                .await
                .unwrap();
            login(app, &email).await["access_token"]
                .as_str()
                .unwrap()
                .to_owned()
        }
        Who::OfAnotherAudience => foreign(&app.admin_token().await),
        Who::Deactivated => {
            let email = add_admin(app, &format!("gone{n}@example.com")).await;
            let session = login(app, &email).await;
            let path = format!(
                "/auth/admin/users/{}",
                session["user"]["id"].as_str().unwrap()
            );
            let (admin, body) = (
                app.admin_token().await,
                json!({"is_active": false}).to_string(),
            );
            let gone = app
                .send_raw(Method::PATCH, &path, Some(&admin), "application/json", body)
                .await;
            assert_eq!(gone.status, 200, "{gone:?}");
            session["access_token"].as_str().unwrap().to_owned()
        }
        Who::SignedOut => {
            let token = app.admin_token().await;
            assert_eq!(
                app.post_as(&token, "/auth/logout", &json!({})).await.status,
                204
            );
            token
        }
    })
}

async fn add_admin(app: &App, email: &str) -> Email {
    let request =
        json!({"role": "admin", "full_name": "Admin", "email": email, "password": ADMIN_PASSWORD});
    let added = app
        .post_as(&app.admin_token().await, "/auth/admin/users", &request)
        .await;
    assert_eq!(added.status, 201, "{added:?}");
    email.parse().unwrap()
}

async fn login(app: &App, email: &Email) -> Value {
    app.post(
        "/auth/admin/login",
        &json!({"email": email, "password": ADMIN_PASSWORD}),
    )
    .await
    .json()
}

/// The same token of the same session, by the same key, for two other hosts.
fn foreign(token: &str) -> String {
    let claims = URL_SAFE_NO_PAD
        .decode(token.split('.').nth(1).unwrap())
        .unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    let subject = TokenSubject::new(
        claims["sub"].as_str().unwrap().parse().unwrap(),
        Role::Admin,
        Audience::Admin,
        claims["sid"].as_str().unwrap().parse().unwrap(),
        1,
    );
    let audiences = Audiences::new("other.example.com", "elsewhere.example.com").unwrap();
    let issuer = TokenIssuer::new(&SecretKey::new([7; 32]).unwrap(), ADMIN_ORIGIN, audiences);
    issuer.issue(&subject).unwrap().token.expose().to_owned()
}
