//! A server that does one thing after another, whatever it is asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

/// What is done with a request once it was read to its end.
pub(crate) enum Act {
    Answer(String),
    HangUp,
    /// Writes, then hangs up.
    LastWords(&'static str),
    /// The connection stays open and silent.
    Silence,
    /// Waits for the word, then answers.
    AnswerAt(oneshot::Receiver<()>, String),
}

pub(crate) struct Sockets {
    pub(crate) uri: String,
    arrivals: mpsc::UnboundedReceiver<String>,
}

impl Sockets {
    /// A server that acts like this, and hangs up on every request after that.
    pub(crate) async fn acting(acts: impl IntoIterator<Item = Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap());
        let acts = Arc::new(Mutex::new(acts.into_iter().collect::<VecDeque<_>>()));
        let (arrived, arrivals) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, Arc::clone(&acts), arrived.clone()));
            }
        });
        Self { uri, arrivals }
    }

    /// The first line of the next request, as soon as it is there.
    pub(crate) async fn next(&mut self) -> String {
        self.arrivals.recv().await.unwrap()
    }

    /// The first lines of all requests that were not asked for yet.
    pub(crate) fn seen(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.arrivals.try_recv().ok()).collect()
    }
}

async fn serve(
    mut stream: TcpStream,
    acts: Arc<Mutex<VecDeque<Act>>>,
    arrived: mpsc::UnboundedSender<String>,
) {
    while let Some(line) = read_request(&mut stream).await {
        arrived.send(line).unwrap();
        let act = acts.lock().unwrap().pop_front();
        let text = match act {
            Some(Act::Answer(text)) => text,
            Some(Act::AnswerAt(word, text)) => {
                word.await.unwrap();
                text
            }
            Some(Act::LastWords(text)) => return stream.write_all(text.as_bytes()).await.unwrap(),
            Some(Act::Silence) => std::future::pending().await,
            Some(Act::HangUp) | None => return,
        };
        stream.write_all(text.as_bytes()).await.unwrap();
    }
}

/// Reads head and body; the first line of it, or `None` when the client has gone.
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

/// An answer in JSON, after which the connection stays open.
pub(crate) fn json(status: u16, body: &Value) -> Act {
    Act::Answer(json_text(status, body))
}

pub(crate) fn json_text(status: u16, body: &Value) -> String {
    answer(
        status,
        "content-type: application/json\r\n",
        &body.to_string(),
    )
}

/// An answer with these lines in its head.
pub(crate) fn answer(status: u16, head: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} X\r\n{head}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}
