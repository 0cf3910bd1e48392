use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::response::IntoResponse;
use divan_core::api::ProblemCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::MAX_BODY_BYTES;
use crate::problem::Problem;
use crate::routes::{account, admin, health, telegram, users};
use crate::state::AppState;
use crate::{docs, edge};

/// The whole server as a router: at the root, or nested below any path.
///
/// What the process around it owns (listening, TLS, signals) is not in here; see [`Server`](crate::Server) for that.
pub fn router(state: AppState) -> Router {
    let http = Arc::clone(&state.http);
    let (mut router, _) = endpoints().split_for_parts();
    if http.docs {
        router = router.merge(docs::router());
    }
    let router = router
        .fallback(async || Problem::new(ProblemCode::NotFound))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(state);
    edge::around(router, &http)
}

/// The table of contents.
pub(crate) fn endpoints() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(telegram::telegram_login))
        .routes(routes!(admin::admin_login))
        .routes(routes!(admin::bootstrap))
        .routes(routes!(users::create_user))
        .routes(routes!(account::me))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
}

async fn method_not_allowed(_: Request) -> impl IntoResponse {
    Problem::new(ProblemCode::MethodNotAllowed)
}
