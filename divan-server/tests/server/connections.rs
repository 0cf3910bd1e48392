//! Clients that hold connections without using them, over sockets.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::process::{Running, program, start};

const LIVE: &str = "GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

/// Starts the program with this soft limit of file descriptors, after raising that of the test.
fn start_with_descriptors(folder: &std::path::Path, soft: u64) -> Running {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let hard = getrlimit(Resource::Nofile).maximum;
    let limit = |current| Rlimit {
        current,
        maximum: hard,
    };
    setrlimit(Resource::Nofile, limit(hard)).unwrap();
    let mut command = std::process::Command::new("sh");
    command
        .current_dir(folder)
        .env_clear()
        .args(["-c", &format!("ulimit -S -n {soft}; exec \"$@\"")])
        .arg("sh")
        .arg(program(folder).get_program());
    start(&mut command)
}

fn connect(port: u16, begin: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(begin.as_bytes()).unwrap();
    stream
}

/// Sends a request over a connection of its own, and returns the response and its duration.
fn exchange(port: u16, sent: &str) -> (String, Duration) {
    let started = Instant::now();
    let mut stream = connect(port, sent);
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    (response, started.elapsed())
}

/// Asserts that an honest client gets a response within two seconds.
#[track_caller]
fn assert_serves(port: u16) {
    let (response, took) = exchange(port, LIVE);
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn silent_connections_and_partial_heads_of_one_address_do_not_stop_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let server = start_with_descriptors(folder.path(), 1024);
    for begin in ["", "GET /health/live HTTP/1.1\r\nx-slow: "] {
        let held: Vec<TcpStream> = (0..1100).map(|_| connect(server.port, begin)).collect();
        assert_serves(server.port);
        drop(held);
    }
    assert!(!server.log().contains("cannot accept"), "{}", server.log());
}

#[test]
fn silent_connections_of_many_addresses_do_not_stop_a_server_with_few_descriptors() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new("sh");
    command
        .current_dir(folder.path())
        .env_clear()
        .args(["-c", "ulimit -n 256; exec \"$@\"", "sh"])
        .arg(program(folder.path()).get_program());
    let server = start(&mut command);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let target: SocketAddr = ([127, 0, 0, 1], server.port).into();
    let held: Vec<_> = runtime.block_on(async {
        let mut held = Vec::new();
        for host in 1..=40_u8 {
            for _ in 0..10 {
                let socket = tokio::net::TcpSocket::new_v4().unwrap();
                socket.bind(([127, 0, 1, host], 0).into()).unwrap();
                held.push(socket.connect(target).await.unwrap());
            }
        }
        held
    });
    assert_serves(server.port);
    assert!(!server.log().contains("cannot accept"), "{}", server.log());
    drop(held);
}

#[test]
fn a_head_is_at_most_32_kib() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(&mut program(folder.path()));
    let with = |bytes: usize| {
        let filler = "x".repeat(bytes);
        let head = LIVE.replace("connection", &format!("x-filler: {filler}\r\nconnection"));
        exchange(server.port, &head).0
    };
    assert!(with(31 * 1024).starts_with("HTTP/1.1 200"));
    let refused = with(33 * 1024);
    assert!(refused.starts_with("HTTP/1.1 431"), "{refused}");
    assert!(refused.contains("headers_too_large"), "{refused}");
    // Beyond the buffer the response has no body.
    assert!(with(60 * 1024).starts_with("HTTP/1.1 431"));
}

#[test]
fn a_slow_body_and_a_slow_head_end_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(&mut program(folder.path()));
    let post = "POST /auth/admin/login HTTP/1.1\r\nhost: localhost\r\n\
                content-type: application/json\r\ncontent-length: 200\r\n\r\n{";
    let begun = Instant::now();
    let mut body = connect(server.port, post);
    let mut head = connect(server.port, "GET /health/live HTTP/1.1\r\nx-slow: ");
    let trickle = |stream: &TcpStream| {
        let mut stream = stream.try_clone().unwrap();
        std::thread::spawn(move || {
            while stream.write_all(b" ").is_ok() {
                std::thread::sleep(Duration::from_millis(500));
            }
        })
    };
    let writers = [trickle(&body), trickle(&head)];
    let mut response = [0; 16];
    body.read_exact(&mut response).unwrap();
    assert!(response.starts_with(b"HTTP/1.1 408"), "{response:?}");
    assert!((5..9).contains(&begun.elapsed().as_secs()));
    let closed = head.read(&mut response);
    assert!(matches!(closed, Ok(0) | Err(_)), "{closed:?}");
    assert!((9..14).contains(&begun.elapsed().as_secs()));
    drop((body, head));
    for writer in writers {
        writer.join().unwrap();
    }
}

#[test]
fn unusual_lengths_and_repeated_headers_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(&mut program(folder.path()));
    let status = |headers: &str, body: &str| {
        let head = "POST /auth/refresh HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";
        let (response, took) = exchange(server.port, &format!("{head}{headers}\r\n{body}"));
        assert!(took < Duration::from_secs(3), "{headers}: {took:?}");
        response[..12].to_owned()
    };
    let json = "content-type: application/json\r\n";
    for (headers, body, expected) in [
        ("content-length: 999999999999\r\n", "{", "413"),
        ("content-length: 99999999999999999999999\r\n", "{", "400"),
        ("content-length: -1\r\n", "{", "400"),
        ("content-length: 1\r\ncontent-length: 2\r\n", "{}", "400"),
        (
            "transfer-encoding: chunked\r\n",
            "2\r\n{}\r\n0\r\nx-trailer: y\r\n\r\n",
            "422",
        ),
        (
            "transfer-encoding: chunked\r\n",
            "ffffffffffffffffff\r\n{}",
            "400",
        ),
        // The length of a chunked body is that of its chunks (RFC 9112 §6.3).
        (
            "content-length: 5\r\ntransfer-encoding: chunked\r\n",
            "2\r\n{}\r\n0\r\n\r\n",
            "422",
        ),
        (
            "transfer-encoding: gzip, chunked, identity\r\n",
            "2\r\n{}\r\n0\r\n\r\n",
            "400",
        ),
        (
            "content-type: text/plain\r\ncontent-length: 2\r\n",
            "{}",
            "415",
        ),
    ] {
        let status = status(&format!("{json}{headers}"), body);
        assert_eq!(status, format!("HTTP/1.1 {expected}"), "{headers}");
    }
    let twice = "GET /auth/me HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                 authorization: Bearer a\r\nauthorization: Bearer b\r\n\r\n";
    assert!(exchange(server.port, twice).0.contains("token_invalid"));
}

#[test]
fn the_length_of_a_response_is_its_content_length() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(&mut program(folder.path()));
    let json = "content-type: application/json\r\ncontent-length: 1\r\n";
    for (line, headers, body) in [
        ("GET /health/live", "", ""),
        ("GET /openapi.json", "", ""),
        ("GET /docs/swagger-ui-bundle.js", "", ""),
        ("GET /nothing", "", ""),
        ("PUT /auth/me", "", ""),
        ("POST /auth/refresh", json, "{"),
        ("HEAD /health/live", "", ""),
    ] {
        let head = format!("{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
        let (response, _) = exchange(server.port, &format!("{head}{headers}\r\n{body}"));
        let (head, content) = response.split_once("\r\n\r\n").unwrap();
        let mut lengths = head
            .lines()
            .filter_map(|line| line.strip_prefix("content-length: "));
        let length: usize = lengths.next().unwrap().parse().unwrap();
        assert_eq!(lengths.next(), None, "{head}");
        assert!(!head.contains("transfer-encoding"), "{head}");
        let sent = if line.starts_with("HEAD") { 0 } else { length };
        assert!(length > 0 && content.len() == sent, "{head}");
    }
}
