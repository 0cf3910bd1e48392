use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::routing::any;
#[cfg(feature = "_server")]
use divan_core::api::Endpoint;
use divan_core::api::ProblemCode;

use crate::problem::Problem;
#[cfg(feature = "_server")]
use crate::routes::test_init_data::{self, TestInitData};
use crate::routes::verify::verify;
use crate::state::AppState;
#[cfg(feature = "pages")]
use crate::state::Pages;
use crate::{middleware, routes, verify_endpoint};

/// Creates the router of all endpoints, to serve at the root or nested below any path.
///
/// Listening, TLS and signals belong to the process around it; see [`Server`](crate::Server).
pub fn router(state: AppState) -> Router {
    let (router, _) = routes::endpoints().split_for_parts();
    #[cfg(feature = "docs")]
    let router = if state.http().docs {
        router.merge(crate::docs::router())
    } else {
        router
    };
    #[cfg(feature = "pages")]
    let router = match state.http().pages {
        Pages::None => router,
        _ => router.merge(crate::pages::router()),
    };
    #[cfg(feature = "_server")]
    let router = match &state.http().test_bot {
        Some(_) => router.route(TestInitData::PATH, test_init_data::route()),
        None => router,
    };
    let router = router
        .fallback(async || Problem::new(ProblemCode::NotFound))
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(state.clone());
    middleware::apply(router, forward_authentication(state.clone()), state)
}

fn forward_authentication(state: AppState) -> Router {
    let mut router = Router::new().route(verify_endpoint::PATH, any(verify));
    for path in verify_endpoint::BELOW {
        router = router.route(path, any(verify));
    }
    router.with_state(state)
}

/// Creates the router of `/metrics`, which is served on a separate listener. On a loopback address it
/// answers only to names of this machine.
#[cfg(feature = "_server")]
pub(crate) fn metrics_router(state: AppState, is_loopback: bool) -> Router {
    let metrics = async |axum::extract::State(state): axum::extract::State<AppState>| {
        (
            [(
                axum::http::header::CONTENT_TYPE,
                crate::metrics::CONTENT_TYPE,
            )],
            state.metrics().await,
        )
    };
    let router = Router::new()
        .route("/metrics", axum::routing::get(metrics))
        .with_state(state);
    if is_loopback {
        middleware::only_local_hosts(router)
    } else {
        router
    }
}

async fn method_not_allowed(_: Request) -> impl IntoResponse {
    Problem::new(ProblemCode::MethodNotAllowed)
}
