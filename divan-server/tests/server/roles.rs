//! Every route with every kind of caller admits the callers that the contract names.

use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use divan_core::api::{Auth, ENDPOINTS, EndpointDescription};
use divan_core::store::{Account, AccountUpdate, UserStore};
use divan_core::token::{Audience, Audiences, SecretKey, TokenIssuer, TokenSubject};
use divan_core::types::{Email, Role};
use serde_json::{Value, json};

use crate::harness::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    Anonymous,
    Employee,
    MustChangePassword,
    Admin,
    OtherAudience,
    Deactivated,
    SignedOut,
}

const CALLERS: [Caller; 7] = [
    Caller::Anonymous,
    Caller::Employee,
    Caller::MustChangePassword,
    Caller::Admin,
    Caller::OtherAudience,
    Caller::Deactivated,
    Caller::SignedOut,
];

/// Returns the expected problem for a caller, or `None` for an admitted one.
fn expected_refusal(auth: Auth, caller: Caller) -> Option<(u16, &'static str)> {
    match (auth, caller) {
        (Auth::None | Auth::InitData | Auth::BootstrapToken, _) | (_, Caller::Admin) => None,
        (_, Caller::Anonymous) => Some((401, "token_missing")),
        (_, Caller::OtherAudience | Caller::Deactivated | Caller::SignedOut) => {
            Some((401, "token_invalid"))
        }
        (Auth::BearerAnyScope | Auth::RefreshTokenOrBearer, _)
        | (Auth::Bearer, Caller::Employee) => None,
        (_, Caller::MustChangePassword) => Some((403, "password_change_required")),
        (Auth::Admin | Auth::AdminAnyScope | Auth::AdminOrService(_), Caller::Employee) => {
            Some((403, "admin_required"))
        }
        other => panic!("no expectation for {other:?}"),
    }
}

#[tokio::test]
async fn every_route_admits_the_callers_of_the_contract() {
    let app = App::with_users().await;
    for (n, endpoint) in ENDPOINTS.iter().enumerate() {
        for caller in CALLERS {
            let token = token(&app, caller, n).await;
            let response = call(&app, endpoint, token.as_deref()).await;
            match expected_refusal(endpoint.auth, caller) {
                Some((status, code)) => {
                    response.assert_problem(status, code);
                }
                None => assert!(
                    !is_refusal(&response),
                    "{} and {caller:?}: {response:?}",
                    endpoint.operation
                ),
            }
        }
    }
}

/// Sends an empty body and the id of no user, which an admitted caller gets a problem for.
async fn call(app: &App, endpoint: &EndpointDescription, token: Option<&str>) -> TestResponse {
    let path = endpoint
        .path
        .replace("{id}", "01920000-0000-7000-8000-000000000001");
    let method = endpoint.method.as_str().parse().unwrap();
    app.send_raw(method, &path, token, "application/json", "{}")
        .await
}

fn is_refusal(response: &TestResponse) -> bool {
    let code = serde_json::from_str::<Value>(&response.text).unwrap_or_default()["code"].clone();
    let refusals = [
        "token_missing",
        "token_invalid",
        "token_expired",
        "admin_required",
        "password_change_required",
    ];
    refusals.iter().any(|refusal| code == **refusal)
}

async fn token(app: &App, caller: Caller, n: usize) -> Option<String> {
    Some(match caller {
        Caller::Anonymous => return None,
        Caller::Employee => app.employee_token().await,
        Caller::Admin => app.admin_token().await,
        Caller::MustChangePassword => {
            let email = add_admin(app, &format!("expired{n}@example.com")).await;
            let account = app.store.account_by_email(&email).await.unwrap().unwrap();
            let require_change = |account: &mut Account| {
                account.user.password_change_required = true;
                Ok(Some(AccountUpdate::none()))
            };
            app.store
                .update_account(account.user.id, &require_change)
                .await
                .unwrap();
            login(app, &email).await["access_token"]
                .as_str()
                .unwrap()
                .to_owned()
        }
        Caller::OtherAudience => with_other_audiences(&app.admin_token().await),
        Caller::Deactivated => {
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
        Caller::SignedOut => {
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
    let request = json!({"role": "admin", "full_name": "Admin", "email": email});
    let added = app
        .post_as(&app.admin_token().await, "/auth/admin/users", &request)
        .await;
    assert_eq!(added.status, 201, "{added:?}");
    let (email, first): (Email, Email) = (email.parse().unwrap(), ADMIN_EMAIL.parse().unwrap());
    let first = app.store.account_by_email(&first).await.unwrap().unwrap();
    let added = app.store.account_by_email(&email).await.unwrap().unwrap();
    // As after a change of the generated password.
    let change_password = |account: &mut Account| {
        account.password_hash = first.password_hash.clone();
        account.user.password_change_required = false;
        Ok(Some(AccountUpdate::none()))
    };
    let id = added.user.id;
    let changed = app.store.update_account(id, &change_password).await;
    changed.unwrap().unwrap();
    email
}

async fn login(app: &App, email: &Email) -> Value {
    app.post(
        "/auth/admin/login",
        &json!({"email": email, "password": ADMIN_PASSWORD}),
    )
    .await
    .json()
}

/// Returns the same token of the same session, signed with the same key, for two other audiences.
fn with_other_audiences(token: &str) -> String {
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
