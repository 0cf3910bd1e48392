//! Accepts connections and gives each a bounded time.
//!
//! `axum::serve` sets no time-outs, so a client that sends one byte a minute would hold a
//! connection for ever. HTTP/1.1 alone, which is what a proxy in front speaks: telling the versions
//! apart would be one more wait without an end.

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

/// How long the server waits for others, and for how many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    /// How many connections there are at a time; the next one waits for the end of another.
    pub(crate) connections: usize,
    /// From the start of a connection, or the end of the last answer on it, to the end of the next
    /// headers.
    pub(crate) headers: Duration,
    /// From being told to stop to no longer accepting connections: time for a balancer to see that
    /// readiness is gone.
    pub(crate) drain: Duration,
    /// From then to the last answer. Container engines kill after ten seconds.
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

/// Serves until `stop` completes, then waits for the requests that are under way.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    timeouts: Timeouts,
    stop: impl Future<Output = ()>,
) {
    let connections = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(timeouts.connections));
    let mut stop = pin!(async {
        stop.await;
        tokio::time::sleep(timeouts.drain).await;
    });
    loop {
        tokio::select! {
            (accepted, place) = accept(&listener, &room) => match accepted {
                Ok((stream, peer)) => spawn(stream, peer, place, &router, timeouts, &connections),
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
            "requests were still under way after {} s, and were cut off",
            timeouts.stop.as_secs()
        );
    }
}

/// The next connection, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> (
    io::Result<(TcpStream, SocketAddr)>,
    Option<OwnedSemaphorePermit>,
) {
    // Nobody closes it.
    let place = Arc::clone(room).acquire_owned().await.ok();
    (listener.accept().await, place)
}

fn spawn(
    stream: TcpStream,
    peer: SocketAddr,
    place: Option<OwnedSemaphorePermit>,
    router: &Router,
    timeouts: Timeouts,
    connections: &GracefulShutdown,
) {
    // Answers are small and whole; waiting to fill a segment would only delay them.
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
            tracing::debug!(%error, "a connection ended early");
        }
        drop(place);
    });
}

/// A client that hung up is none of our business; without room for more sockets, wait until some
/// are closed.
async fn handle_accept_error(error: &io::Error) {
    let is_the_clients = matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    );
    if !is_the_clients {
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

    async fn started(
        router: Router,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> SocketAddr {
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

    async fn answer(address: SocketAddr, sent: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    #[tokio::test]
    async fn who_does_not_send_headers_is_hung_up_on() {
        let address = started(Router::new(), std::future::pending()).await;
        for sent in ["", "GET / HT", "GET / HTTP/1.1\r\nhost: x\r\n"] {
            let text = answer(address, sent).await;
            assert!(
                text.is_empty() || text.starts_with("HTTP/1.1 408"),
                "{sent:?}: {text}"
            );
        }
    }

    #[tokio::test]
    async fn a_connection_more_than_there_may_be_waits_for_the_end_of_another() {
        let router = Router::new()
            .route("/", get("done"))
            .route("/hangs", get(std::future::pending::<()>));
        let address = started(router, std::future::pending()).await;
        let mut held = Vec::new();
        for _ in 0..2 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream
                .write_all(b"GET /hangs HTTP/1.1\r\nhost: x\r\n\r\n")
                .await
                .unwrap();
            held.push(stream);
        }
        let mut third = pin!(answer(
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
    async fn a_request_under_way_is_finished_before_the_stop() {
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
        let told = stop.clone();
        let address = started(Router::new().route("/", get(handler)), async move {
            told.notified().await
        })
        .await;
        let request = tokio::spawn(answer(
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
