//! Limits of failed attempts over HTTP.

use std::time::Duration;

use divan_core::clock::Clock;
use divan_core::store::Store;
use serde_json::{Value, json};

use crate::harness::*;

const FORM: &str = "application/x-www-form-urlencoded";

async fn sign_in(app: &App<impl Store + Clone + 'static>, body: Value) -> TestResponse {
    app.post("/auth/admin/login", &body).await
}

fn guess() -> Value {
    json!({"email": ADMIN_EMAIL, "password": "a wrong password"})
}

/// Guesses the administrator's password until guesses are refused. Requests in the process have no
/// address, so only the limit of the account applies.
async fn attack(app: &App) {
    for _ in 0..10 {
        let wrong = sign_in(app, guess()).await;
        wrong.assert_problem(401, "invalid_credentials");
    }
    let refused = sign_in(app, guess()).await;
    refused.assert_problem(429, "too_many_attempts");
}

#[tokio::test]
async fn refused_attempts_on_known_and_unknown_accounts_are_identical() {
    let app = App::with_users().await;
    let telegram = |phone: &str, id| {
        let init_data = app.init_data(id);
        json!({"phone": phone, "password": "a wrong password", "init_data": init_data})
    };
    let admin = |email| json!({"email": email, "password": "a wrong password"});
    for (path, attempts, retry_after, known, unknown) in [
        (
            "/auth/telegram/login",
            3,
            "30",
            telegram(PHONE, 7),
            telegram("+77019999999", 8),
        ),
        (
            "/auth/admin/login",
            10,
            "3600",
            admin(ADMIN_EMAIL),
            admin("unknown@example.com"),
        ),
    ] {
        let mut refused = Vec::new();
        for guess in [known, unknown] {
            for _ in 0..attempts {
                let wrong = app.post(path, &guess).await;
                wrong.assert_problem(401, "invalid_credentials");
            }
            let mut response = app.post(path, &guess).await;
            response.assert_problem(429, "too_many_attempts");
            assert_eq!(response.header("retry-after"), retry_after);
            response.headers.remove("x-request-id");
            refused.push((response.text, response.headers));
        }
        assert_eq!(refused[0], refused[1], "{path}");
    }
    // The token endpoint shares the limits of the account.
    let form = "grant_type=password&username=admin%40example.com&password=tram+under+the+plum";
    let refused = app.post_raw("/auth/token", None, FORM, form).await;
    refused.assert_problem(429, "too_many_attempts");
}

#[tokio::test]
async fn only_the_device_token_of_the_same_user_and_password_is_accepted() {
    let app = App::with_users().await;
    let good = json!({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD});
    let first = sign_in(&app, good.clone()).await.json();
    let own = first["device_token"].as_str().unwrap();
    let other = json!({"role": "admin", "full_name": "Other", "email": "b@example.com"});
    let token = first["access_token"].as_str().unwrap();
    let created = app.post_as(token, "/auth/admin/users", &other).await;
    let generated = created.json()["generated_password"].clone();
    let limited = sign_in(
        &app,
        json!({"email": "b@example.com", "password": generated}),
    )
    .await;
    let change = json!({"current_password": generated, "new_password": "plum over the tram"});
    let limited = limited.json()["access_token"].as_str().unwrap().to_owned();
    let other = app.post_as(&limited, "/auth/me/password", &change).await;
    let other = other.json();

    attack(&app).await;
    let with = |mut login: Value, token: &str| {
        login["device_token"] = token.into();
        login
    };
    let (start, end) = own.split_at(own.len() - 2);
    let forged = format!("{start}{}", if end == "AA" { "BA" } else { "AA" });
    for token in [
        forged.as_str(),
        other["device_token"].as_str().unwrap(),
        "dvd1.",
        "",
        &"dvd1.".repeat(2_000),
    ] {
        let refused = sign_in(&app, with(good.clone(), token)).await;
        refused.assert_problem(429, "too_many_attempts");
    }
    assert_eq!(sign_in(&app, with(good, own)).await.status, 200);
    let form = "grant_type=password&username=admin%40example.com&password=tram+under+the+plum";
    let form = format!("{form}&client_id={own}");
    for path in ["/auth/token", "/auth/admin/login"] {
        let response = app.post_raw(path, None, FORM, form.clone()).await;
        assert_eq!(response.status, 200, "{path} {response:?}");
        assert!(response.json()["device_token"].is_string());
    }

    // A reset clears the limits and voids the token.
    let id = first["user"]["id"].as_str().unwrap();
    let reset = format!("/auth/admin/users/{id}/reset-password");
    let token = other["access_token"].as_str().unwrap();
    let reset = app.post_as(token, &reset, &json!({})).await.json();
    attack(&app).await;
    let new = json!({"email": ADMIN_EMAIL, "password": reset["generated_password"]});
    let refused = sign_in(&app, with(new, own)).await;
    refused.assert_problem(429, "too_many_attempts");
}

#[tokio::test]
async fn known_devices_are_listed_and_removed_by_their_user_only() {
    let app = App::with_users().await;
    let good = json!({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD});
    let session = sign_in(&app, good.clone()).await.json();
    let token = session["access_token"].as_str().unwrap();
    let listed = app.get_as(token, "/auth/devices").await.json();
    let id = listed["items"].as_array().unwrap().last().unwrap()["id"].clone();
    let path = format!("/auth/devices/{}", id.as_str().unwrap());
    let delete = async |token: &str| {
        let method = axum::http::Method::DELETE;
        app.send_raw(method, &path, Some(token), "application/json", "")
            .await
    };
    let employee = app.employee_token().await;
    delete(&employee).await.assert_problem(404, "not_found");
    let none = app.get_as(&employee, "/auth/devices").await.json();
    assert_eq!(none["items"], json!([]));
    assert_eq!(delete(token).await.status, 204);
    delete(token).await.assert_problem(404, "not_found");
    let left = app.get_as(token, "/auth/devices").await.json();
    let items = left["items"].as_array().unwrap();
    assert!(items.iter().all(|device| device["id"] != id), "{left}");
}

#[tokio::test]
async fn a_clock_that_moves_an_hour_back_and_forth_allows_no_further_attempt() {
    let app = App::with_users().await;
    let guess = async |telegram| {
        let mut request = app.login_request(telegram);
        request["password"] = "a wrong password".into();
        app.post("/auth/telegram/login", &request).await.status
    };
    for telegram in 100..110 {
        assert_eq!(guess(telegram).await, 401);
    }
    assert_eq!(guess(110).await, 429);
    let now = app.clock.unix_seconds();
    for _ in 0..3 {
        app.clock.set_unix(now - 3600);
        assert_eq!(guess(111).await, 429);
        app.clock.set_unix(now);
        assert_eq!(guess(112).await, 429);
    }
    app.clock.advance(Duration::from_hours(1));
    assert_eq!(guess(113).await, 401);
    assert_eq!(guess(114).await, 429);
}
