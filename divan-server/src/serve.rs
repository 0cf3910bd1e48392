//! Accepts connections, with time limits.
//!
//! `axum::serve` sets no time-outs, so a client that sends one byte a minute would hold a
//! connection forever, and bounds no connections. HTTP/1.1 only, which proxies use: detecting the version would be one more
//! wait without a limit.

mod connections;
mod descriptors;
mod head_deadline;
mod turn;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

use crate::extract::Peer;
use connections::{Connections, Slot};
#[cfg(feature = "cli")]
pub(crate) use descriptors::raise_limit;
use head_deadline::HeadDeadline;
use turn::Turn;

pub(crate) use connections::Limits;

/// Maximum size of the buffer for the head of a request. Beyond it hyper responds 431 without a body;
/// below, the middleware responds with a problem.
const MAX_BUFFER: usize = 48 * 1024;

/// Limits on waiting times.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    /// Time from the first byte of a request, or the start of the connection, to the end of the headers.
    pub(crate) headers: Duration,
    /// Time from a response to the end of the next headers.
    pub(crate) idle: Duration,
    /// Time from the stop signal until connections are no longer accepted, in which a load balancer
    /// can notice the lost readiness.
    pub(crate) drain: Duration,
    /// Time from then until running requests are aborted. Container engines kill after ten seconds.
    pub(crate) stop: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            headers: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            drain: Duration::from_secs(1),
            stop: Duration::from_secs(8),
        }
    }
}

/// Serves until `stop` completes, then waits for running requests.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    timeouts: Timeouts,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let running = GracefulShutdown::new();
    let connections = Connections::new(limits);
    let mut stop = pin!(async {
        stop.await;
        tokio::time::sleep(timeouts.drain).await;
    });
    loop {
        tokio::select! {
            accepted = accept(&listener, &connections) => match accepted {
                Ok(Some(accepted)) => spawn(accepted, &router, timeouts, &running),
                Ok(None) => {}
                Err(error) => handle_accept_error(&error).await,
            },
            () = &mut stop => break,
        }
    }
    drop(listener);
    if tokio::time::timeout(timeouts.stop, running.shutdown())
        .await
        .is_err()
    {
        tracing::warn!(
            seconds = timeouts.stop.as_secs(),
            "aborted requests that were still running"
        );
    }
}

struct Accepted {
    stream: TcpStream,
    peer: IpAddr,
    slot: Arc<Slot>,
}

/// Accepts the next connection, as soon as there is room for it; `None` if its address has too many.
async fn accept(
    listener: &TcpListener,
    connections: &Arc<Connections>,
) -> io::Result<Option<Accepted>> {
    let (stream, peer) = listener.accept().await?;
    let peer = peer.ip();
    let slot = connections.admit(peer).await.map(Arc::new);
    Ok(slot.map(|slot| Accepted { stream, peer, slot }))
}

fn spawn(accepted: Accepted, router: &Router, timeouts: Timeouts, running: &GracefulShutdown) {
    let Accepted { stream, peer, slot } = accepted;
    // Responses are small and complete; waiting to fill a segment would only delay them.
    let _ = stream.set_nodelay(true);
    let stream = HeadDeadline::new(stream, timeouts.headers);
    let (requests, router, place) = (stream.requests(), router.clone(), Arc::clone(&slot));
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        requests.next_turn();
        let (requests, busy) = (requests.clone(), place.busy());
        request.extensions_mut().insert(Peer(peer));
        let response = router.clone().oneshot(request.map(Body::new));
        let turn = Turn {
            requests,
            _busy: busy,
        };
        async move {
            let response: Result<Response, Infallible> = response.await;
            response.map(|response| turn.until_sent(response))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(timeouts.idle)
        .max_buf_size(MAX_BUFFER)
        .serve_connection(TokioIo::new(stream), service);
    let connection = running.watch(connection);
    tokio::spawn(async move {
        tokio::select! {
            ended = connection => if let Err(error) = ended {
                tracing::debug!(%error, "connection ended early");
            },
            () = slot.closing() => tracing::debug!("closed an idle connection to make room"),
        }
    });
}

/// Ignores connections that the client aborted; waits a second after other errors, for example when
/// no file descriptor is free.
async fn handle_accept_error(error: &io::Error) {
    let is_client_error = matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    );
    if !is_client_error {
        tracing::error!(%error, "cannot accept connections");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::Notify;

    use super::*;

    fn limits(total: usize, per_address: usize) -> Limits {
        Limits {
            total,
            per_address,
            trusted_proxies: Vec::new(),
        }
    }

    async fn start(router: Router, stop: impl Future<Output = ()> + Send + 'static) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let timeouts = Timeouts {
            headers: Duration::from_millis(100),
            idle: Duration::from_millis(300),
            drain: Duration::ZERO,
            stop: Duration::from_secs(20),
        };
        tokio::spawn(serve(listener, router, timeouts, limits(2, 2), stop));
        address
    }

    /// Starts a server of two connections whose clients are a trusted proxy.
    async fn start_proxied(router: Router) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let limits = Limits {
            trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()],
            ..limits(2, 1)
        };
        let stop = std::future::pending();
        tokio::spawn(serve(listener, router, Timeouts::default(), limits, stop));
        address
    }

    async fn exchange(address: SocketAddr, sent: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    #[tokio::test]
    async fn a_connection_without_complete_headers_is_closed() {
        let address = start(Router::new(), std::future::pending()).await;
        for sent in ["", "GET / HT", "GET / HTTP/1.1\r\nhost: x\r\n"] {
            let text = exchange(address, sent).await;
            assert!(
                text.is_empty() || text.starts_with("HTTP/1.1 408"),
                "{sent:?}: {text}"
            );
        }
    }

    #[tokio::test]
    async fn a_head_is_complete_in_time_even_if_bytes_arrive() {
        let address = start(Router::new(), std::future::pending()).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        let is_open = async {
            for byte in "GET / HTTP/1.1\r\nhost: x\r\n".bytes().cycle() {
                if stream.write_all(&[byte]).await.is_err() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), is_open)
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn an_idle_connection_and_a_slow_handler_outlast_the_time_of_a_head() {
        let slow = async || {
            tokio::time::sleep(Duration::from_millis(200)).await;
            "done"
        };
        let address = start(Router::new().route("/", get(slow)), std::future::pending()).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        for _ in 0..2 {
            stream
                .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
                .await
                .unwrap();
            let (mut response, mut buffer) = (String::new(), [0; 512]);
            while !response.ends_with("done") {
                let read = stream.read(&mut buffer).await.unwrap();
                assert!(read > 0, "closed after {response}");
                response += std::str::from_utf8(&buffer[..read]).unwrap();
            }
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    }

    #[tokio::test]
    async fn a_further_connection_closes_the_oldest_idle_one() {
        let address = start_proxied(Router::new().route("/", get("done"))).await;
        let mut silent = Vec::new();
        for _ in 0..50 {
            silent.push(TcpStream::connect(address).await.unwrap());
        }
        let request = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        let response = tokio::time::timeout(Duration::from_secs(5), exchange(address, request));
        assert!(response.await.unwrap().ends_with("done"));
        let mut byte = [0];
        assert_eq!(silent[0].read(&mut byte).await.unwrap_or(0), 0);
    }

    #[tokio::test]
    async fn a_connection_is_busy_until_its_body_is_sent() {
        let endless = async || {
            let parts = futures_util::stream::repeat_with(|| Ok::<_, Infallible>("part"));
            let parts = futures_util::StreamExt::then(parts, async |part| {
                tokio::time::sleep(Duration::from_millis(1)).await;
                part
            });
            Body::from_stream(parts)
        };
        let router = Router::new().route("/", get("done"));
        let address = start_proxied(router.route("/endless", get(endless))).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = b"GET /endless HTTP/1.1\r\nhost: x\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut buffer = [0; 512];
        assert!(stream.read(&mut buffer).await.unwrap() > 0);
        let request = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        let mut silent = Vec::new();
        for _ in 0..10 {
            silent.push(TcpStream::connect(address).await.unwrap());
            assert!(exchange(address, request).await.ends_with("done"));
        }
        for _ in 0..100 {
            assert!(stream.read(&mut buffer).await.unwrap() > 0);
        }
    }

    #[tokio::test]
    async fn an_address_has_a_limit_of_its_own() {
        let router = Router::new()
            .route("/", get("done"))
            .route("/hangs", get(std::future::pending::<()>));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = std::future::pending();
        tokio::spawn(serve(
            listener,
            router,
            Timeouts::default(),
            limits(9, 2),
            stop,
        ));
        let mut busy = Vec::new();
        for _ in 0..2 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream
                .write_all(b"GET /hangs HTTP/1.1\r\nhost: x\r\n\r\n")
                .await
                .unwrap();
            busy.push(stream);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        let mut refused = TcpStream::connect(address).await.unwrap();
        assert_eq!(refused.read(&mut [0]).await.unwrap_or(0), 0);
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        let mut other = socket.connect(address).await.unwrap();
        other
            .write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        let mut response = String::new();
        other.read_to_string(&mut response).await.unwrap();
        assert!(response.ends_with("done"));
    }

    #[tokio::test]
    async fn a_connection_above_the_limit_waits_for_a_free_slot() {
        let router = Router::new()
            .route("/", get("done"))
            .route("/hangs", get(std::future::pending::<()>));
        let address = start_proxied(router).await;
        let mut held = Vec::new();
        for _ in 0..2 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream
                .write_all(b"GET /hangs HTTP/1.1\r\nhost: x\r\n\r\n")
                .await
                .unwrap();
            held.push(stream);
        }
        let mut third = pin!(exchange(
            address,
            "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        ));
        tokio::time::timeout(Duration::from_millis(300), &mut third)
            .await
            .unwrap_err();
        held.pop();
        assert!(third.await.ends_with("done"));
    }

    #[tokio::test]
    async fn a_running_request_finishes_before_the_stop() {
        let (entered, leave, stop) = (
            Arc::new(Notify::new()),
            Arc::new(Notify::new()),
            Arc::new(Notify::new()),
        );
        let handler = {
            let (entered, leave) = (entered.clone(), leave.clone());
            async move || {
                entered.notify_one();
                leave.notified().await;
                "done"
            }
        };
        let stopped = stop.clone();
        let address = start(Router::new().route("/", get(handler)), async move {
            stopped.notified().await;
        })
        .await;
        let request = tokio::spawn(exchange(
            address,
            "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        ));
        entered.notified().await;
        stop.notify_one();
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        leave.notify_one();
        assert!(request.await.unwrap().ends_with("done"));
    }
}
