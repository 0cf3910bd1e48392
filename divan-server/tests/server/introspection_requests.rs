//! Introspection requests of other programs, as their libraries write them.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::*;
use crate::services::{Service, basic};

const FORM: &str = "application/x-www-form-urlencoded";
const FORM_UTF_8: &str = "application/x-www-form-urlencoded;charset=UTF-8";

/// A request of a program: its further headers, and the body with the token.
struct Request {
    program: &'static str,
    headers: String,
    body: String,
}

/// Returns requests for a token. All send form-encoded id and secret (RFC 6749 §2.3.1) by HTTP Basic, but
/// encode different characters.
fn requests(service: &Service, token: &str) -> Vec<Request> {
    let headers = |basic: &str, agent: &str, content_type: &str, rest: &str| {
        format!(
            "User-Agent: {agent}\r\nAuthorization: {basic}\r\nContent-Type: {content_type}\r\n{rest}"
        )
    };
    let plain = service.basic();
    let encoded = basic(&web_encoded(&service.id), &web_encoded(&service.secret));
    let go = "Go-http-client/1.1";
    let (gzip, json) = ("Accept-Encoding: gzip\r\n", "Accept: application/json\r\n");
    let (bare, hinted) = (
        format!("token={token}"),
        format!("token={token}&token_type_hint=access_token"),
    );
    vec![
        Request {
            program: "zitadel/oidc, with `url.QueryEscape` of Go",
            headers: headers(&plain, go, FORM, gzip),
            body: bare.clone(),
        },
        Request {
            program: "Authorino, and proxies in Go that send a hint",
            headers: headers(&plain, go, FORM, gzip),
            body: hinted.clone(),
        },
        Request {
            program: "oauth4webapi of Node",
            headers: headers(&encoded, "oauth4webapi/v3", FORM_UTF_8, json),
            body: hinted,
        },
        Request {
            program: "Spring Security",
            headers: headers(&plain, "Java/21", FORM_UTF_8, json),
            body: bare,
        },
    ]
}

/// Encodes `-` and `_`, too, as oauth4webapi does.
fn web_encoded(text: &str) -> String {
    text.replace('-', "%2D").replace('_', "%5F")
}

/// Sends a request on a connection of its own, and returns the status and the body.
async fn send(server: SocketAddr, request: &Request) -> (u16, Value) {
    let Request { headers, body, .. } = request;
    let length = body.len();
    let text = format!(
        "POST /auth/introspect HTTP/1.1\r\nHost: sec.example.com\r\nConnection: close\r\n{headers}\
         Content-Length: {length}\r\n\r\n{body}"
    );
    let mut stream = TcpStream::connect(server).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let head = head.to_ascii_lowercase();
    assert!(
        head.contains("\r\ncontent-type: application/json\r\n"),
        "{head}"
    );
    (status, serde_json::from_str(body).unwrap())
}

#[tokio::test]
async fn requests_of_other_programs_are_introspected() {
    let app = App::with_users().await;
    let service = Service::create(&app, &["introspect"]).await;
    let other = Service::create(&app, &["introspect"]).await;
    let wrong = Service {
        id: service.id.clone(),
        secret: other.secret,
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap();
    let router = app.router.clone();
    tokio::spawn(async move { axum::serve(listener, router).await });

    let token = app.employee_token().await;
    let me = app.get_as(&token, "/auth/me").await.json();
    for request in requests(&service, &token) {
        let (status, state) = send(server, &request).await;
        assert_eq!(
            (status, &state["active"]),
            (200, &json!(true)),
            "{}",
            request.program
        );
        assert_eq!(state["sub"], me["id"], "{}", request.program);
    }
    for request in requests(&wrong, &token) {
        let (status, error) = send(server, &request).await;
        assert_eq!(
            (status, &error["error"]),
            (401, &json!("invalid_client")),
            "{}",
            request.program
        );
    }
    let out = app.post_as(&token, "/auth/logout", &json!({})).await;
    assert_eq!(out.status, 204);
    for request in requests(&service, &token) {
        let state = send(server, &request).await;
        assert_eq!(
            state,
            (200, json!({"active": false})),
            "{}",
            request.program
        );
    }
}
