//! Retries.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use divan_client::api::{
    AdminLoginRequest, Audience, AutoLoginRequest, BootstrapRequest, ChangePasswordRequest,
    CreateUserRequest, PromoteUserRequest, TelegramLoginRequest, UpdateUserRequest,
};
use divan_client::{Client, Error, Retries};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use serde_json::json;
use wiremock::MockServer;

use crate::scripted_server::{Action, ScriptedServer, json, response};
use crate::support::{clock, json_response, server, session, store_with, token, tokens, user};

const USER: &str = "01920000-0000-7000-8000-00000000000a";

/// Creates a client that retries without delay, with tokens for both audiences.
async fn retrying_client(uri: &str) -> Client {
    Client::builder(uri)
        .retries(Retries::default().backoff(Duration::ZERO))
        .clock(clock())
        .miniapp_store(store_with(&tokens(uri, Audience::MiniApp)).await)
        .admin_store(store_with(&tokens(uri, Audience::Admin)).await)
        .build()
        .unwrap()
}

/// Makes a call that must not be sent twice; `call` is the first line of its request.
async fn call_unsafe(client: &Client, call: &str) -> Error {
    let password = "tram under the plum";
    let (miniapp, admin) = (client.miniapp(), client.admin());
    let failed = match call {
        "POST /auth/telegram/login" => miniapp
            .login(&TelegramLoginRequest::new("+77011234567", password, "x"))
            .await
            .map(drop),
        "POST /auth/telegram/auto-login" => miniapp
            .auto_login(&AutoLoginRequest::new("x"))
            .await
            .map(drop),
        "POST /auth/admin/login" => admin
            .login(&AdminLoginRequest::new("a@example.com", password))
            .await
            .map(drop),
        "POST /auth/admin/bootstrap" => client
            .bootstrap(None, &BootstrapRequest::new("a@example.com", password))
            .await
            .map(drop),
        "POST /auth/admin/users" => admin
            .create_user(&CreateUserRequest::employee("A", "+77011234567").password(password))
            .await
            .map(drop),
        "PATCH /auth/admin/users/01920000-0000-7000-8000-00000000000a" => admin
            .update_user(USER.parse().unwrap(), &UpdateUserRequest::default())
            .await
            .map(drop),
        "POST /auth/me/password" => miniapp
            .change_password(&ChangePasswordRequest::new(password, "plum"))
            .await
            .map(drop),
        "POST /auth/logout" => miniapp.logout().await,
        "POST /auth/admin/users/01920000-0000-7000-8000-00000000000a/promote" => admin
            .promote_user(USER.parse().unwrap(), &PromoteUserRequest::default())
            .await
            .map(drop),
        _ => admin.unlink_telegram(USER.parse().unwrap()).await.map(drop),
    };
    failed.unwrap_err()
}

const UNSAFE: [&str; 10] = [
    "POST /auth/telegram/login",
    "POST /auth/telegram/auto-login",
    "POST /auth/admin/login",
    "POST /auth/admin/bootstrap",
    "POST /auth/admin/users",
    "PATCH /auth/admin/users/01920000-0000-7000-8000-00000000000a",
    "POST /auth/me/password",
    "POST /auth/logout",
    "POST /auth/admin/users/01920000-0000-7000-8000-00000000000a/promote",
    "POST /auth/admin/users/01920000-0000-7000-8000-00000000000a/unlink-telegram",
];

fn unavailable(head: &str) -> Action {
    let problem = json!({ "status": 503, "code": "overloaded" }).to_string();
    Action::Respond(response(
        503,
        &format!("content-type: application/problem+json\r\n{head}"),
        &problem,
    ))
}

#[tokio::test]
async fn unsafe_requests_are_not_retried_once_sent() {
    for call in UNSAFE {
        for action in [
            Action::Close,
            unavailable("retry-after: 0\r\n"),
            unavailable(""),
            Action::Respond(response(502, "", "<h1>")),
        ] {
            let mut server = ScriptedServer::start([action]).await;
            let error = call_unsafe(&retrying_client(&server.uri).await, call).await;
            assert!(!error.is_connect(), "{error:?}");
            assert_eq!(server.received(), [call]);
        }
    }
}

#[tokio::test]
async fn unsafe_requests_are_not_retried_on_a_reused_connection() {
    for call in UNSAFE {
        let mut server =
            ScriptedServer::start([json(200, &json!({ "status": "live" })), Action::Close]).await;
        let client = retrying_client(&server.uri).await;
        client.live().await.unwrap();
        assert!(call_unsafe(&client, call).await.is_unexpected_response());
        assert_eq!(server.received(), ["GET /health/live", call]);
    }
}

#[tokio::test]
async fn a_sign_in_without_a_connection_is_retried() {
    let server = server("POST", "/auth/admin/login", json_response(200, &session())).await;
    let (client, lookups) =
        client_with_failing_resolver(&server, Retries::default().backoff(Duration::ZERO));
    client
        .admin()
        .login(&AdminLoginRequest::new("a@example.com", "tram"))
        .await
        .unwrap();
    assert_eq!(lookups.load(Ordering::SeqCst), 2);

    let (client, lookups) = client_with_failing_resolver(&server, Retries::off());
    let error = client
        .admin()
        .login(&AdminLoginRequest::new("a@example.com", "tram"))
        .await
        .unwrap_err();
    assert!(error.is_connect());
    assert_eq!(lookups.load(Ordering::SeqCst), 1);
}

/// Creates a client whose resolver returns an unused address first and the server's after that.
fn client_with_failing_resolver(
    server: &MockServer,
    retries: Retries,
) -> (Client, Arc<AtomicUsize>) {
    #[derive(Clone, Default)]
    struct Resolver(Arc<AtomicUsize>);

    impl Resolve for Resolver {
        fn resolve(&self, _: Name) -> Resolving {
            let is_first = self.0.fetch_add(1, Ordering::SeqCst) == 0;
            let ip: IpAddr = if is_first {
                Ipv6Addr::LOCALHOST.into()
            } else {
                Ipv4Addr::LOCALHOST.into()
            };
            Box::pin(async move { Ok(Box::new(std::iter::once(SocketAddr::new(ip, 0))) as Addrs) })
        }
    }

    let resolver = Resolver::default();
    let tls = divan_core::tls::client_config(false).unwrap();
    let http = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .dns_resolver(resolver.clone())
        .build()
        .unwrap();
    let uri = format!("http://divan.localhost:{}", server.address().port());
    let client = Client::builder(&uri)
        .http_client(http)
        .retries(retries)
        .build()
        .unwrap();
    (client, resolver.0)
}

#[tokio::test]
async fn get_requests_are_retried() {
    let actions = [
        Action::Close,
        unavailable("retry-after: 0\r\n"),
        json(200, &user()),
    ];
    let mut server = ScriptedServer::start(actions).await;
    assert_eq!(
        retrying_client(&server.uri)
            .await
            .miniapp()
            .me()
            .await
            .unwrap()
            .full_name,
        "First Last"
    );
    assert_eq!(server.received(), ["GET /auth/me"; 3]);

    let cut_off =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 400\r\n\r\n{";
    let actions = [
        Action::Respond(response(504, "", "<h1>")),
        Action::RespondAndClose(cut_off),
        json(200, &user()),
    ];
    let mut server = ScriptedServer::start(actions).await;
    retrying_client(&server.uri)
        .await
        .me(&token())
        .await
        .unwrap();
    assert_eq!(server.received(), ["GET /auth/me"; 3]);
}

#[tokio::test]
async fn delete_requests_are_retried() {
    let mut server =
        ScriptedServer::start([Action::Close, Action::Respond(response(204, "", ""))]).await;
    retrying_client(&server.uri)
        .await
        .admin()
        .end_user_sessions(USER.parse().unwrap())
        .await
        .unwrap();
    assert_eq!(
        server.received(),
        ["DELETE /auth/admin/users/01920000-0000-7000-8000-00000000000a/sessions"; 2]
    );
}

#[tokio::test]
async fn refresh_is_retried() {
    let mut server =
        ScriptedServer::start([Action::Close, unavailable(""), json(200, &session())]).await;
    retrying_client(&server.uri)
        .await
        .miniapp()
        .refresh()
        .await
        .unwrap();
    assert_eq!(server.received(), ["POST /auth/refresh"; 3]);
}

#[tokio::test]
async fn at_most_three_attempts_are_made() {
    let mut server = ScriptedServer::start([]).await;
    let error = retrying_client(&server.uri)
        .await
        .me(&token())
        .await
        .unwrap_err();
    assert!(error.is_unexpected_response());
    assert_eq!(server.received(), ["GET /auth/me"; 3]);
}

#[tokio::test]
async fn permanent_errors_are_not_retried() {
    for status in [400, 401, 403, 404, 409, 422, 500] {
        let problem = json!({ "status": status, "code": "of_tomorrow" }).to_string();
        let rejected = response(
            status,
            "content-type: application/problem+json\r\n",
            &problem,
        );
        let mut server = ScriptedServer::start([Action::Respond(rejected)]).await;
        assert!(
            retrying_client(&server.uri)
                .await
                .me(&token())
                .await
                .unwrap_err()
                .is_problem()
        );
        assert_eq!(server.received(), ["GET /auth/me"], "{status}");
    }
}

#[tokio::test]
async fn health_checks_are_not_retried() {
    let mut server =
        ScriptedServer::start([unavailable("retry-after: 0\r\n"), Action::Close]).await;
    let client = retrying_client(&server.uri).await;
    assert_eq!(client.ready().await.unwrap_err().status(), Some(503));
    assert!(client.live().await.unwrap_err().is_unexpected_response());
    assert_eq!(server.received(), ["GET /health/ready", "GET /health/live"]);
}

#[tokio::test]
async fn a_long_retry_after_ends_the_call() {
    let mut server = ScriptedServer::start([unavailable("retry-after: 11\r\n")]).await;
    let error = retrying_client(&server.uri)
        .await
        .me(&token())
        .await
        .unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(11)));
    assert_eq!(server.received(), ["GET /auth/me"]);
}

#[tokio::test]
async fn retries_can_be_disabled() {
    let mut server = ScriptedServer::start([]).await;
    let client = Client::builder(&server.uri)
        .retries(Retries::off())
        .build()
        .unwrap();
    assert!(
        client
            .me(&token())
            .await
            .unwrap_err()
            .is_unexpected_response()
    );
    assert_eq!(server.received(), ["GET /auth/me"]);
}
