use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use divan_core::api::{Endpoint, JwkSet, Jwks};

use super::ApiResponse;
use crate::state::AppState;

/// Get the public keys
///
/// For services that verify access tokens of this server without its secret. The set is empty while
/// tokens are signed with `SECRET_KEY`. Cache it as `Cache-Control` says, and fetch it again for a
/// token with an unknown `kid`. A signature does not reveal that a session has ended since; `me` does.
#[utoipa::path(
    get,
    path = Jwks::PATH,
    tag = "Other services",
    responses((
        status = 200,
        description = "The public keys",
        body = JwkSet,
        headers(("Cache-Control" = String, description = "The cache lifetime: `public, max-age=300`")),
    )),
)]
pub(crate) async fn jwks(State(state): State<AppState>) -> impl IntoResponse {
    (
        [(CACHE_CONTROL, "public, max-age=300")],
        ApiResponse::<Jwks>(state.service().jwks().clone()),
    )
}
