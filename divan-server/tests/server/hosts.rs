//! The host that a request names and the page that it comes from.

use std::io::{Read, Write};
use std::net::TcpStream;

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use crate::harness::*;
use crate::process::{program, start};

/// Sends bytes and returns the response, over a connection of its own.
fn exchange(port: u16, sent: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(sent.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

/// Sends a request with these header lines to a server.
fn request(port: u16, line: &str, headers: &str, body: &str) -> String {
    let (headers, length) = (headers.replace('\n', "\r\n"), body.len());
    exchange(
        port,
        &format!(
            "{line}\r\n{headers}content-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        ),
    )
}

#[track_caller]
fn assert_status(response: &str, status: u16, code: &str) {
    assert!(
        response.starts_with(&format!("HTTP/1.1 {status}"))
            || response.starts_with(&format!("HTTP/1.0 {status}")),
        "{response}"
    );
    assert!(response.contains(code), "{response}");
}

#[tokio::test]
async fn each_public_host_serves_its_own_audience_and_others_serve_everything() {
    let app = App::with_users().await;
    let paths = [
        ("POST", "/auth/admin/login", 404, 415),
        ("GET", "/auth/admin/users", 404, 401),
        ("POST", "/auth/admin/bootstrap", 404, 415),
        ("POST", "/auth/token", 404, 415),
        ("GET", "/docs", 404, 308),
        ("GET", "/docs/", 404, 200),
        ("GET", "/openapi.json", 404, 200),
        ("POST", "/auth/telegram/login", 415, 404),
        ("POST", "/auth/telegram/auto-login", 415, 404),
        ("GET", "/auth/telegram/config", 200, 404),
        ("GET", "/auth/admin/bootstrap", 404, 200),
        ("GET", "/auth/me", 401, 401),
        ("GET", "/health/live", 200, 200),
        ("GET", "/.well-known/jwks.json", 200, 200),
        ("GET", "/.well-known/oauth-authorization-server", 200, 200),
        ("GET", "/.well-known/openid-configuration", 200, 200),
    ];
    for (method, path, on_miniapp, on_admin) in paths {
        for (host, expected) in [
            ("divan.example.com", on_miniapp),
            ("DIVAN.example.com.:443", on_miniapp),
            ("divan.example.com:1", on_miniapp),
            ("sec.example.com", on_admin),
            ("sec.example.com:8000", on_admin),
            (
                "10.0.0.7:8000",
                if on_miniapp == 404 {
                    on_admin
                } else {
                    on_miniapp
                },
            ),
        ] {
            let request = Request::builder()
                .method(method)
                .uri(path)
                .header("host", host);
            let response = app.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(
                response.status, expected,
                "{method} {path} on {host}: {response:?}"
            );
            if expected == 404 {
                response.assert_problem(404, "not_found");
            }
        }
    }
}

#[tokio::test]
async fn a_page_of_a_foreign_origin_changes_nothing() {
    let app = App::with_users().await;
    let credentials = json!({"email": ADMIN_EMAIL, "password": "not the password"}).to_string();
    let login = async |headers: &[(&str, &str)]| {
        let mut request = Request::post("/auth/admin/login")
            .header("host", "sec.example.com")
            .header("content-type", "application/json");
        for &(name, value) in headers {
            request = request.header(name, value);
        }
        app.send(request.body(credentials.clone().into()).unwrap())
            .await
    };
    for refused in [
        &[("origin", "https://evil.example.com")][..],
        &[("origin", "null")],
        &[("origin", "https://sec.example.com:8443")],
        &[("origin", "https://sec.example.com.evil.example.com")],
        &[("origin", "https://evil@sec.example.com.evil.example.com")],
        &[("origin", "")],
        &[("origin", ADMIN_ORIGIN), ("origin", ADMIN_ORIGIN)],
        &[
            ("origin", "https://evil.example.com"),
            ("sec-fetch-site", "same-origin"),
        ],
        &[("sec-fetch-site", "cross-site")],
    ] {
        // More than any limit of attempts: none of them counts.
        for _ in 0..12 {
            login(refused)
                .await
                .assert_problem(403, "origin_not_allowed");
        }
    }
    for allowed in [
        &[("origin", ADMIN_ORIGIN)][..],
        &[("origin", MINIAPP_ORIGIN), ("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-origin")],
    ] {
        login(allowed)
            .await
            .assert_problem(401, "invalid_credentials");
    }
    let read = Request::get("/auth/me").header("origin", "https://evil.example.com");
    let response = app.send(read.body(Body::empty()).unwrap()).await;
    response.assert_problem(401, "token_missing");
}

#[test]
fn a_request_names_one_host() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(&mut program(folder.path()));
    let get = |line: &str, headers: &str| request(server.port, line, headers, "");
    let live = "GET /health/live HTTP/1.1";
    assert_status(&get(live, "host: localhost\n"), 200, "");
    assert_status(&get("GET /health/live HTTP/1.0", ""), 200, "");
    assert_status(
        &get(
            "GET http://localhost/health/live HTTP/1.1",
            "host: localhost\n",
        ),
        200,
        "",
    );
    for (line, headers) in [
        (live, ""),
        (live, "host: localhost\nhost: localhost\n"),
        (live, "host:\n"),
        (live, "host: user@localhost\n"),
        (live, "host: local host\n"),
        (
            "GET http://evil.example.com/health/live HTTP/1.1",
            "host: localhost\n",
        ),
        ("GET /health/live HTTP/1.0", "host: a\nhost: localhost\n"),
    ] {
        assert_status(&get(line, headers), 400, "host_invalid");
    }
}

#[test]
fn development_mode_answers_to_names_of_the_machine_only() {
    let folder = tempfile::tempdir().unwrap();
    let server =
        start(program(folder.path()).env("DIVAN_MINIAPP_URL", "https://my.tunnel.example/"));
    let get = |host: &str| {
        let headers = format!("host: {host}\n");
        request(server.port, "GET /health/live HTTP/1.1", &headers, "")
    };
    for host in [
        "localhost:1",
        "sec.localhost",
        "127.0.0.1",
        "[::1]:8000",
        "my.tunnel.example",
    ] {
        assert_status(&get(host), 200, "");
    }
    for host in [
        "rebound.example.com",
        "192.168.1.5",
        "localhost.example.com",
        "0.0.0.0",
    ] {
        assert_status(&get(host), 421, "host_not_allowed");
    }
    drop(server);
    let server = start(program(folder.path()).arg("--expose-development"));
    let exposed = request(
        server.port,
        "GET /health/live HTTP/1.1",
        "host: x.example.com\n",
        "",
    );
    assert_status(&exposed, 200, "");
}

#[test]
fn only_a_direct_request_creates_the_first_administrator_in_development_mode() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(&mut program(folder.path()));
    let bootstrap = |headers: &str| {
        let headers = format!("host: localhost:{}\n{headers}", server.port);
        let body = bootstrap_request().to_string();
        request(
            server.port,
            "POST /auth/admin/bootstrap HTTP/1.1",
            &headers,
            &body,
        )
    };
    for header in [
        "x-forwarded-for: 203.0.113.9",
        "X-Forwarded-Host: x.example.com",
        "x-forwarded-proto: https",
        "forwarded: for=203.0.113.9",
        "via: 1.1 tunnel",
        "x-real-ip: 203.0.113.9",
        "cf-connecting-ip: 203.0.113.9",
    ] {
        assert_status(
            &bootstrap(&format!("{header}\n")),
            403,
            "bootstrap_token_required",
        );
    }
    assert_status(
        &bootstrap("origin: https://evil.example.com\n"),
        403,
        "origin_not_allowed",
    );
    assert_status(&bootstrap(""), 201, ADMIN_EMAIL);
}

#[test]
fn a_request_id_comes_from_a_trusted_proxy_only() {
    let folder = tempfile::tempdir().unwrap();
    let id_kept = |trusted: &str| {
        let server = start(program(folder.path()).env("DIVAN_TRUSTED_PROXIES", trusted));
        let headers = "host: localhost\nx-request-id: chosen\n";
        let response = request(server.port, "GET /health/live HTTP/1.1", headers, "");
        response.contains("x-request-id: chosen\r\n")
    };
    assert!(id_kept("127.0.0.1"));
    assert!(!id_kept("192.0.2.1"));
}
