//! Layers around every route: CORS, time limit, panics, request id, headers, access log, metrics.

mod access_log;
mod body_deadline;
mod host;
mod origin;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName,
    REFERRER_POLICY, RETRY_AFTER, STRICT_TRANSPORT_SECURITY, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use divan_core::api::{BOOTSTRAP_TOKEN_HEADER, ProblemCode};
use divan_core::init_data::X_TELEGRAM_INIT_DATA;
use futures_util::FutureExt;
use tower::ServiceBuilder;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tracing::Instrument;

use crate::extract::{MAX_BODY_BYTES, RequestId};
use crate::problem::Problem;
use crate::state::{AppState, HttpOptions, StrictTransport};
use crate::token_endpoint::NotASignIn;
use access_log::{AccessLog, request_id};

#[cfg(feature = "pages")]
pub(crate) use host::Site;
pub(crate) use host::is_forwarded;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CROSS_ORIGIN_OPENER_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-opener-policy");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");

/// Time for which a browser may cache a preflight response.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_mins(10);

/// Makes a router refuse requests that name a host of another machine.
#[cfg(feature = "_server")]
pub(crate) fn only_local_hosts(router: Router) -> Router {
    router.layer(axum::middleware::from_fn(
        async |request: Request, next: Next| {
            host::check_local(&request)?;
            Ok::<_, Problem>(next.run(request).await)
        },
    ))
}

/// Wraps two routers in the layers, the outermost first, and merges them. CORS applies to the first one only,
/// because it answers every `OPTIONS` request. Problems that a page must be able to read are created inside
/// the CORS layer.
///
/// The layers of tower-http for request ids, time-outs and panics do not fit: `SetRequestId` keeps
/// any id that a client sends, `Timeout` responds with an empty body, and `CatchPanic` would box
/// every body once more. One function per concern keeps the problem bodies, and the cost of one layer.
pub(crate) fn apply(router: Router, without_cors: Router, state: AppState) -> Router {
    let (cors, request_timeout) = (cors(state.http()), state.http().request_timeout);
    let inner = ServiceBuilder::new()
        .layer(from_fn_with_state(state.clone(), admit))
        .layer(from_fn_with_state(request_timeout, limit))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES));
    router
        .layer(ServiceBuilder::new().layer(cors).layer(inner.clone()))
        .merge(without_cors.layer(inner))
        .layer(from_fn_with_state(state, observe))
}

fn cors(options: &HttpOptions) -> CorsLayer {
    let own_headers = [
        AUTHORIZATION,
        CONTENT_TYPE,
        HeaderName::from_static(BOOTSTRAP_TOKEN_HEADER),
        X_TELEGRAM_INIT_DATA,
    ];
    let (origins, headers) = (&options.allowed_origins, &options.allowed_headers);
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(
            origins.iter().filter(|origin| *origin != "*").cloned(),
        ))
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers(
            own_headers
                .into_iter()
                .chain(headers.iter().cloned())
                .collect::<Vec<_>>(),
        )
        .expose_headers([X_REQUEST_ID, RETRY_AFTER, WWW_AUTHENTICATE])
        .max_age(PREFLIGHT_MAX_AGE)
}

/// Sets the request id, which log lines of the request carry, and the headers of the response;
/// writes the access log and the metrics.
async fn observe(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let id = request_id(&request, state.http());
    let id_text = id.to_str().unwrap_or_default();
    let access_log = AccessLog::start(&request, id.clone(), state.clone());
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = tracing::info_span!("request", id = id_text);
    let mut response = next.run(request).instrument(span).await;
    let problem = response.extensions_mut().remove::<Problem>();
    let is_sign_in = response.extensions_mut().remove::<NotASignIn>().is_none();
    access_log.finish(response.status(), problem.as_ref(), is_sign_in);
    let completed = problem.and_then(|problem| {
        if response.status().is_server_error() {
            Some(problem.with_request_id(id_text))
        } else {
            problem.naming_bot(state.http().expected_bot)
        }
    });
    if let Some(problem) = completed {
        response = with_headers_of(&response, problem.into_response());
    }
    let headers = response.headers_mut();
    security_headers(headers, state.http().strict_transport);
    headers.insert(X_REQUEST_ID, id);
    response
}

/// Maximum size of the request line and the headers, in bytes.
const MAX_HEAD_BYTES: usize = 32 * 1024;

/// Refuses requests of another host or of a foreign page before anything is read or counted.
async fn admit(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    if head_bytes(&request) > MAX_HEAD_BYTES {
        return Problem::new(ProblemCode::HeadersTooLarge).into_response();
    }
    let admitted = host::of(&request).and_then(|host| {
        let site = host::site(host.as_ref(), &request, state.http())?;
        origin::check(host.as_ref(), &request, state.http())?;
        Ok(site)
    });
    match admitted {
        Ok(site) => {
            request.extensions_mut().insert(site);
            next.run(request.map(body_deadline::apply)).await
        }
        Err(problem) => problem.into_response(),
    }
}

fn head_bytes(request: &Request) -> usize {
    let target = request.uri().path_and_query();
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| name.as_str().len() + value.len());
    target.map_or(0, |target| target.as_str().len()) + headers.sum::<usize>()
}

/// Turns a time-out or a panic of a handler into a problem.
async fn limit(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    let handled = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(limit, handled).await {
        Ok(Ok(response)) => response,
        // The text of a panic may contain any data, so it is neither sent nor logged; the panic hook
        // prints it.
        Ok(Err(_)) => Problem::new(ProblemCode::Internal).into_response(),
        Err(_) => Problem::new(ProblemCode::RequestTimeout).into_response(),
    }
}

fn security_headers(headers: &mut HeaderMap, strict_transport: StrictTransport) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // Swagger UI sets a policy of its own; no other response may be framed or run scripts.
    headers
        .entry(CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ));
    // A page of another origin reads responses through CORS alone, and shares no window with ours.
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, SAME_ORIGIN);
    headers.insert(CROSS_ORIGIN_OPENER_POLICY, SAME_ORIGIN);
    // Caching is opt-in per handler, so that no route can forget to forbid it.
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    let strict_transport = match strict_transport {
        StrictTransport::Off => return,
        StrictTransport::Host => "max-age=31536000",
        StrictTransport::Subdomains => "max-age=31536000; includeSubDomains",
    };
    headers.insert(
        STRICT_TRANSPORT_SECURITY,
        HeaderValue::from_static(strict_transport),
    );
}

/// Copies the headers that inner layers added to the first response.
fn with_headers_of(first: &Response, mut second: Response) -> Response {
    for (name, value) in first.headers() {
        if *name != axum::http::header::CONTENT_LENGTH {
            second.headers_mut().insert(name.clone(), value.clone());
        }
    }
    second
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::body::{Body, to_bytes};
    use axum::http::StatusCode;
    use axum::routing::get;
    use divan_core::service::AuthService;
    use divan_core::store::MemoryStore;
    use divan_core::token::{Audiences, SecretKey};
    use tower::ServiceExt;

    use super::*;
    use crate::state::HttpOptions;

    fn service() -> AuthService {
        let audiences = Audiences::new("divan.example.com", "sec.example.com").unwrap();
        let key = SecretKey::new([7; 32]).unwrap();
        AuthService::builder(
            Arc::new(MemoryStore::new()),
            &key,
            "https://sec.example.com",
            audiences,
        )
        .build()
    }

    /// A body that is ready after the response.
    fn late_part()
    -> impl futures_util::Stream<Item = Result<&'static str, std::convert::Infallible>> {
        futures_util::stream::once(async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok("late")
        })
    }

    async fn send(path: &str, request_timeout: Duration) -> (Response, String) {
        let router = Router::new()
            .route(
                "/panic",
                get(async || -> StatusCode { panic!("the password is umbrella 77") }),
            )
            .route("/slow", get(std::future::pending::<StatusCode>))
            .route("/stream", get(async || Body::from_stream(late_part())));
        let http = HttpOptions {
            request_timeout,
            ..HttpOptions::default()
        };
        let state = AppState::new(service(), http);
        let request = Request::get(path).header("origin", "https://divan.example.com");
        let router = apply(router, Router::new(), state);
        let mut response = router
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        let body = to_bytes(std::mem::take(response.body_mut()), 4096)
            .await
            .unwrap();
        (response, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn the_body_of_a_response_has_no_time_limit() {
        let (response, body) = send("/stream", Duration::from_millis(1)).await;
        assert_eq!((response.status(), body.as_str()), (StatusCode::OK, "late"));
    }

    #[tokio::test]
    async fn a_panic_or_a_timeout_of_a_handler_becomes_a_problem() {
        let (long, none) = (Duration::from_mins(10), Duration::ZERO);
        for (path, limit, status, code) in [
            ("/panic", long, 500, "internal"),
            ("/slow", none, 408, "request_timeout"),
        ] {
            let (response, body) = send(path, limit).await;
            assert_eq!(response.status(), status, "{path}");
            assert!(
                body.contains(&format!("\"{code}\"")) && !body.contains("umbrella"),
                "{body}"
            );
            for header in [
                X_REQUEST_ID,
                X_CONTENT_TYPE_OPTIONS,
                axum::http::header::VARY,
            ] {
                assert!(
                    response.headers().contains_key(&header),
                    "{path} without {header}"
                );
            }
        }
    }
}
