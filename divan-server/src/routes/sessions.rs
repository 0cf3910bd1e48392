use divan_core::api::{
    EndSession, Endpoint, Logout, LogoutRequest, Refresh, RefreshRequest, SessionId, SessionList,
    Sessions, TokenResponse,
};

use super::{ApiResponse, ApiResult, examples, wire};
use crate::extract::{AsCaller, ForClient, Id, JsonBody, OptionalJsonBody};
use crate::problem::Problem;

/// Refresh the tokens
///
/// Call it shortly before the access token expires, or on `token_expired`; no access token is needed.
/// Store the new pair before you use it, in one place for all tabs.
///
/// This call replaces the refresh token. For 30 seconds the previous one returns the same pair
/// again, for a second tab or a lost response. Later, it returns the next pair if no token of the
/// current pair was used. Otherwise it ends the session, because two parties hold it.
///
/// On `refresh_token_invalid` the session has ended: discard the pair, and sign in again. On every
/// other problem keep the pair and retry.
#[utoipa::path(
    post,
    path = Refresh::PATH,
    tag = "Sessions",
    request_body = RefreshRequest,
    responses((status = 200, description = "The new tokens", body = TokenResponse, example = json!(examples::employee_session()))),
)]
pub(crate) async fn refresh(
    client: ForClient,
    JsonBody(request): JsonBody<Refresh>,
) -> ApiResult<Refresh> {
    let tokens = client.service().refresh(&request.refresh_token).await?;
    Ok(ApiResponse(wire::tokens(tokens)))
}

/// Sign out
///
/// Ends the session within one second, on all servers. Send the `refresh_token`: it works when the access
/// token has expired, and then no access token is needed. Without a body, the session of the access
/// token ends.
///
/// Discard both tokens on any response. In the Mini App the next sign-in needs the password. A session
/// that has already ended is no error with its refresh token.
#[utoipa::path(
    post,
    path = Logout::PATH,
    tag = "Sessions",
    request_body = LogoutRequest,
    responses((status = 204, description = "Signed out")),
)]
pub(crate) async fn logout(
    client: ForClient,
    caller: Result<AsCaller<Logout>, Problem>,
    OptionalJsonBody(request): OptionalJsonBody<Logout>,
) -> ApiResult<Logout> {
    match request.refresh_token {
        Some(token) => client.service().logout(&token).await?,
        None => caller?.service().logout().await?,
    }
    Ok(ApiResponse(()))
}

/// List your sessions
///
/// The live sessions of the caller, newest first; `is_current` marks the session of the access token.
/// There are at most 20, so there are no pages.
#[utoipa::path(
    get,
    path = Sessions::PATH,
    tag = "Sessions",
    responses((status = 200, description = "The live sessions", body = SessionList)),
)]
pub(crate) async fn sessions(caller: AsCaller<Sessions>) -> ApiResult<Sessions> {
    let sessions = caller.service().sessions().await?;
    Ok(ApiResponse(wire::session_list(sessions)))
}

/// End one of your sessions
///
/// For a lost device: its tokens are rejected within one second. You may end the current session too.
/// In the Mini App the next sign-in needs the password.
///
/// An unknown session and a session of another user are `not_found`. A session that has already ended
/// is no error.
#[utoipa::path(
    delete,
    path = EndSession::PATH,
    tag = "Sessions",
    params(("id" = SessionId, Path, description = "The session")),
    responses((status = 204, description = "Ended")),
)]
pub(crate) async fn end_session(
    caller: AsCaller<EndSession>,
    Id(id): Id<SessionId>,
) -> ApiResult<EndSession> {
    caller.service().end_session(id).await?;
    Ok(ApiResponse(()))
}
