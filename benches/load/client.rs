use std::sync::Arc;

use axum::http::header::{AUTHORIZATION, HOST};
use axum::http::{Request, StatusCode};
use divan_core::api::{Endpoint, Me};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::server::Server;

/// How many ask at once, each on a connection of its own.
const CONNECTIONS: usize = 16;

/// How an answer has to be; any other ends the run.
#[derive(Clone, Copy)]
pub(crate) enum Expect {
    Answer,
    Refusal,
}

impl Expect {
    fn status(self) -> StatusCode {
        match self {
            Self::Answer => StatusCode::OK,
            Self::Refusal => StatusCode::UNAUTHORIZED,
        }
    }
}

/// Asks a server for `me` so many times, going round the tokens.
pub(crate) async fn ask(server: &Server, tokens: &Arc<[String]>, requests: usize, expect: Expect) {
    let mut askers = JoinSet::new();
    for first in 0..CONNECTIONS {
        let mut connection = Connection::open(server).await;
        let tokens = Arc::clone(tokens);
        askers.spawn(async move {
            for n in (first..requests).step_by(CONNECTIONS) {
                connection.ask(&tokens[n % tokens.len()], expect).await;
            }
        });
    }
    while let Some(asked) = askers.join_next().await {
        asked.expect("all answers are as expected");
    }
}

/// A connection that is kept open.
pub(crate) struct Connection(SendRequest<Empty<Bytes>>);

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

    /// The body of the answer to one token.
    pub(crate) async fn ask(&mut self, token: &str, expect: Expect) -> Bytes {
        let request = Request::get(Me::PATH)
            .header(HOST, "localhost")
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .body(Empty::new())
            .expect("a request");
        let answer = self.0.send_request(request).await.expect("an answer");
        assert_eq!(answer.status(), expect.status());
        answer
            .into_body()
            .collect()
            .await
            .expect("a whole answer")
            .to_bytes()
    }
}
