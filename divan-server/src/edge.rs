//! What happens to every request and every answer, whatever the route.

use std::any::Any;
use std::error::Error;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY,
    RETRY_AFTER, STRICT_TRANSPORT_SECURITY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, Method};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use divan_core::api::{BOOTSTRAP_TOKEN_HEADER, ProblemCode};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::problem::Problem;
use crate::state::HttpOptions;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A browser keeps the answer to a preflight this long.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_mins(10);

/// Puts the layers around a router; the last one is the first that a request meets.
pub(crate) fn around(router: Router, http: &HttpOptions) -> Router {
    router
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(http.request_timeout, timeout))
        .layer(cors(&http.allowed_origins))
        .layer(from_fn(report))
        .layer(from_fn_with_state(http.strict_transport, security_headers))
}

fn cors(origins: &[HeaderValue]) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.iter().filter(|origin| *origin != "*").cloned()))
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, HeaderName::from_static(BOOTSTRAP_TOKEN_HEADER)])
        .expose_headers([X_REQUEST_ID, RETRY_AFTER, WWW_AUTHENTICATE])
        .max_age(PREFLIGHT_MAX_AGE)
}

async fn security_headers(State(strict_transport): State<bool>, request: Request, next: Next) -> Response {
    let is_auth = request.uri().path().contains("/auth/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // Pages bring a policy of their own; nothing else here is to be shown in a frame or run.
    headers
        .entry(CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    if is_auth {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if strict_transport {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}

/// Gives the request an id, and writes one line about it: what was asked, how it ended, why it failed. Paths are
/// logged as their pattern, so that nothing a caller sends gets there.
async fn report(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(&request);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let mut response = next.run(request).await;

    let status = response.status().as_u16();
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let route = route.as_deref().unwrap_or("-");
    let problem = response.extensions_mut().remove::<Problem>();
    let code = problem.as_ref().map_or("-", |problem| problem.code().as_str());
    if status >= 500 {
        let cause = problem.as_ref().and_then(Problem::cause).map(chain).unwrap_or_default();
        tracing::error!(%method, route, status, code, micros, request_id = %id, cause, "failed");
    } else if route.contains("/health/") {
        tracing::debug!(%method, route, status, code, micros, request_id = %id, "answered");
    } else {
        tracing::info!(%method, route, status, code, micros, request_id = %id, "answered");
    }
    if let Some(problem) = problem.filter(|_| status >= 500) {
        response = with_headers_of(&response, problem.request_id(&id).into_response());
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    response
}

/// The id that a proxy in front gave, if it looks like one, or a new one.
fn request_id(request: &Request) -> String {
    let given = request.headers().get(X_REQUEST_ID).and_then(|value| value.to_str().ok());
    let is_plain = |id: &&str| {
        (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    given.filter(is_plain).map_or_else(new_request_id, str::to_owned)
}

#[expect(clippy::disallowed_methods, reason = "an id for the log decides nothing, no test has to foresee it")]
fn new_request_id() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// An answer made anew keeps what the layers below had added to the first one.
fn with_headers_of(first: &Response, mut second: Response) -> Response {
    for (name, value) in first.headers() {
        if *name != axum::http::header::CONTENT_LENGTH {
            second.headers_mut().insert(name.clone(), value.clone());
        }
    }
    second
}

/// An error with all its causes in one line.
fn chain(error: &(dyn Error + Send + Sync)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}

async fn timeout(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(ProblemCode::RequestTimeout).into_response(),
    }
}

/// What a panic says may hold anything, so it is not sent and not logged here; the panic hook prints it.
fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    Problem::new(ProblemCode::Internal).into_response()
}
