//! Passkeys over HTTP.

use divan_core::passkey::SoftwareAuthenticator;
use divan_core::types::{PasskeyCredential, PasskeyOptions};
use serde_json::{Value, json};

use crate::harness::*;

const PATH: &str = "/auth/admin/me/passkeys";
const LOGIN: &str = "/auth/admin/login/passkey";

fn options(json: &Value) -> PasskeyOptions {
    PasskeyOptions::new(json.clone())
}

fn json_of(credential: &PasskeyCredential) -> Value {
    credential.as_json().clone()
}

/// Registers a passkey. Returns the authenticator and the response.
async fn register(app: &App, token: &str) -> (SoftwareAuthenticator, Value) {
    let mut authenticator = SoftwareAuthenticator::new(ADMIN_ORIGIN, "first");
    let begun = app
        .post_as(token, &format!("{PATH}/options"), &Value::Null)
        .await;
    assert_eq!(begun.header("cache-control"), "no-store");
    let created = authenticator.create(&options(&begun.json()["public_key"]));
    let body = json!({"name": "Laptop", "credential": json_of(&created)});
    let added = app.post_as(token, PATH, &body).await;
    assert_eq!(added.status, 201, "{added:?}");
    (authenticator, added.json())
}

#[tokio::test]
async fn a_browser_gets_options_that_require_a_verified_user() {
    let app = App::with_users().await;
    let token = app.admin_token().await;
    let begun = app
        .post_as(&token, &format!("{PATH}/options"), &Value::Null)
        .await;
    let public_key = &begun.json()["public_key"];
    assert_eq!(public_key["rp"]["id"], "sec.example.com");
    assert_eq!(public_key["user"]["name"], ADMIN_EMAIL);
    assert_eq!(public_key["attestation"], "none");
    let selection = &public_key["authenticatorSelection"];
    assert_eq!(selection["residentKey"], "required");
    assert_eq!(selection["userVerification"], "required");

    let (_, added) = register(&app, &token).await;
    let token = added["token"]["access_token"].as_str().unwrap();
    let begun = app
        .post_as(token, &format!("{PATH}/options"), &Value::Null)
        .await;
    let excluded = &begun.json()["public_key"]["excludeCredentials"];
    assert_eq!(excluded.as_array().unwrap().len(), 1);

    let begun = app.post(&format!("{LOGIN}/options"), &Value::Null).await;
    let public_key = &begun.json()["public_key"];
    assert_eq!(public_key["rpId"], "sec.example.com");
    assert_eq!(public_key["userVerification"], "required");
    assert_eq!(public_key["allowCredentials"], json!([]));
}

#[tokio::test]
async fn a_passkey_signs_in_alone_or_after_the_password() {
    let app = App::with_users().await;
    let (mut authenticator, added) = register(&app, &app.admin_token().await).await;
    assert_eq!(added["recovery_codes"].as_array().unwrap().len(), 10);
    assert_eq!(added["passkey"]["name"], "Laptop");

    let begun = app.post(&format!("{LOGIN}/options"), &Value::Null).await;
    let signed = authenticator.get(&options(&begun.json()["public_key"]));
    let body = json!({"passkey": json_of(&signed)});
    let session = app.post(LOGIN, &body).await;
    assert_eq!(session.status, 200, "{session:?}");
    assert!(session.json()["device_token"].is_string());
    let replayed = app.post(LOGIN, &body).await;
    replayed.assert_problem(401, "passkey_invalid");

    let login = json!({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD});
    let first = app.post("/auth/admin/login", &login).await;
    let problem = first.assert_problem(401, "second_factor_required");
    assert_eq!(problem["methods"], json!(["passkey", "recovery_code"]));
    let signed = authenticator.get(&options(&problem["passkey"]));
    let body = json!({"challenge": problem["challenge"], "passkey": json_of(&signed)});
    let session = app.post("/auth/admin/login/second-factor", &body).await;
    assert_eq!(session.status, 200, "{session:?}");
}

#[tokio::test]
async fn a_passkey_is_listed_renamed_and_removed() {
    let app = App::with_users().await;
    let (_, added) = register(&app, &app.admin_token().await).await;
    let token = added["token"]["access_token"].as_str().unwrap();
    let path = format!("{PATH}/{}", added["passkey"]["id"].as_str().unwrap());
    let renamed = app
        .patch_as(token, &path, &json!({"name": "Old laptop"}))
        .await;
    assert_eq!(renamed.json()["name"], "Old laptop");
    let refused = app.patch_as(token, &path, &json!({"name": ""})).await;
    refused.assert_invalid("/name");
    let listed = app.get_as(token, PATH).await.json();
    assert_eq!(listed["items"], json!([renamed.json()]));
    let removed = app.delete_as(token, &path).await;
    assert!(removed.json()["access_token"].is_string(), "{removed:?}");
    let again = app.delete_as(token, &path).await;
    again.assert_problem(404, "not_found");
}

#[tokio::test]
async fn a_passkey_of_another_origin_is_refused() {
    let app = App::with_users().await;
    let (mut authenticator, _) = register(&app, &app.admin_token().await).await;
    authenticator.origin = MINIAPP_ORIGIN.to_owned();
    let begun = app.post(&format!("{LOGIN}/options"), &Value::Null).await;
    let signed = authenticator.get(&options(&begun.json()["public_key"]));
    let refused = app.post(LOGIN, &json!({"passkey": json_of(&signed)})).await;
    refused.assert_problem(401, "passkey_invalid");
}

#[tokio::test]
async fn employees_have_no_passkeys() {
    let app = App::with_users().await;
    let token = app.employee_token().await;
    app.get_as(&token, PATH)
        .await
        .assert_problem(403, "admin_required");
    let begun = app
        .post_as(&token, &format!("{PATH}/options"), &Value::Null)
        .await;
    begun.assert_problem(403, "admin_required");
}
