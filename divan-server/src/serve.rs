//! Accepts connections, with time limits.
//!
//! `axum::serve` sets no time-outs, so a client that sends one byte a minute would hold a
//! connection forever. HTTP/1.1 only, which proxies use: detecting the version would be one more
//! wait without a limit.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower_http::add_extension::AddExtension;

use crate::extract::Peer;

/// Limits on connections and waiting times.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    /// Maximum of concurrent connections; further ones wait.
    pub(crate) connections: usize,
    /// Time from the start of a connection, or its last response, to the end of the next headers.
    pub(crate) headers: Duration,
    /// Time from the stop signal until connections are no longer accepted, in which a load balancer
    /// can notice the lost readiness.
    pub(crate) drain: Duration,
    /// Time from then until running requests are aborted. Container engines kill after ten seconds.
    pub(crate) stop: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connections: Semaphore::MAX_PERMITS,
            headers: Duration::from_secs(30),
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
    stop: impl Future<Output = ()>,
) {
    let connections = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(timeouts.connections));
    let mut stop = pin!(async {
        stop.await;
        tokio::time::sleep(timeouts.drain).await;
    });
    loop {
        tokio::select! {
            (accepted, slot) = accept(&listener, &slots) => match accepted {
                Ok((stream, peer)) => spawn(stream, peer, slot, &router, timeouts, &connections),
                Err(error) => handle_accept_error(&error).await,
            },
            () = &mut stop => break,
        }
    }
    drop(listener);
    if tokio::time::timeout(timeouts.stop, connections.shutdown())
        .await
        .is_err()
    {
        tracing::warn!(
            seconds = timeouts.stop.as_secs(),
            "aborted requests that were still running"
        );
    }
}

/// Accepts the next connection as soon as a slot is free.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> (
    io::Result<(TcpStream, SocketAddr)>,
    Option<OwnedSemaphorePermit>,
) {
    // The semaphore is never closed.
    let slot = Arc::clone(slots).acquire_owned().await.ok();
    (listener.accept().await, slot)
}

fn spawn(
    stream: TcpStream,
    peer: SocketAddr,
    slot: Option<OwnedSemaphorePermit>,
    router: &Router,
    timeouts: Timeouts,
    connections: &GracefulShutdown,
) {
    // Responses are small and complete; waiting to fill a segment would only delay them.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(timeouts.headers)
        .serve_connection(
            TokioIo::new(stream),
            TowerToHyperService::new(AddExtension::new(router.clone(), Peer(peer.ip()))),
        );
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "connection ended early");
        }
        drop(slot);
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
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::Notify;

    use super::*;

    async fn start(router: Router, stop: impl Future<Output = ()> + Send + 'static) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let timeouts = Timeouts {
            connections: 2,
            headers: Duration::from_millis(100),
            drain: Duration::ZERO,
            stop: Duration::from_secs(20),
        };
        tokio::spawn(serve(listener, router, timeouts, stop));
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
    async fn a_connection_above_the_limit_waits_for_a_free_slot() {
        let router = Router::new()
            .route("/", get("done"))
            .route("/hangs", get(std::future::pending::<()>));
        let address = start(router, std::future::pending()).await;
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
