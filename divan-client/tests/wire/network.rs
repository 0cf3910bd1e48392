//! Timeouts, connections, redirects and TLS.

use std::time::Duration;

use divan_client::api::{AdminLoginRequest, BootstrapRequest};
use divan_client::{Client, Error, Secret};
use rustls::crypto::CryptoProvider;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wiremock::matchers::{any, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{client, json_response, me_with_raw_response, server, session, token, user};

const SHORT: Duration = Duration::from_millis(100);

fn client_with_short_timeout(uri: &str) -> Client {
    Client::builder(uri).timeout(SHORT).build().unwrap()
}

fn assert_timeout(error: &Error) {
    assert!(
        error.is_timeout() && !error.is_connect() && !error.is_unexpected_response(),
        "{error:?}"
    );
    assert_eq!((error.status(), error.problem()), (None, None));
}

#[tokio::test]
async fn a_late_response_times_out() {
    let late = json_response(200, &user()).set_delay(Duration::from_mins(1));
    let server = server("GET", "/auth/me", late).await;
    assert_timeout(
        &client_with_short_timeout(&server.uri())
            .me(&token())
            .await
            .unwrap_err(),
    );
}

#[tokio::test]
async fn the_timeout_covers_the_body() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert_ne!(stream.read(&mut [0; 4096]).await.unwrap(), 0);
        let started =
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 400\r\n\r\n{";
        stream.write_all(started).await.unwrap();
        std::future::pending::<()>().await;
    });
    assert_timeout(
        &client_with_short_timeout(&uri)
            .me(&token())
            .await
            .unwrap_err(),
    );
}

#[tokio::test]
async fn a_closed_port_is_a_connect_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = client(&uri).live().await.unwrap_err();
    assert!(
        error.is_connect() && !error.is_timeout() && !error.is_unexpected_response(),
        "{error:?}"
    );
    assert_eq!(error.status(), None);
}

#[tokio::test]
async fn a_connect_timeout_is_a_connect_error_and_a_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("https://{}", listener.local_addr().unwrap());
    let client = Client::builder(&uri)
        .connect_timeout(SHORT)
        .build()
        .unwrap();
    let error = client.live().await.unwrap_err();
    assert!(error.is_connect() && error.is_timeout(), "{error:?}");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = MockServer::start().await;
    Mock::given(any())
        .respond_with(json_response(200, &session()))
        .mount(&elsewhere)
        .await;
    for status in [301, 302, 303, 307, 308] {
        let moved = ResponseTemplate::new(status).insert_header("location", elsewhere.uri());
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(moved).mount(&server).await;
        let client = client(&server.uri());
        for error in [
            client.me(&token()).await.unwrap_err(),
            client
                .admin()
                .login(&AdminLoginRequest::new("a@example.com", "tram"))
                .await
                .unwrap_err(),
            client
                .bootstrap(
                    Some(&Secret::new("once")),
                    &BootstrapRequest::new("a@example.com", "tram"),
                )
                .await
                .unwrap_err(),
        ] {
            assert!(error.is_unexpected_response(), "{error:?}");
            assert_eq!(error.status(), Some(status));
        }
        assert_eq!(server.received_requests().await.unwrap().len(), 3);
    }
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn subdomains_of_localhost_resolve_to_loopback() {
    let server = server("GET", "/auth/me", json_response(200, &user())).await;
    let uri = format!(
        "http://no-resolver-knows-this.localhost:{}",
        server.address().port()
    );
    client(&uri).me(&token()).await.unwrap();
}

#[tokio::test]
async fn plain_http_beyond_loopback_requires_dangerously_allow_http() {
    let error = Client::new("http://example.com").unwrap_err();
    assert!(
        error.is_setup() && error.to_string().contains("https"),
        "{error}"
    );
    assert!(
        Client::builder("http://example.com")
            .dangerously_allow_http()
            .build()
            .is_ok()
    );
}

#[tokio::test]
async fn a_custom_http_client_is_used_unchanged() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/health/live"))
        .and(header("user-agent", "custom client"))
        .respond_with(json_response(200, &json!({ "status": "live" })))
        .mount(&server)
        .await;
    let tls = divan_core::tls::client_config(false).unwrap();
    let http = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent("custom client")
        .no_proxy()
        .build()
        .unwrap();
    let client = Client::builder(&server.uri())
        .http_client(http.clone())
        .build()
        .unwrap();
    client.live().await.unwrap();
    assert!(
        Client::builder("http://example.com")
            .http_client(http)
            .build()
            .unwrap_err()
            .is_setup()
    );
}

#[tokio::test]
async fn tls_offers_http_2_and_http_1_and_installs_no_process_wide_provider() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("https://{}", listener.local_addr().unwrap());
    let hello = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut hello = vec![0; 4096];
        let length = stream.read(&mut hello).await.unwrap();
        hello.truncate(length);
        hello
    });
    let error = client(&uri).me(&token()).await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    let hello = hello.await.unwrap();
    assert!(
        hello
            .windows(12)
            .any(|window| window == b"\x02h2\x08http/1.1")
    );
    assert!(CryptoProvider::get_default().is_none());
}

#[tokio::test]
async fn a_response_without_content_length_is_read_to_the_end() {
    let bytes = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n\
        {\"id\":\"01920000-0000-7000-8000-000000000001\",\"role\":\"employee\",\"full_name\":\"First\",\
        \"is_active\":true,\"password_change_required\":false,\
        \"created_at\":\"2026-01-02T03:04:05Z\",\"updated_at\":\"2026-01-02T03:04:05Z\"}";
    assert_eq!(
        me_with_raw_response(bytes).await.unwrap().full_name,
        "First"
    );
}
