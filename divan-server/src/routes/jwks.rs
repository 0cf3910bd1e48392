use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use divan_core::api::{Endpoint, JwkSet, Jwks};
use divan_core::service::AuthService;

use super::Reply;

/// By which keys can others check access tokens?
///
/// The set is empty as long as tokens are signed with `SECRET_KEY` alone. Keep it for as long as `Cache-Control` says, and
/// ask again when a token names a key that is not in it.
#[utoipa::path(
    get,
    path = Jwks::PATH,
    operation_id = "jwks",
    tag = "Keys",
    responses((status = 200, description = "By these", body = JwkSet)),
)]
pub(crate) async fn jwks(State(service): State<AuthService>) -> impl IntoResponse {
    ([(CACHE_CONTROL, "public, max-age=300")], Reply::<Jwks>(service.jwks().clone()))
}
