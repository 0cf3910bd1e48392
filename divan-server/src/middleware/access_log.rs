use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, Method, StatusCode};

use super::X_REQUEST_ID;
use crate::error_chain::error_chain;
use crate::extract::Peer;
use crate::problem::{Problem, Refusal};
use crate::state::{AppState, HttpOptions};
use crate::verify_endpoint;

/// Status of a request whose client closed the connection before the response, as in nginx.
const CLIENT_CLOSED: u16 = 499;

/// Log line and metrics of one request: method, route, status, duration, cause of a failure. It
/// records the path of the route instead of the request's, so that it contains no client data.
pub(super) struct AccessLog {
    id: HeaderValue,
    method: Method,
    route: Option<MatchedPath>,
    started: Instant,
    state: AppState,
    is_written: bool,
}

impl AccessLog {
    pub(super) fn start(request: &Request, id: HeaderValue, state: AppState) -> Self {
        Self {
            id,
            method: request.method().clone(),
            route: request.extensions().get().cloned(),
            started: Instant::now(),
            state,
            is_written: false,
        }
    }

    pub(super) fn finish(
        mut self,
        status: StatusCode,
        problem: Option<&Problem>,
        is_sign_in: bool,
    ) {
        self.is_written = true;
        let code = problem.map(|problem| problem.code().as_str());
        let cause = problem
            .and_then(Problem::cause)
            .map(|cause| error_chain(cause))
            .unwrap_or_default();
        let outcome = is_sign_in.then_some(code.unwrap_or("success"));
        let refusal = problem.and_then(Problem::refusal);
        if let Some(refusal) = refusal {
            self.state.count_refusal(refusal, Instant::now());
        }
        self.write(status.as_u16(), code, outcome, refusal, &cause);
    }

    fn write(
        &self,
        status: u16,
        code: Option<&'static str>,
        outcome: Option<&'static str>,
        refusal: Option<Refusal>,
        cause: &str,
    ) {
        let (method, took) = (method_label(&self.method), self.started.elapsed());
        let request_id = self.id.to_str().unwrap_or_default();
        let route = self.route.as_ref().map(MatchedPath::as_str);
        self.state
            .counters()
            .observe(method, route, status, outcome, took);
        let is_forward_auth = route.is_some_and(verify_endpoint::is_at);
        let (route, code) = (route.unwrap_or("-"), code.unwrap_or("-"));
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if status >= 500 {
            tracing::error!(
                method,
                route,
                status,
                code,
                micros,
                request_id,
                cause,
                "request failed"
            );
        } else if (self.method.is_safe() || is_forward_auth)
            && status != StatusCode::FORBIDDEN.as_u16()
        {
            // Most requests are reads, which the log of the proxy in front covers. A refused permission
            // is evidence.
            tracing::debug!(method, route, status, code, micros, request_id, "request");
        } else {
            let reason = refusal.map(|refusal| refusal.reason);
            let age_seconds = refusal.and_then(|refusal| refusal.age_seconds);
            tracing::info!(
                method,
                route,
                status,
                code,
                reason,
                age_seconds,
                micros,
                request_id,
                "request"
            );
        }
    }
}

impl Drop for AccessLog {
    /// Records a request whose client closed the connection, or that a stop of the server ended.
    fn drop(&mut self) {
        if !self.is_written {
            let code = Some("client_closed");
            self.write(CLIENT_CLOSED, code, code, None, "");
        }
    }
}

/// Maps methods that the server does not use to `other`, because a client can send any text.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// Returns the request id that a trusted proxy or the embedding application set, if it has the form of
/// one, or a new one. Other clients must not choose what the log and the audit contain.
pub(super) fn request_id(request: &Request, options: &HttpOptions) -> HeaderValue {
    let is_trusted = match request.extensions().get() {
        Some(&Peer(peer)) => options.is_trusted_proxy(peer),
        None => true,
    };
    let is_plain = |id: &&HeaderValue| {
        let is_plain = |b: &u8| b.is_ascii_alphanumeric() || b"-_.".contains(b);
        (1..=64).contains(&id.len()) && id.as_bytes().iter().all(is_plain)
    };
    request
        .headers()
        .get(X_REQUEST_ID)
        .filter(|_| is_trusted)
        .filter(is_plain)
        .map_or_else(new_request_id, HeaderValue::clone)
}

#[expect(
    clippy::disallowed_methods,
    reason = "an id for the log, which no test needs to predict"
)]
#[expect(clippy::expect_used, reason = "hexadecimal digits")]
fn new_request_id() -> HeaderValue {
    let id = uuid::Uuid::new_v4();
    let mut digits = uuid::Uuid::encode_buffer();
    HeaderValue::from_str(id.simple().encode_lower(&mut digits))
        .expect("hexadecimal digits are a header")
}
