//! The second factor and step-up over HTTP.

use std::time::Duration;

use axum::http::Method;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use divan_core::clock::Clock;
use divan_core::second_factor::TotpSecret;
use divan_core::store::Store;
use serde_json::{Value, json};

use crate::harness::*;

const PATH: &str = "/auth/admin/me/second-factor";

async fn sign_in(app: &App) -> TestResponse {
    let login = json!({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD});
    app.post("/auth/admin/login", &login).await
}

/// Returns the current code of an authenticator app.
fn code<S: Store>(app: &App<S>, secret: &str) -> String {
    let secret: TotpSecret = secret.parse().unwrap();
    secret.code(app.clock.unix_seconds() / TotpSecret::STEP_SECONDS)
}

/// Turns the second factor on. Returns the secret and the response of the confirmation.
pub(crate) async fn enrol<S: Store + Clone + 'static>(
    app: &App<S>,
    token: &str,
) -> (String, Value) {
    let begun = app.post_as(token, PATH, &Value::Null).await;
    assert_eq!(begun.header("cache-control"), "no-store");
    let secret = begun.json()["secret"].as_str().unwrap().to_owned();
    let confirm = format!("{PATH}/confirm");
    let body = json!({"code": code(app, &secret)});
    let enabled = app.post_as(token, &confirm, &body).await;
    assert_eq!(enabled.status, 200, "{enabled:?}");
    (secret, enabled.json())
}

#[tokio::test]
async fn a_sign_in_with_a_second_factor_has_two_steps() {
    let app = App::with_users().await;
    let (secret, _) = enrol(&app, &app.admin_token().await).await;
    let first = sign_in(&app).await;
    let problem = first.assert_problem(401, "second_factor_required");
    assert_eq!(first.header("www-authenticate"), "Bearer");
    assert_eq!(problem["methods"], json!(["code", "recovery_code"]));
    let challenge = &problem["challenge"];

    let path = "/auth/admin/login/second-factor";
    let wrong = json!({"challenge": challenge, "code": "12345"});
    let wrong = app.post(path, &wrong).await;
    wrong.assert_problem(401, "second_factor_invalid");
    app.clock.advance(Duration::from_secs(30));
    let right = json!({"challenge": challenge, "code": code(&app, &secret)});
    let session = app.post(path, &right).await;
    assert_eq!(session.status, 200, "{session:?}");
    assert!(session.json()["device_token"].is_string());
    let again = app.post(path, &right).await;
    again.assert_problem(401, "second_factor_challenge_invalid");
}

#[tokio::test]
async fn a_proof_has_exactly_one_member() {
    let app = App::with_users().await;
    let token = app.admin_token().await;
    let path = "/auth/admin/step-up";
    for (body, pointer) in [
        (json!({}), "/password"),
        (json!({"password": "x", "code": "123456"}), "/code"),
        (
            json!({"code": "123456", "recovery_code": "x"}),
            "/recovery_code",
        ),
    ] {
        let refused = app.post_as(&token, path, &body).await;
        refused.assert_invalid(pointer);
    }
    let body = json!({"challenge": "dvc1.x"});
    let refused = app.post("/auth/admin/login/second-factor", &body).await;
    refused.assert_invalid("/code");
}

#[tokio::test]
async fn an_operation_with_an_old_proof_asks_for_a_new_one() {
    let app = App::with_users().await;
    let token = app.admin_token().await;
    app.clock.advance(Duration::from_secs(301));
    let refused = app.post_as(&token, PATH, &Value::Null).await;
    let problem = refused.assert_problem(401, "insufficient_user_authentication");
    assert_eq!(problem["methods"], json!(["password"]));
    assert_eq!(
        refused.header("www-authenticate"),
        r#"Bearer error="insufficient_user_authentication", max_age=300"#
    );
    let path = "/auth/admin/step-up";
    let wrong = json!({"password": "a wrong password"});
    let wrong = app.post_as(&token, path, &wrong).await;
    wrong.assert_problem(401, "invalid_credentials");
    let right = json!({"password": ADMIN_PASSWORD});
    let proved = app.post_as(&token, path, &right).await.json();
    let token = proved["access_token"].as_str().unwrap();
    let (_, enabled) = enrol(&app, token).await;

    let token = enabled["token"]["access_token"].as_str().unwrap();
    app.clock.advance(Duration::from_secs(301));
    let refused = app.delete_as(token, PATH).await;
    let problem = refused.assert_problem(401, "insufficient_user_authentication");
    assert_eq!(problem["methods"], json!(["code", "recovery_code"]));
}

#[tokio::test]
async fn employees_have_no_second_factor() {
    let app = App::with_users().await;
    let token = app.employee_token().await;
    let step_up = json!({"password": PASSWORD});
    for (method, path, body) in [
        (Method::GET, PATH, json!({})),
        (Method::POST, PATH, json!({})),
        (Method::DELETE, PATH, json!({})),
        (Method::POST, "/auth/admin/step-up", step_up),
    ] {
        let refused = app
            .send_raw(
                method,
                path,
                Some(&token),
                "application/json",
                body.to_string(),
            )
            .await;
        refused.assert_problem(403, "admin_required");
    }
}

#[tokio::test]
async fn an_oauth2_client_sends_the_code_as_its_secret() {
    let app = App::with_users().await;
    let (secret, enabled) = enrol(&app, &app.admin_token().await).await;
    app.clock.advance(Duration::from_secs(30));
    let form =
        "grant_type=password&username=admin%40example.com&password=tram%20under%20the%20plum";
    let media_type = "application/x-www-form-urlencoded";
    let request = async |form: String| {
        let path = "/auth/token";
        app.send_raw(Method::POST, path, None, media_type, form)
            .await
    };
    let without = request(form.to_owned()).await;
    assert_eq!(without.status, 400, "{without:?}");
    let without = without.json();
    assert_eq!(without["error"], "invalid_grant");
    let description = without["error_description"].as_str().unwrap();
    assert!(description.contains("`client_secret`"), "{description}");
    let recovery_code = enabled["recovery_codes"][0].as_str().unwrap();
    for code in [code(&app, &secret), recovery_code.to_owned()] {
        let tokens = request(format!("{form}&client_secret={code}")).await;
        assert_eq!(tokens.status, 200, "{tokens:?}");
    }
    app.clock.advance(Duration::from_secs(30));
    let credentials = BASE64_STANDARD.encode(format!("any%20client:{}", code(&app, &secret)));
    let request_with_header = axum::http::Request::post("/auth/token")
        .header("content-type", media_type)
        .header("authorization", format!("Basic {credentials}"));
    let tokens = app
        .send(request_with_header.body(form.to_owned().into()).unwrap())
        .await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    let wrong = request(format!("{form}&client_secret=12345")).await;
    assert_eq!(wrong.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn another_administrator_resets_a_second_factor() {
    let app = App::with_users().await;
    let token = app.admin_token().await;
    let create = json!({"role": "admin", "full_name": "Second", "email": "second@example.com"});
    let created = app
        .post_as(&token, "/auth/admin/users", &create)
        .await
        .json();
    let path = format!(
        "/auth/admin/users/{}/second-factor",
        created["user"]["id"].as_str().unwrap()
    );
    let state = app.get_as(&token, &path).await.json();
    assert_eq!(
        state,
        json!({"is_enabled": false, "recovery_codes_left": 0, "passkeys": 0})
    );
    let none = app.delete_as(&token, &path);
    none.await.assert_problem(404, "not_found");
    let me = app.get_as(&token, "/auth/me").await.json();
    let own = format!(
        "/auth/admin/users/{}/second-factor",
        me["id"].as_str().unwrap()
    );
    let own = app.delete_as(&token, &own);
    own.await.assert_problem(409, "own_account");
}
