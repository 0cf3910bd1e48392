use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use divan_core::api::ProblemCode;

use crate::problem::Problem;
use crate::state::AppState;
use crate::{docs, edge, routes};

/// The whole server as a router: at the root, or nested below any path.
///
/// What the process around it owns (listening, TLS, signals) is not in here; see [`Server`](crate::Server) for that.
pub fn router(state: AppState) -> Router {
    let (mut router, _) = routes::endpoints().split_for_parts();
    if state.http().docs {
        router = router.merge(docs::router());
    }
    let router = router
        .fallback(async || Problem::new(ProblemCode::NotFound))
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(state.clone());
    edge::around(router, state)
}

async fn method_not_allowed(_: Request) -> impl IntoResponse {
    Problem::new(ProblemCode::MethodNotAllowed)
}
