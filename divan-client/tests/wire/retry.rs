//! What is sent again, and what never is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use divan_client::api::{
    AdminLoginRequest, Audience, AutoLoginRequest, BootstrapRequest, ChangePasswordRequest,
    CreateUserRequest, TelegramLoginRequest, UpdateUserRequest,
};
use divan_client::{Client, Error, Retries};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use serde_json::json;
use wiremock::MockServer;

use crate::sockets::{Act, Sockets, answer, json};
use crate::support::{clock, json_answer, server, session, store_with, token, tokens, user};

const USER: &str = "01920000-0000-7000-8000-00000000000a";

/// A client that sends again at once, with somebody signed in on both audiences.
async fn persistent(uri: &str) -> Client {
    Client::builder(uri)
        .retries(Retries::default().backoff(Duration::ZERO))
        .clock(clock())
        .miniapp_store(store_with(&tokens(uri, Audience::MiniApp)).await)
        .admin_store(store_with(&tokens(uri, Audience::Admin)).await)
        .build()
        .unwrap()
}

/// Makes each call that must not be sent twice, and gives the first line of its request.
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
        _ => admin.unlink_telegram(USER.parse().unwrap()).await.map(drop),
    };
    failed.unwrap_err()
}

const UNSAFE: [&str; 9] = [
    "POST /auth/telegram/login",
    "POST /auth/telegram/auto-login",
    "POST /auth/admin/login",
    "POST /auth/admin/bootstrap",
    "POST /auth/admin/users",
    "PATCH /auth/admin/users/01920000-0000-7000-8000-00000000000a",
    "POST /auth/me/password",
    "POST /auth/logout",
    "POST /auth/admin/users/01920000-0000-7000-8000-00000000000a/unlink-telegram",
];

fn busy(head: &str) -> Act {
    let problem = json!({ "status": 503, "code": "overloaded" }).to_string();
    Act::Answer(answer(
        503,
        &format!("content-type: application/problem+json\r\n{head}"),
        &problem,
    ))
}

#[tokio::test]
async fn a_sign_in_is_never_sent_again_once_bytes_went_out() {
    for call in UNSAFE {
        for act in [
            Act::HangUp,
            busy("retry-after: 0\r\n"),
            busy(""),
            Act::Answer(answer(502, "", "<h1>")),
        ] {
            let mut server = Sockets::acting([act]).await;
            let error = call_unsafe(&persistent(&server.uri).await, call).await;
            assert!(!error.is_connect(), "{error:?}");
            assert_eq!(server.seen(), [call]);
        }
    }
}

#[tokio::test]
async fn nor_over_a_connection_that_was_used_before() {
    for call in UNSAFE {
        let mut server =
            Sockets::acting([json(200, &json!({ "status": "live" })), Act::HangUp]).await;
        let client = persistent(&server.uri).await;
        client.live().await.unwrap();
        assert!(call_unsafe(&client, call).await.is_unexpected_answer());
        assert_eq!(server.seen(), ["GET /health/live", call]);
    }
}

#[tokio::test]
async fn a_sign_in_that_found_no_connection_is_sent_again() {
    let server = server("POST", "/auth/admin/login", json_answer(200, &session())).await;
    let (client, lookups) = found_at_last(&server, Retries::default().backoff(Duration::ZERO));
    client
        .admin()
        .login(&AdminLoginRequest::new("a@example.com", "tram"))
        .await
        .unwrap();
    assert_eq!(lookups.load(Ordering::SeqCst), 2);

    let (client, lookups) = found_at_last(&server, Retries::off());
    let error = client
        .admin()
        .login(&AdminLoginRequest::new("a@example.com", "tram"))
        .await
        .unwrap_err();
    assert!(error.is_connect());
    assert_eq!(lookups.load(Ordering::SeqCst), 1);
}

/// A client whose resolver names an address where nothing listens, and only then that of the
/// server.
fn found_at_last(server: &MockServer, retries: Retries) -> (Client, Arc<AtomicUsize>) {
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
    let tls = rustls::ClientConfig::builder_with_provider(
        rustls::crypto::ring::default_provider().into(),
    )
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_root_certificates(rustls::RootCertStore::empty())
    .with_no_client_auth();
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
async fn what_only_reads_is_sent_again() {
    let acts = [Act::HangUp, busy("retry-after: 0\r\n"), json(200, &user())];
    let mut server = Sockets::acting(acts).await;
    assert_eq!(
        persistent(&server.uri)
            .await
            .miniapp()
            .me()
            .await
            .unwrap()
            .full_name,
        "First Last"
    );
    assert_eq!(server.seen(), ["GET /auth/me"; 3]);

    let cut_off =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 400\r\n\r\n{";
    let acts = [
        Act::Answer(answer(504, "", "<h1>")),
        Act::LastWords(cut_off),
        json(200, &user()),
    ];
    let mut server = Sockets::acting(acts).await;
    persistent(&server.uri).await.me(&token()).await.unwrap();
    assert_eq!(server.seen(), ["GET /auth/me"; 3]);
}

#[tokio::test]
async fn what_ends_something_is_sent_again() {
    let mut server = Sockets::acting([Act::HangUp, Act::Answer(answer(204, "", ""))]).await;
    persistent(&server.uri)
        .await
        .admin()
        .end_user_sessions(USER.parse().unwrap())
        .await
        .unwrap();
    assert_eq!(
        server.seen(),
        ["DELETE /auth/admin/users/01920000-0000-7000-8000-00000000000a/sessions"; 2]
    );
}

#[tokio::test]
async fn a_refresh_is_sent_again() {
    let mut server = Sockets::acting([Act::HangUp, busy(""), json(200, &session())]).await;
    persistent(&server.uri)
        .await
        .miniapp()
        .refresh()
        .await
        .unwrap();
    assert_eq!(server.seen(), ["POST /auth/refresh"; 3]);
}

#[tokio::test]
async fn three_times_are_enough() {
    let mut server = Sockets::acting([]).await;
    let error = persistent(&server.uri)
        .await
        .me(&token())
        .await
        .unwrap_err();
    assert!(error.is_unexpected_answer());
    assert_eq!(server.seen(), ["GET /auth/me"; 3]);
}

#[tokio::test]
async fn an_answer_that_is_meant_is_not_asked_for_again() {
    for status in [400, 401, 403, 404, 409, 422, 500] {
        let problem = json!({ "status": status, "code": "of_tomorrow" }).to_string();
        let refused = answer(
            status,
            "content-type: application/problem+json\r\n",
            &problem,
        );
        let mut server = Sockets::acting([Act::Answer(refused)]).await;
        assert!(
            persistent(&server.uri)
                .await
                .me(&token())
                .await
                .unwrap_err()
                .is_problem()
        );
        assert_eq!(server.seen(), ["GET /auth/me"], "{status}");
    }
}

#[tokio::test]
async fn how_the_server_is_is_asked_once() {
    let mut server = Sockets::acting([busy("retry-after: 0\r\n"), Act::HangUp]).await;
    let client = persistent(&server.uri).await;
    assert_eq!(client.ready().await.unwrap_err().status(), Some(503));
    assert!(client.live().await.unwrap_err().is_unexpected_answer());
    assert_eq!(server.seen(), ["GET /health/ready", "GET /health/live"]);
}

#[tokio::test]
async fn a_server_that_asks_for_too_much_patience_is_not_waited_for() {
    let mut server = Sockets::acting([busy("retry-after: 11\r\n")]).await;
    let error = persistent(&server.uri)
        .await
        .me(&token())
        .await
        .unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(11)));
    assert_eq!(server.seen(), ["GET /auth/me"]);
}

#[tokio::test]
async fn without_retries_everything_is_sent_once() {
    let mut server = Sockets::acting([]).await;
    let client = Client::builder(&server.uri)
        .retries(Retries::off())
        .build()
        .unwrap();
    assert!(
        client
            .me(&token())
            .await
            .unwrap_err()
            .is_unexpected_answer()
    );
    assert_eq!(server.seen(), ["GET /auth/me"]);
}
