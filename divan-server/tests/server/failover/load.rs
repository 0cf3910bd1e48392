//! Clients that repeat four operations and record the responses.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use divan_core::clock::{Clock, SystemClock};
use divan_core::init_data::InitDataBuilder;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::harness::{BOT, PASSWORD, PHONE};
use crate::process::no_tls;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    SignIn,
    Refresh,
    Me,
    CreateUser,
    Readiness,
}

impl Operation {
    pub(crate) const ALL: [Self; 5] = [
        Self::SignIn,
        Self::Refresh,
        Self::Me,
        Self::CreateUser,
        Self::Readiness,
    ];
}

/// Pause after a success.
const PAUSE: Duration = Duration::from_millis(100);

/// Pause after an error. Clients should wait for the five seconds of `Retry-After`, but that would measure
/// the clients.
const BACKOFF: Duration = Duration::from_millis(700);

/// Time from the moment a server accepts writes to the first success, by operation.
pub(crate) type Recovery = Vec<(Operation, Duration)>;

/// The clients.
pub(crate) struct Load {
    shared: Arc<Shared>,
    running: Vec<JoinHandle<()>>,
}

struct Shared {
    http: reqwest::Client,
    base: String,
    access_token: String,
    pair: Mutex<Value>,
    users: Mutex<Vec<String>>,
    successes: Mutex<Vec<(Operation, Instant)>>,
    failures: Mutex<Vec<String>>,
    count: AtomicU64,
    is_over: AtomicBool,
}

/// Writes that the server has acknowledged.
pub(crate) struct Acknowledged {
    pub(crate) users: Vec<String>,
    pub(crate) pair: Value,
}

pub(crate) fn http_client(timeout: Duration) -> reqwest::Client {
    reqwest::Client::builder()
        .tls_backend_preconfigured(no_tls())
        .timeout(timeout)
        .build()
        .unwrap()
}

impl Load {
    /// Starts the clients with the tokens of two sessions.
    pub(crate) fn start(base: String, session: &Value, pair: Value) -> Self {
        let shared = Arc::new(Shared {
            http: http_client(Duration::from_secs(8)),
            base,
            access_token: session["access_token"].as_str().unwrap().to_owned(),
            pair: Mutex::new(pair),
            users: Mutex::default(),
            successes: Mutex::default(),
            failures: Mutex::default(),
            count: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
        });
        let running = Operation::ALL
            .into_iter()
            .map(|operation| tokio::spawn(Arc::clone(&shared).repeat(operation)))
            .collect();
        Self { shared, running }
    }

    /// Waits until each operation has succeeded after a moment.
    pub(crate) async fn recovery(&self, since: Instant, limit: Duration) -> Recovery {
        let mut recovery = Vec::new();
        for operation in Operation::ALL {
            let first = loop {
                let first = self.first_success(operation, since);
                if let Some(first) = first {
                    break first;
                }
                let is_late = since.elapsed() >= limit;
                assert!(!is_late, "{operation:?} fails: {}", self.last_failure());
                tokio::time::sleep(Duration::from_millis(20)).await;
            };
            assert!(first < limit, "{operation:?} took {first:?}");
            recovery.push((operation, first));
        }
        recovery
    }

    /// Requires that readiness did not succeed in the half second before a moment.
    pub(crate) fn assert_not_ready_at(&self, down_at: Instant) {
        const BEFORE: Duration = Duration::from_millis(500);
        let successes = self.shared.successes.lock().unwrap();
        let wrong = successes.iter().any(|&(operation, at)| {
            operation == Operation::Readiness && at < down_at && at + BEFORE >= down_at
        });
        assert!(!wrong, "ready while no server accepted writes");
    }

    fn last_failure(&self) -> String {
        let failures = self.shared.failures.lock().unwrap();
        failures.last().cloned().unwrap_or_default()
    }

    fn first_success(&self, operation: Operation, since: Instant) -> Option<Duration> {
        let successes = self.shared.successes.lock().unwrap();
        let mut later = successes
            .iter()
            .filter(|(succeeded, at)| *succeeded == operation && *at > since);
        later.next().map(|(_, at)| *at - since)
    }

    pub(crate) async fn stop(self) -> Acknowledged {
        self.shared.is_over.store(true, Ordering::SeqCst);
        for task in self.running {
            task.await.unwrap();
        }
        let users = self.shared.users.lock().unwrap().clone();
        let pair = self.shared.pair.lock().unwrap().clone();
        Acknowledged { users, pair }
    }
}

impl Shared {
    async fn repeat(self: Arc<Self>, operation: Operation) {
        while !self.is_over.load(Ordering::SeqCst) {
            let is_success = match self.request(operation).send().await {
                Ok(response) => self.record(operation, response).await,
                Err(error) => {
                    self.failures.lock().unwrap().push(format!("{error:?}"));
                    false
                }
            };
            tokio::time::sleep(if is_success { PAUSE } else { BACKOFF }).await;
        }
    }

    fn request(&self, operation: Operation) -> reqwest::RequestBuilder {
        let url = |path: &str| format!("{}{path}", self.base);
        match operation {
            Operation::SignIn => {
                let now = SystemClock.unix_seconds();
                let init_data = InitDataBuilder::new(now).user(42, "First");
                let init_data = init_data.sign(&BOT.parse().unwrap());
                let body = json!({"phone": PHONE, "password": PASSWORD, "init_data": init_data});
                self.http.post(url("/auth/telegram/login")).json(&body)
            }
            Operation::Refresh => {
                let token = self.pair.lock().unwrap()["refresh_token"].clone();
                let body = json!({ "refresh_token": token });
                self.http.post(url("/auth/refresh")).json(&body)
            }
            Operation::Me => self
                .http
                .get(url("/auth/me"))
                .bearer_auth(&self.access_token),
            Operation::CreateUser => {
                let number = self.count.fetch_add(1, Ordering::SeqCst);
                let phone = format!("+7702{number:07}");
                let body = json!({"full_name": "First Last", "phone": phone, "password": "tram under the plum"});
                let create = self.http.post(url("/auth/admin/users"));
                create.bearer_auth(&self.access_token).json(&body)
            }
            Operation::Readiness => self.http.get(url("/health/ready")),
        }
    }

    /// Returns `true` for a success.
    async fn record(&self, operation: Operation, response: reqwest::Response) -> bool {
        let status = response.status().as_u16();
        let has_retry_after = response.headers().contains_key("retry-after");
        let Ok(body) = response.text().await else {
            return false;
        };
        if !(200..300).contains(&status) {
            let failure = format!("{operation:?}: {status} {body}");
            let is_readiness = operation == Operation::Readiness;
            assert!(
                status == 503 && (has_retry_after || is_readiness),
                "{failure}"
            );
            self.failures.lock().unwrap().push(failure);
            return false;
        }
        let at = Instant::now();
        let json: Value = serde_json::from_str(&body).unwrap_or_default();
        match operation {
            Operation::Refresh => *self.pair.lock().unwrap() = json,
            Operation::CreateUser => {
                let id = json["user"]["id"]
                    .as_str()
                    .unwrap_or_else(|| panic!("{body}"));
                self.users.lock().unwrap().push(id.to_owned());
            }
            _ => {}
        }
        self.successes.lock().unwrap().push((operation, at));
        true
    }
}
