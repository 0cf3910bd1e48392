//! Public endpoints for the pages: the configuration of the Mini App, the test sign-in, and the state of
//! the bootstrap.

use axum::http::Request;
use divan_core::service::BootstrapPolicy;
use serde_json::{Value, json};

use crate::harness::{App, BOT, bootstrap_request};
use crate::process::{KEY, Running, no_tls, program, start};

fn http() -> reqwest::Client {
    let http = reqwest::Client::builder().tls_backend_preconfigured(no_tls());
    http.build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_of_the_mini_app_is_that_of_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let config = async |variables: &[(&str, &str)]| {
        let server = start(program(folder.path()).envs(variables.iter().copied()));
        let response = http().get(server.url("/auth/telegram/config")).send();
        let response = response.await.unwrap();
        let headers = response.headers();
        assert_eq!(headers["cache-control"], "public, max-age=60");
        response.json::<Value>().await.unwrap()
    };
    let unset = config(&[("TELEGRAM_BOT_TOKEN", BOT)]).await;
    assert_eq!(unset["test_sign_in"], false);
    assert_eq!(unset["bot_username"], Value::Null);
    assert_eq!(unset["phone_example"], "+7 771 000 9998");
    assert_eq!(unset["languages"], json!(["ru", "kk", "en"]));
    let set = config(&[
        ("TELEGRAM_BOT_USERNAME", "acme_bot"),
        ("DIVAN_PHONE_REGION", "UZ"),
    ]);
    let set = set.await;
    assert_eq!(set["bot_username"], "acme_bot");
    let example = set["phone_example"].as_str().unwrap();
    assert!(example.starts_with("+998 "), "{example}");
}

const TEST_INIT_DATA: &str = "/auth/telegram/test-init-data";

async fn post(server: &Running, path: &str, body: &Value, header: (&str, &str)) -> (u16, Value) {
    let request = http().post(server.url(path)).json(body);
    let response = request.header(header.0, header.1).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn development_mode_signs_init_data_of_test_users() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(&mut program(folder.path()));
    let direct = ("accept", "*/*");
    let config = http().get(server.url("/auth/telegram/config")).send();
    let config: Value = config.await.unwrap().json().await.unwrap();
    assert_eq!(config["test_sign_in"], true);

    let full = json!({"telegram_id": 42, "first_name": "Әлия \"\\", "username": "aliya", "language_code": "kk"});
    for user in [&json!({"telegram_id": 42}), &full] {
        let (status, signed) = post(&server, TEST_INIT_DATA, user, direct).await;
        assert_eq!(status, 200, "{signed}");
        // The signature is valid, and the account is not linked to a user yet.
        let (status, problem) = post(&server, "/auth/telegram/auto-login", &signed, direct).await;
        assert_eq!(
            (status, &problem["code"]),
            (401, &json!("password_required"))
        );
    }
    for (user, pointer) in [
        (json!({}), "/telegram_id"),
        (json!({"telegram_id": "42"}), "/telegram_id"),
        (json!({"telegram_id": 0}), "/telegram_id"),
        (json!({"telegram_id": 1_i64 << 52}), "/telegram_id"),
        (json!({"telegram_id": 42, "is_bot": true}), "/is_bot"),
    ] {
        let (status, problem) = post(&server, TEST_INIT_DATA, &user, direct).await;
        assert_eq!(
            (status, &problem["errors"][0]["pointer"]),
            (422, &json!(pointer))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_private_development_server_signs_init_data() {
    let folder = tempfile::tempdir().unwrap();
    let body = json!({"telegram_id": 42});
    let direct = ("accept", "*/*");
    let expose = "--expose-development";
    for (variables, argument) in [
        (
            vec![("DATABASE_URL", "sqlite:divan.db"), ("SECRET_KEY", KEY)],
            None,
        ),
        (
            vec![
                ("DATABASE_URL", "sqlite:divan.db"),
                ("SECRET_KEY", KEY),
                ("TELEGRAM_BOT_TOKEN", BOT),
            ],
            None,
        ),
        (vec![("TELEGRAM_BOT_TOKEN", BOT)], None),
        (
            vec![("DIVAN_MINIAPP_URL", "https://my.tunnel.example/")],
            None,
        ),
        (vec![("DIVAN_ADMIN_URL", "https://sec.example.com/")], None),
        (vec![], Some(expose)),
    ] {
        let server = start(
            program(folder.path())
                .envs(variables.clone())
                .args(argument),
        );
        let (status, problem) = post(&server, TEST_INIT_DATA, &body, direct).await;
        assert_eq!(
            (status, &problem["code"]),
            (404, &json!("not_found")),
            "{variables:?} {argument:?}"
        );
    }
    let server = start(&mut program(folder.path()));
    for header in [
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-host", "localhost"),
        ("forwarded", "for=203.0.113.9"),
        ("via", "1.1 tunnel"),
    ] {
        for body in [&body, &json!({})] {
            let (status, _) = post(&server, TEST_INIT_DATA, body, header).await;
            assert_eq!(status, 404, "{header:?}");
        }
    }
    let foreign = ("origin", "https://evil.example.com");
    assert_eq!(post(&server, TEST_INIT_DATA, &body, foreign).await.0, 403);
    assert_eq!(post(&server, TEST_INIT_DATA, &body, direct).await.0, 200);
}

#[tokio::test]
async fn the_state_of_the_bootstrap_reveals_nothing_else() {
    let closed = json!({"is_open": false, "token_required": false});
    let token = "the bootstrap token";
    for (policy, before) in [
        (
            BootstrapPolicy::OpenToAnyone,
            json!({"is_open": true, "token_required": false}),
        ),
        (
            BootstrapPolicy::Token(token.into()),
            json!({"is_open": true, "token_required": true}),
        ),
        (BootstrapPolicy::Closed, closed.clone()),
    ] {
        let can_bootstrap = !matches!(policy, BootstrapPolicy::Closed);
        let app = App::start_with(policy).await;
        let state = async || app.get("/auth/admin/bootstrap").await;
        assert_eq!(state().await.json(), before);
        if can_bootstrap {
            let request = Request::post("/auth/admin/bootstrap")
                .header("content-type", "application/json")
                .header("x-bootstrap-token", token);
            let body = bootstrap_request().to_string();
            let created = app.send(request.body(body.into()).unwrap()).await;
            assert_eq!(created.status, 201, "{created:?}");
        }
        assert_eq!(state().await.json(), closed);
        assert_eq!(state().await.header("cache-control"), "no-store");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forwarded_request_sees_no_open_bootstrap_of_development_mode() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(&mut program(folder.path()));
    for (header, is_open) in [
        (("accept", "*/*"), true),
        (("x-forwarded-for", "203.0.113.9"), false),
    ] {
        let request = http().get(server.url("/auth/admin/bootstrap"));
        let request = request.header(header.0, header.1);
        let state: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(state, json!({"is_open": is_open, "token_required": false}));
    }
}
