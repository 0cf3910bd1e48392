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

/// Asserts that an honest client gets a response at once.
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
