//! Server that performs a list of actions, regardless of the requests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

/// Reaction to a complete request.
pub(crate) enum Action {
    Respond(String),
    Close,
    /// Writes bytes, then closes the connection.
    RespondAndClose(&'static str),
    /// Keeps the connection open without a response.
    Hang,
    /// Waits for the signal, then responds.
    RespondAfter(oneshot::Receiver<()>, String),
}

pub(crate) struct ScriptedServer {
    pub(crate) uri: String,
    requests: mpsc::UnboundedReceiver<String>,
}

impl ScriptedServer {
    /// Starts a server. After the last action it closes the connection on every request.
    pub(crate) async fn start(actions: impl IntoIterator<Item = Action>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap());
        let actions = Arc::new(Mutex::new(actions.into_iter().collect::<VecDeque<_>>()));
        let (sender, requests) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, Arc::clone(&actions), sender.clone()));
            }
        });
        Self { uri, requests }
    }

    /// Waits for the next request and returns its first line.
    pub(crate) async fn next_request(&mut self) -> String {
        self.requests.recv().await.unwrap()
    }

    /// Returns the first lines of all requests received since the last call.
    pub(crate) fn received(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.requests.try_recv().ok()).collect()
    }
}

async fn serve(
    mut stream: TcpStream,
    actions: Arc<Mutex<VecDeque<Action>>>,
    sender: mpsc::UnboundedSender<String>,
) {
    while let Some(line) = read_request(&mut stream).await {
        sender.send(line).unwrap();
        let action = actions.lock().unwrap().pop_front();
        let text = match action {
            Some(Action::Respond(text)) => text,
            Some(Action::RespondAfter(signal, text)) => {
                signal.await.unwrap();
                text
            }
            Some(Action::RespondAndClose(text)) => {
                return stream.write_all(text.as_bytes()).await.unwrap();
            }
            Some(Action::Hang) => std::future::pending().await,
            Some(Action::Close) | None => return,
        };
        stream.write_all(text.as_bytes()).await.unwrap();
    }
}

/// Reads a request and returns its first line; `None` when the client closed the connection.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        if body.len() == length.map_or(0, |length| length.parse().unwrap()) {
            let line = String::from_utf8_lossy(&bytes)
                .lines()
                .next()
                .unwrap()
                .to_owned();
            return Some(line.trim_end_matches(" HTTP/1.1").to_owned());
        }
    }
}

/// Responds with JSON and keeps the connection open.
pub(crate) fn json(status: u16, body: &Value) -> Action {
    Action::Respond(json_text(status, body))
}

pub(crate) fn json_text(status: u16, body: &Value) -> String {
    response(
        status,
        "content-type: application/json\r\n",
        &body.to_string(),
    )
}

/// Formats a response with these header lines.
pub(crate) fn response(status: u16, head: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} X\r\n{head}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}
