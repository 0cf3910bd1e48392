use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A mock of Telegram's Bot API that records requests, with answers that a test sets. It ends with the process.
#[derive(Clone, Debug)]
pub struct MockBotApi {
    port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    received: Vec<BotRequest>,
    answers: VecDeque<BotAnswer>,
    latency: Duration,
}

/// A received request.
#[derive(Clone, Debug)]
pub struct BotRequest {
    /// Path, with the token.
    pub path: String,
    /// JSON body.
    pub body: String,
    /// Time of the arrival.
    pub at: Instant,
}

/// An answer of the mock.
#[derive(Clone, Debug)]
pub enum BotAnswer {
    /// The request was accepted.
    Accept,
    /// A status and a JSON body.
    Status(u16, &'static str),
    /// The connection closes without an answer, after the request was accepted.
    Lose,
    /// The connection stays open without an answer.
    Hang,
}

impl MockBotApi {
    /// Starts the mock on a free port.
    ///
    /// # Panics
    /// When there is no free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let mock = Self {
            port,
            state: Arc::default(),
        };
        let accepting = mock.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mock = accepting.clone();
                std::thread::spawn(move || mock.serve(stream));
            }
        });
        mock
    }

    /// Returns the URL for `TELEGRAM_API_URL`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Answers the next requests like this. Further ones are accepted.
    pub fn answer(&self, answers: impl IntoIterator<Item = BotAnswer>) {
        self.with(|state| state.answers.extend(answers));
    }

    /// Sets the time between a request and its answer.
    pub fn set_latency(&self, latency: Duration) {
        self.with(|state| state.latency = latency);
    }

    /// Returns the requests so far, in the order of their arrival.
    pub fn received(&self) -> Vec<BotRequest> {
        self.with(|state| state.received.clone())
    }

    fn with<T>(&self, access: impl FnOnce(&mut State) -> T) -> T {
        access(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let (path, body) = read(&mut BufReader::new(&stream))?;
        let at = Instant::now();
        let (answer, latency) = self.with(|state| {
            state.received.push(BotRequest { path, body, at });
            let answer = state.answers.pop_front();
            (answer.unwrap_or(BotAnswer::Accept), state.latency)
        });
        std::thread::sleep(latency);
        let (status, body) = match answer {
            BotAnswer::Accept => (200, r#"{"ok":true,"result":{"message_id":1}}"#),
            BotAnswer::Status(status, body) => (status, body),
            BotAnswer::Lose => return None,
            BotAnswer::Hang => {
                // Until the client gives up.
                let _ = stream.read(&mut [0]);
                return None;
            }
        };
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
             connection: close\r\n\r\n"
        );
        stream.write_all((head + body).as_bytes()).ok()
    }
}

/// Reads a request: its path and its body.
fn read(stream: &mut impl BufRead) -> Option<(String, String)> {
    let mut line = String::new();
    stream.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).ok()?;
        let header = header.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some((path, String::from_utf8(body).ok()?))
}
