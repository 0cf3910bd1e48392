use std::net::IpAddr;
use std::sync::Arc;

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use axum::http::{Request, StatusCode};
use divan_core::api::{Endpoint, Me};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::server::Server;

/// Number of concurrent connections.
const CONNECTIONS: usize = 16;

/// Request, and the expected kind of response; any other ends the run.
#[derive(Clone, Copy)]
pub(crate) enum Expect {
    /// `me` returns the user.
    Success,
    /// Forward authentication accepts the token.
    Verified,
    /// `me` rejects the token.
    Rejection,
}

impl Expect {
    fn path(self) -> &'static str {
        match self {
            Self::Verified => "/auth/verify",
            Self::Success | Self::Rejection => Me::PATH,
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Success | Self::Verified => StatusCode::OK,
            Self::Rejection => StatusCode::UNAUTHORIZED,
        }
    }
}

/// Sends `requests` requests, with the tokens in turn.
pub(crate) async fn send_requests(
    server: &Server,
    tokens: &Arc<[String]>,
    requests: usize,
    expect: Expect,
) {
    let mut tasks = JoinSet::new();
    for first in 0..CONNECTIONS {
        let mut connection = Connection::open(server).await;
        let tokens = Arc::clone(tokens);
        tasks.spawn(async move {
            for n in (first..requests).step_by(CONNECTIONS) {
                connection.request(&tokens[n % tokens.len()], expect).await;
            }
        });
    }
    while let Some(finished) = tasks.join_next().await {
        finished.expect("all responses are as expected");
    }
}

/// Persistent connection.
pub(crate) struct Connection(SendRequest<Full<Bytes>>);

impl Connection {
    pub(crate) async fn open(server: &Server) -> Self {
        let stream = TcpStream::connect(server.address)
            .await
            .expect("a server that listens");
        stream.set_nodelay(true).expect("a socket");
        let (sender, connection) = handshake(TokioIo::new(stream))
            .await
            .expect("a new connection");
        tokio::spawn(connection);
        Self(sender)
    }

    /// Sends a request with `token` and returns the body of the response.
    pub(crate) async fn request(&mut self, token: &str, expect: Expect) -> Bytes {
        let request = Request::get(expect.path())
            .header(HOST, "localhost")
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .body(Full::default())
            .expect("a request");
        let response = self.0.send_request(request).await.expect("a response");
        assert_eq!(response.status(), expect.status());
        response
            .into_body()
            .collect()
            .await
            .expect("a whole response")
            .to_bytes()
    }

    /// Sends the request of an endpoint as a client with this address, and returns the status.
    /// Fails when the server closes the connection.
    pub(crate) async fn post<E: Endpoint>(
        &mut self,
        client: IpAddr,
        body: &E::Request,
    ) -> hyper::Result<StatusCode> {
        let body = serde_json::to_vec(body).expect("requests are JSON");
        let request = Request::post(E::PATH)
            .header(HOST, "localhost")
            .header("x-forwarded-for", client.to_string())
            .header(CONTENT_TYPE, "application/json")
            .body(Full::from(body))
            .expect("a request");
        let response = self.0.send_request(request).await?;
        let status = response.status();
        response.into_body().collect().await?;
        Ok(status)
    }
}
