use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use divan_core::clock::{Clock, SystemClock};
use divan_core::webhook::target::WebhookTargets;
use divan_core::webhook::{WebhookFailure, WebhookRequest, WebhookResponse, WebhookTransport};
use divan_testing::{TestCertificate, TlsFront};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use super::HttpTransport;
use super::resolver::Lookup;

const NO_CONTENT: &str = "HTTP/1.1 204 No Content\r\n\r\n";
const BODY: &str = r#"{"type":"user.created"}"#;

/// The behaviour of a receiver after it has read a request.
#[derive(Clone)]
enum Behaviour {
    /// Sends these bytes, and keeps the connection.
    Respond(String),
    /// Sends these bytes, and closes the connection.
    RespondAndClose(&'static str),
    /// Sends a response byte by byte.
    Drip,
    /// Sends a head, and a body without an end.
    Endless,
    /// Never responds.
    Hang,
}

/// A receiver of webhooks.
struct Receiver {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
    /// Connections that the client closed while the receiver wrote.
    closed: Arc<tokio::sync::Notify>,
}

impl Receiver {
    async fn start(behaviour: Behaviour) -> Self {
        Self::at(([127, 0, 0, 1], 0).into(), behaviour).await
    }

    async fn respond(head: &str) -> Self {
        Self::start(Behaviour::Respond(head.to_owned())).await
    }

    async fn at(address: SocketAddr, behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            requests: Arc::default(),
            closed: Arc::default(),
        };
        let (connections, requests) = (receiver.connections.clone(), receiver.requests.clone());
        let closed = receiver.closed.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (behaviour, requests) = (behaviour.clone(), requests.clone());
                let closed = closed.clone();
                tokio::spawn(async move {
                    if converse(stream, behaviour, &requests).await.is_err() {
                        closed.notify_one();
                    }
                });
            }
        });
        receiver
    }

    fn url(&self, host: &str) -> Url {
        let port = self.address.port();
        Url::parse(&format!("http://{host}:{port}/divan")).unwrap()
    }

    fn own_url(&self) -> Url {
        self.url("127.0.0.1")
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// Reads requests until the connection ends, and responds to each.
async fn converse(
    mut stream: TcpStream,
    behaviour: Behaviour,
    requests: &Mutex<Vec<String>>,
) -> io::Result<()> {
    loop {
        let mut request = String::new();
        while !request.ends_with(BODY) {
            let mut buffer = [0; 1024];
            match stream.read(&mut buffer).await? {
                0 => return Ok(()),
                read => request += &String::from_utf8_lossy(&buffer[..read]),
            }
        }
        requests.lock().unwrap().push(request);
        match &behaviour {
            Behaviour::Respond(head) => stream.write_all(head.as_bytes()).await?,
            Behaviour::RespondAndClose(head) => return stream.write_all(head.as_bytes()).await,
            Behaviour::Drip => {
                let head = b"HTTP/1.1 200 OK\r\nx-padding: ".iter();
                for byte in head.chain(std::iter::repeat(&b'a')) {
                    stream.write_all(&[*byte]).await?;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            Behaviour::Endless => {
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
                loop {
                    stream.write_all(&[b'a'; 8192]).await?;
                }
            }
            Behaviour::Hang => std::future::pending().await,
        }
    }
}

fn request(url: Url) -> WebhookRequest {
    let (id, signature) = ("event-1".to_owned(), "v1,c2ln".to_owned());
    WebhookRequest::new(url, id, 1_780_000_000, signature, BODY.into())
}

fn loopback(address: &str) -> WebhookTargets {
    WebhookTargets::public().or([address.parse().unwrap()])
}

/// Returns each of these lists in turn, and the last one from then on.
fn lookup(answers: &[&[&str]], calls: &Arc<AtomicUsize>) -> Lookup {
    let parse = |ip: &&str| SocketAddr::new(ip.parse::<IpAddr>().unwrap(), 0);
    let answers: Vec<Vec<SocketAddr>> = answers
        .iter()
        .map(|answer| answer.iter().map(parse).collect())
        .collect();
    let calls = calls.clone();
    Arc::new(move |_| {
        let call = calls.fetch_add(1, Ordering::SeqCst);
        let answer = answers[call.min(answers.len() - 1)].clone();
        Box::pin(async move { Ok(answer) })
    })
}

/// A transport with a short time limit that allows 127.0.0.1.
fn transport(answers: &[&[&str]]) -> HttpTransport {
    with_lookup(lookup(answers, &Arc::default()))
}

fn with_lookup(lookup: Lookup) -> HttpTransport {
    HttpTransport::with_lookup(loopback("127.0.0.1/32"), lookup, Duration::from_millis(500))
}

async fn send(url: Url) -> Result<WebhookResponse, WebhookFailure> {
    transport(&[&["127.0.0.1"]]).send(&request(url)).await
}

fn status(status: u16) -> WebhookResponse {
    WebhookResponse::new(status, None)
}

#[tokio::test]
async fn a_request_has_the_headers_of_the_specification_and_the_signed_body() {
    let receiver = Receiver::respond(NO_CONTENT).await;
    assert_eq!(send(receiver.own_url()).await, Ok(status(204)));
    let sent = receiver.requests().remove(0);
    let (head, body) = sent.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /divan HTTP/1.1\r\n"), "{head}");
    for line in [
        "content-type: application/json",
        "webhook-id: event-1",
        "webhook-timestamp: 1780000000",
        "webhook-signature: v1,c2ln",
    ] {
        assert!(head.lines().any(|other| other == line), "{line} in {head}");
    }
    assert_eq!(body, BODY);
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let receiver = Receiver::respond(NO_CONTENT).await;
    let transport = transport(&[&["127.0.0.1"]]);
    for _ in 0..3 {
        let request = request(receiver.url("hooks.example.com"));
        assert_eq!(transport.send(&request).await, Ok(status(204)));
    }
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn a_name_with_a_refused_address_is_not_connected_to() {
    let receiver = Receiver::respond(NO_CONTENT).await;
    let url = receiver.url("hooks.example.com");
    for answer in [
        &["127.0.0.2"][..],
        &["127.0.0.1", "127.0.0.2"],
        &["127.0.0.1", "169.254.169.254"],
        &["127.0.0.1", "::1"],
        &["127.0.0.1", "10.0.0.1"],
        // Public, but the scheme is http.
        &["127.0.0.1", "8.8.8.8"],
    ] {
        let sent = transport(&[answer]).send(&request(url.clone())).await;
        assert_eq!(sent, Err(WebhookFailure::AddressNotAllowed), "{answer:?}");
    }
    assert_eq!(receiver.connections(), 0);
    let sent = transport(&[&[]]).send(&request(url)).await;
    assert_eq!(sent, Err(WebhookFailure::Dns));
}

#[tokio::test]
async fn an_address_in_the_url_is_checked_for_each_attempt() {
    let receiver = Receiver::at(([127, 0, 0, 2], 0).into(), Behaviour::Hang).await;
    for host in ["127.0.0.2", "0x7f000002", "[::ffff:127.0.0.2]"] {
        let sent = send(receiver.url(host)).await;
        assert_eq!(sent, Err(WebhookFailure::AddressNotAllowed), "{host}");
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn a_name_that_is_bound_to_another_address_is_refused() {
    let closing = "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
    let receiver = Receiver::respond(closing).await;
    let rebound = SocketAddr::new([127, 0, 0, 2].into(), receiver.address.port());
    let rebound = Receiver::at(rebound, Behaviour::Respond(NO_CONTENT.to_owned())).await;
    let calls = Arc::default();
    let transport = with_lookup(lookup(&[&["127.0.0.1"], &["127.0.0.2"]], &calls));
    let url = receiver.url("hooks.example.com");
    assert_eq!(transport.send(&request(url.clone())).await, Ok(status(204)));
    // The address was resolved once, and checked, and then connected to.
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    let sent = transport.send(&request(url)).await;
    assert_eq!(sent, Err(WebhookFailure::AddressNotAllowed));
    assert_eq!((receiver.connections(), rebound.connections()), (1, 0));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let private = Receiver::respond(NO_CONTENT).await;
    let target = private.own_url();
    for code in [301, 302, 303, 307, 308] {
        let head =
            format!("HTTP/1.1 {code} Moved\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n");
        let receiver = Receiver::respond(&head).await;
        assert_eq!(send(receiver.own_url()).await, Ok(status(code)));
    }
    assert_eq!(private.connections(), 0);
}

#[tokio::test]
async fn a_receiver_that_hangs_or_drips_is_timed_out() {
    for behaviour in [Behaviour::Hang, Behaviour::Drip] {
        let receiver = Receiver::start(behaviour).await;
        let sent = send(receiver.own_url()).await;
        assert_eq!(sent, Err(WebhookFailure::Timeout));
        assert_eq!(receiver.requests().len(), 1);
    }
}

#[tokio::test]
async fn an_endless_body_is_not_read() {
    let receiver = Receiver::start(Behaviour::Endless).await;
    assert_eq!(send(receiver.own_url()).await, Ok(status(200)));
    receiver.closed.notified().await;
}

#[tokio::test]
async fn a_body_that_does_not_end_does_not_undo_the_status() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc";
    let receiver = Receiver::respond(head).await;
    assert_eq!(send(receiver.own_url()).await, Ok(status(200)));
}

#[tokio::test]
async fn a_closed_refused_or_garbled_connection_has_failed() {
    let failed = Err(WebhookFailure::Connection);
    for head in ["", "HTTP/1.1 2", "SSH-2.0-OpenSSH_9.2\r\n"] {
        let receiver = Receiver::start(Behaviour::RespondAndClose(head)).await;
        assert_eq!(send(receiver.own_url()).await, failed, "{head:?}");
    }
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let url = Url::parse(&format!("http://127.0.0.1:{port}/")).unwrap();
    assert_eq!(send(url).await, failed);
}

#[tokio::test]
async fn the_wait_of_a_receiver_is_read() {
    let later = httpdate::fmt_http_date(SystemClock.now() + Duration::from_hours(1));
    for (value, expected) in [
        ("120", Some(120..=120)),
        (later.as_str(), Some(3500..=3600)),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("-1", None),
        ("soon", None),
    ] {
        let head =
            format!("HTTP/1.1 503 Busy\r\nretry-after: {value}\r\ncontent-length: 0\r\n\r\n");
        let receiver = Receiver::respond(&head).await;
        let response = send(receiver.own_url()).await.unwrap();
        let wait = response.retry_after.map(|wait| wait.as_secs());
        let is_expected = match expected {
            Some(range) => wait.is_some_and(|wait| range.contains(&wait)),
            None => wait.is_none(),
        };
        assert!(response.status == 503 && is_expected, "{value}: {wait:?}");
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_refused() {
    let receiver = Receiver::respond(NO_CONTENT).await;
    let certificate = TestCertificate::make();
    let front = TlsFront::of(receiver.address.port(), "http/1.1", &certificate);
    let url = format!("https://hooks.example.com:{}/", front.port());
    let sent = send(Url::parse(&url).unwrap()).await;
    assert_eq!(sent, Err(WebhookFailure::Tls));
    assert!(receiver.requests().is_empty());
}
