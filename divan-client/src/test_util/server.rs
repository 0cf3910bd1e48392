use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use divan_core::api::{Auth, ENDPOINTS, EndpointDescription, Problem, ProblemCode};
use divan_core::clock::{Clock, ManualClock};
use divan_core::types::{Audience, AuditEvent};
use wiremock::{Request, Respond, ResponseTemplate};

use super::accounts::Accounts;
use super::sessions::{Live, Sessions};

/// What the server remembers.
pub(super) struct State {
    pub(super) accounts: Accounts,
    pub(super) sessions: Sessions,
    pub(super) audit: Vec<AuditEvent>,
    /// The problem that an operation is answered with, and how many more times.
    pub(super) refusals: HashMap<&'static str, (ProblemCode, Option<usize>)>,
    pub(super) calls: HashMap<&'static str, usize>,
}

/// The server's answers.
#[derive(Clone)]
pub(super) struct Respondent {
    state: Arc<Mutex<State>>,
    clock: Arc<ManualClock>,
}

/// A request that has found its endpoint.
pub(super) struct Asked<'a> {
    pub(super) operation: &'static str,
    pub(super) status: u16,
    /// What stands for `{id}` in the path.
    pub(super) id: &'a str,
    pub(super) caller: Option<Live>,
    pub(super) query: &'a str,
    pub(super) body: &'a [u8],
    pub(super) now: SystemTime,
}

impl Respondent {
    pub(super) fn new(clock: Arc<ManualClock>) -> Self {
        let state = State {
            accounts: Accounts::new(clock.now()),
            sessions: Sessions::default(),
            audit: Vec::new(),
            refusals: HashMap::new(),
            calls: HashMap::new(),
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            clock,
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, request: &Request) -> Result<ResponseTemplate, ProblemCode> {
        let mut state = self.state();
        let (endpoint, id) = find(request).ok_or(ProblemCode::NotFound)?;
        *state.calls.entry(endpoint.operation).or_default() += 1;
        if let Some(code) = state.refusal(endpoint.operation) {
            return Err(code);
        }
        let now = self.clock.now();
        let caller = state.caller(endpoint.auth, request, now)?;
        let (operation, status) = (endpoint.operation, endpoint.status);
        let query = request.url.query().unwrap_or_default();
        state.answer(&Asked {
            operation,
            status,
            id,
            caller,
            query,
            body: &request.body,
            now,
        })
    }
}

impl Respond for Respondent {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        self.answer(request).unwrap_or_else(problem)
    }
}

impl State {
    fn refusal(&mut self, operation: &'static str) -> Option<ProblemCode> {
        let (code, times) = self.refusals.get_mut(operation)?;
        match times {
            Some(0) => return None,
            Some(times) => *times -= 1,
            None => {}
        }
        Some(*code)
    }

    fn caller(
        &mut self,
        auth: Auth,
        request: &Request,
        now: SystemTime,
    ) -> Result<Option<Live>, ProblemCode> {
        if matches!(auth, Auth::None | Auth::InitData | Auth::BootstrapToken) {
            return Ok(None);
        }
        let header = request
            .headers
            .get("authorization")
            .and_then(|value| value.to_str().ok());
        let token = header.and_then(|header| header.strip_prefix("Bearer "));
        let caller = self
            .sessions
            .caller(token.ok_or(ProblemCode::TokenMissing)?, now)?;
        if auth == Auth::Admin && caller.audience != Audience::Admin {
            return Err(ProblemCode::AdminRequired);
        }
        Ok(Some(caller))
    }
}

/// The endpoint of a request, and what stands for `{id}` in its path.
fn find(request: &Request) -> Option<(&'static EndpointDescription, &str)> {
    let path = request.url.path();
    ENDPOINTS
        .iter()
        .filter(|endpoint| endpoint.method.as_str() == request.method.as_str())
        .find_map(|endpoint| {
            let Some((start, end)) = endpoint.path.split_once("{id}") else {
                return (endpoint.path == path).then_some((endpoint, ""));
            };
            let id = path.strip_prefix(start)?.strip_suffix(end)?;
            (!id.contains('/')).then_some((endpoint, id))
        })
}

fn problem(code: ProblemCode) -> ResponseTemplate {
    let body = serde_json::to_vec(&Problem::new(code)).unwrap_or_default();
    let answer =
        ResponseTemplate::new(code.status()).set_body_raw(body, "application/problem+json");
    // Time stands still here: nobody has to wait.
    if code.status() == 503 {
        answer.insert_header("retry-after", "0")
    } else {
        answer
    }
}
