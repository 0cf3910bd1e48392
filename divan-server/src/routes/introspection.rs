use axum::Json;
use axum::extract::State;
use divan_core::api::{INTROSPECTION_PATH, Introspection, REVOCATION_PATH};
use utoipa::ToSchema;

use super::wire;
use crate::extract::ServiceRequest;
use crate::problem::{OAuthError, OAuthErrorResponse};
use crate::state::AppState;

/// The form of a request about a token (RFC 7662 §2.1, RFC 7009 §2.1). Other parameters are ignored.
#[derive(ToSchema)]
#[schema(example = json!({"token": "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiJ9.….…"}))]
#[expect(dead_code, reason = "only a schema")]
pub(crate) struct TokenForm {
    /// The access or refresh token.
    token: String,
    /// The expected kind of the token. It makes no difference.
    #[schema(nullable = false)]
    token_type_hint: Option<String>,
    /// The id of the service, without HTTP Basic.
    #[schema(nullable = false)]
    client_id: Option<String>,
    /// The secret of the service, without HTTP Basic.
    #[schema(nullable = false)]
    client_secret: Option<String>,
}

/// Introspect a token
///
/// Token introspection (RFC 7662), for a service with the scope `introspect` that has received a token. It sends
/// `id` and secret of its credential by HTTP Basic, or as `client_id` and `client_secret`.
///
/// `active` is `true` for an access token of a user or a service that is valid now, and for a refresh token that
/// a refresh would accept. A sign-out is seen within one second. `role`, `name` and `telegram_id` are the present
/// ones. For everything else, the response is `{"active": false}` without a reason: also for the limited token of
/// a user who must change the password or set up a second factor first.
///
/// A refresh token is not replaced. The use of an access token is stored, as at `me`.
///
/// Errors with status 400 or 401 have the form of RFC 6749; all others are problems.
#[utoipa::path(
    post,
    path = INTROSPECTION_PATH,
    tag = "Other services",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The token", body = Introspection),
        (status = 400, description = "The form is invalid", body = OAuthErrorResponse, example = json!({"error": "invalid_request", "error_description": "`token` is required"})),
        (
            status = 401,
            description = "The service is unknown, or its secret or address is not accepted",
            body = OAuthErrorResponse,
            headers(("WWW-Authenticate" = String, description = "The challenge: `Basic`")),
            example = json!({"error": "invalid_client", "error_description": "the service is unknown, or its secret or address is not accepted"}),
        ),
    ),
)]
pub(crate) async fn introspect(
    State(state): State<AppState>,
    request: ServiceRequest,
) -> Result<Json<Introspection>, OAuthError> {
    let ServiceRequest { caller, token, .. } = &request;
    let found = request.service().introspect(caller, token).await?;
    state.counters().count_introspection(found.is_some());
    Ok(Json(found.map(wire::introspection).unwrap_or_default()))
}

/// Revoke a token
///
/// Token revocation (RFC 7009), for a service with the scope `introspect`. Ends the session of an access or
/// refresh token within one second: the user is signed out. The audit event names the service. An unknown or
/// invalid token returns 200 too.
///
/// `unsupported_token_type`: an access token of a service has no session. Rotate or delete its credential.
///
/// Errors with status 400 or 401 have the form of RFC 6749; all others are problems.
#[utoipa::path(
    post,
    path = REVOCATION_PATH,
    tag = "Other services",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The session has ended"),
        (status = 400, description = "The form is invalid, or the token has no session", body = OAuthErrorResponse, example = json!({"error": "invalid_request", "error_description": "`token` is required"})),
        (
            status = 401,
            description = "The service is unknown, or its secret or address is not accepted",
            body = OAuthErrorResponse,
            headers(("WWW-Authenticate" = String, description = "The challenge: `Basic`")),
            example = json!({"error": "invalid_client", "error_description": "the service is unknown, or its secret or address is not accepted"}),
        ),
    ),
)]
pub(crate) async fn revoke(request: ServiceRequest) -> Result<(), OAuthError> {
    let ServiceRequest { caller, token, .. } = &request;
    Ok(request.service().revoke(caller, token).await?)
}
