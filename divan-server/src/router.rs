use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use divan_core::api::ProblemCode;

use crate::problem::Problem;
use crate::state::AppState;
use crate::{docs, metrics, middleware, routes};

/// The whole server as a router: at the root, or nested below any path.
///
/// What the process around it owns (listening, TLS, signals) is not in here; see
/// [`Server`](crate::Server) for that.
pub fn router(state: AppState) -> Router {
    let (mut router, _) = routes::endpoints().split_for_parts();
    if state.http().docs {
        router = router.merge(docs::router());
    }
    let router = router
        .fallback(async || Problem::new(ProblemCode::NotFound))
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(state.clone());
    middleware::apply(router, state)
}

/// What is served beside the server, on a listener of its own.
pub(crate) fn metrics_router(state: AppState) -> Router {
    let metrics = async |State(state): State<AppState>| {
        (
            [(CONTENT_TYPE, metrics::CONTENT_TYPE)],
            state.metrics().await,
        )
    };
    Router::new()
        .route("/metrics", get(metrics))
        .with_state(state)
}

async fn method_not_allowed(_: Request) -> impl IntoResponse {
    Problem::new(ProblemCode::MethodNotAllowed)
}
