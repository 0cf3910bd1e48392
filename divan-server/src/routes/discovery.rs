use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use divan_core::api::{AuthorizationServerMetadata, Endpoint, OpenidConfiguration, ServerMetadata};

use super::ApiResponse;
use crate::state::AppState;

/// The lifetime of the keys, which change with the algorithms.
const CACHING: &str = "public, max-age=300";

/// Get the metadata of the server
///
/// For programs that need only the issuer's URL: resource servers and OAuth2 clients (RFC 8414). The same
/// document is at `/.well-known/openid-configuration`. `iss` of access tokens equals `issuer` character
/// by character.
#[utoipa::path(
    get,
    path = AuthorizationServerMetadata::PATH,
    tag = "Other services",
    responses((
        status = 200,
        description = "The metadata",
        body = ServerMetadata,
        headers(("Cache-Control" = String, description = "The cache lifetime: `public, max-age=300`")),
    )),
)]
pub(crate) async fn authorization_server_metadata(
    State(state): State<AppState>,
) -> impl IntoResponse {
    let body = ApiResponse::<AuthorizationServerMetadata>(metadata(&state));
    ([(CACHE_CONTROL, CACHING)], body)
}

/// Get the metadata of the server, at the address of OpenID Connect
///
/// For programs that read the metadata only here. The server is no OpenID provider: it has no
/// authorization endpoint and issues no ID tokens.
#[utoipa::path(
    get,
    path = OpenidConfiguration::PATH,
    tag = "Other services",
    responses((
        status = 200,
        description = "The metadata",
        body = ServerMetadata,
        headers(("Cache-Control" = String, description = "The cache lifetime: `public, max-age=300`")),
    )),
)]
pub(crate) async fn openid_configuration(State(state): State<AppState>) -> impl IntoResponse {
    let body = ApiResponse::<OpenidConfiguration>(metadata(&state));
    ([(CACHE_CONTROL, CACHING)], body)
}

/// Returns the metadata. URLs come from the configuration, never from a request.
fn metadata(state: &AppState) -> ServerMetadata {
    let (service, http) = (state.service(), state.http());
    let base = match &http.admin_url {
        Some(url) => url.origin().ascii_serialization(),
        None => service.issuer().to_owned(),
    };
    let mut metadata = ServerMetadata::new(service.issuer(), &base, service.jwks());
    if cfg!(feature = "docs") && http.docs {
        metadata.service_documentation = Some(format!("{}/docs/", base.trim_end_matches('/')));
    }
    metadata
}
