use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use divan_core::api::{Endpoint, JwkSet, Jwks};
use divan_core::service::AuthService;

use super::ApiResponse;

/// By which keys can others check access tokens?
///
/// For services that take access tokens of this server and hold no secret of it. The set is empty
/// as long as tokens are signed with `SECRET_KEY` alone. Keep it for as long as `Cache-Control`
/// says, and ask again when a token names a key (`kid`) that is not in it. A signature alone does
/// not tell whether somebody was signed out since; `me` does.
#[utoipa::path(
    get,
    path = Jwks::PATH,
    operation_id = "jwks",
    tag = "Keys",
    responses((
        status = 200,
        description = "By these",
        body = JwkSet,
        headers(("Cache-Control" = String, description = "How long to keep the set: `public, max-age=300`")),
    )),
)]
pub(crate) async fn jwks(State(service): State<AuthService>) -> impl IntoResponse {
    (
        [(CACHE_CONTROL, "public, max-age=300")],
        ApiResponse::<Jwks>(service.jwks().clone()),
    )
}
