//! Exact requests of the endpoints without a signed-in user.

use divan_client::api::{
    AdminLoginRequest, AutoLoginRequest, BootstrapRequest, HealthStatus, TelegramLoginRequest,
};
use divan_client::types::Role;
use divan_client::{Client, Secret};
use serde_json::json;
use wiremock::MockServer;

use crate::support::{
    ReceivedRequest, TOKEN, client, json_response, server, session, single_request, token, user,
};

const PASSWORD: &str = "tram under the plum";

async fn prefixed(
    verb: &str,
    path: &str,
    status: u16,
    body: serde_json::Value,
) -> (MockServer, Client) {
    let server = server(
        verb,
        &format!("/prefix{path}"),
        json_response(status, &body),
    )
    .await;
    let client = client(&format!("{}/prefix", server.uri()));
    (server, client)
}

#[tokio::test]
async fn telegram_login_sends_phone_password_and_init_data() {
    let (server, client) = prefixed("POST", "/auth/telegram/login", 200, session()).await;
    let request = TelegramLoginRequest::new("8 701 123 45 67", PASSWORD, "auth_date=1&hash=00");
    let signed_in = client.miniapp().login(&request).await.unwrap();
    assert_eq!(serde_json::to_value(&signed_in).unwrap(), user());

    let body = json!({ "phone": "8 701 123 45 67", "password": PASSWORD, "init_data": "auth_date=1&hash=00" });
    let expected = ReceivedRequest::new("POST /prefix/auth/telegram/login").json(body);
    assert_eq!(single_request(&server).await, expected);
}

#[tokio::test]
async fn telegram_login_sends_a_contact_instead_of_the_phone() {
    let (server, client) = prefixed("POST", "/auth/telegram/login", 200, session()).await;
    let request =
        TelegramLoginRequest::with_contact("contact=1&hash=00", PASSWORD, "auth_date=1&hash=00");
    client.miniapp().login(&request).await.unwrap();

    let body = json!({ "contact": "contact=1&hash=00", "password": PASSWORD, "init_data": "auth_date=1&hash=00" });
    let expected = ReceivedRequest::new("POST /prefix/auth/telegram/login").json(body);
    assert_eq!(single_request(&server).await, expected);
}

#[tokio::test]
async fn auto_login_sends_only_the_init_data() {
    let (server, client) = prefixed("POST", "/auth/telegram/auto-login", 200, session()).await;
    client
        .miniapp()
        .auto_login(&AutoLoginRequest::new("auth_date=1&hash=00"))
        .await
        .unwrap();

    let body = json!({ "init_data": "auth_date=1&hash=00" });
    assert_eq!(
        single_request(&server).await,
        ReceivedRequest::new("POST /prefix/auth/telegram/auto-login").json(body)
    );
}

#[tokio::test]
async fn admin_login_sends_email_and_password() {
    let (server, client) = prefixed("POST", "/auth/admin/login", 200, session()).await;
    let request = AdminLoginRequest::new("admin@example.com", PASSWORD);
    assert_eq!(
        client.admin().login(&request).await.unwrap().full_name,
        "First Last"
    );

    let body = json!({ "email": "admin@example.com", "password": PASSWORD });
    assert_eq!(
        single_request(&server).await,
        ReceivedRequest::new("POST /prefix/auth/admin/login").json(body)
    );
}

#[tokio::test]
async fn bootstrap_sends_the_bootstrap_token_as_a_header() {
    let (server, client) = prefixed("POST", "/auth/admin/bootstrap", 201, user()).await;
    let bootstrap_token = Secret::new("once-and-never-again");
    let request = BootstrapRequest::new("admin@example.com", PASSWORD);
    let admin = client
        .bootstrap(Some(&bootstrap_token), &request)
        .await
        .unwrap();
    assert_eq!(admin.role, Role::Admin);

    let body = json!({ "email": "admin@example.com", "password": PASSWORD });
    let expected = ReceivedRequest::new("POST /prefix/auth/admin/bootstrap")
        .json(body)
        .header("x-bootstrap-token", "once-and-never-again");
    assert_eq!(single_request(&server).await, expected);
}

#[tokio::test]
async fn bootstrap_without_a_token_sends_no_header() {
    let (server, client) = prefixed("POST", "/auth/admin/bootstrap", 201, user()).await;
    let mut request = BootstrapRequest::new("admin@example.com", PASSWORD);
    request.full_name = Some("First Last".to_owned());
    client.bootstrap(None, &request).await.unwrap();

    let body =
        json!({ "email": "admin@example.com", "password": PASSWORD, "full_name": "First Last" });
    assert_eq!(
        single_request(&server).await,
        ReceivedRequest::new("POST /prefix/auth/admin/bootstrap").json(body)
    );
}

#[tokio::test]
async fn me_sends_the_given_access_token() {
    let (server, client) = prefixed("GET", "/auth/me", 200, user()).await;
    let me = client.me(&token()).await.unwrap();
    assert_eq!(serde_json::to_value(&me).unwrap(), user());
    assert_eq!(
        single_request(&server).await,
        ReceivedRequest::new("GET /prefix/auth/me").bearer(TOKEN)
    );
}

#[tokio::test]
async fn live_sends_neither_token_nor_body() {
    let (server, client) = prefixed("GET", "/health/live", 200, json!({ "status": "live" })).await;
    assert_eq!(client.live().await.unwrap().status, HealthStatus::Live);
    assert_eq!(
        single_request(&server).await,
        ReceivedRequest::new("GET /prefix/health/live")
    );
}

#[tokio::test]
async fn ready_sends_neither_token_nor_body() {
    let (server, client) =
        prefixed("GET", "/health/ready", 200, json!({ "status": "ready" })).await;
    assert_eq!(client.ready().await.unwrap().status, HealthStatus::Ready);
    assert_eq!(
        single_request(&server).await,
        ReceivedRequest::new("GET /prefix/health/ready")
    );
}

#[tokio::test]
async fn a_trailing_slash_in_the_base_url_is_ignored() {
    let server = server("GET", "/prefix/auth/me", json_response(200, &user())).await;
    client(&format!("{}/prefix/", server.uri()))
        .me(&token())
        .await
        .unwrap();
    assert_eq!(
        single_request(&server).await,
        ReceivedRequest::new("GET /prefix/auth/me").bearer(TOKEN)
    );
}

#[tokio::test]
async fn the_user_agent_contains_the_version() {
    let server = server(
        "GET",
        "/health/live",
        json_response(200, &json!({ "status": "live" })),
    )
    .await;
    client(&server.uri()).live().await.unwrap();
    let requests = server.received_requests().await.unwrap();
    assert_eq!(
        requests[0].headers["user-agent"],
        concat!("divan-client/", env!("CARGO_PKG_VERSION"))
    );
}

#[tokio::test]
async fn a_clone_works_on_another_task() {
    let server = server("GET", "/auth/me", json_response(200, &user())).await;
    let client = client(&server.uri());
    let clone = client.clone();
    let elsewhere = tokio::spawn(async move { clone.me(&token()).await });
    client.me(&token()).await.unwrap();
    elsewhere.await.unwrap().unwrap();
}
