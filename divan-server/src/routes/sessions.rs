use axum::extract::State;
use divan_core::api::{
    EndSession, Endpoint, Logout, Refresh, RefreshRequest, SessionId, SessionList, Sessions,
    TokenResponse,
};
use divan_core::service::AuthService;

use super::{ApiResponse, ApiResult};
use crate::extract::{Id, JsonBody, RequestClient, SignedIn, SignedInAnyScope};

/// Get the next pair of tokens
///
/// Call it shortly before the access token ends, or on `token_expired`; the access token need not
/// be sent. Store the new pair before you use it, in one place for all tabs.
///
/// A refresh token works once. For 30 seconds the same answer comes again, for a second tab and for
/// an answer that was lost; later, a token that was replaced ends its session, because two parties
/// hold it.
///
/// On `refresh_token_invalid` the session is over: forget the pair, and sign in again. On every
/// other problem keep the pair and try again.
#[utoipa::path(
    post,
    path = Refresh::PATH,
    operation_id = "refresh",
    tag = "Sessions",
    request_body = RefreshRequest,
    responses((status = 200, description = "The session goes on", body = TokenResponse)),
)]
pub(crate) async fn refresh(
    State(service): State<AuthService>,
    RequestClient(client): RequestClient,
    JsonBody(request): JsonBody<Refresh>,
) -> ApiResult<Refresh> {
    Ok(ApiResponse(
        service.refresh(&request.refresh_token, &client).await?,
    ))
}

/// Sign out
///
/// Ends the session of the access token within a second, everywhere; its refresh token is worth
/// nothing any more. Forget both tokens whatever the answer is. In the Mini App the next sign-in
/// takes the password.
#[utoipa::path(
    post,
    path = Logout::PATH,
    operation_id = "logout",
    tag = "Sessions",
    responses((status = 204, description = "Signed out")),
)]
pub(crate) async fn logout(
    State(service): State<AuthService>,
    SignedInAnyScope(caller): SignedInAnyScope,
    RequestClient(client): RequestClient,
) -> ApiResult<Logout> {
    service.logout(&caller, &client).await?;
    Ok(ApiResponse(()))
}

/// Where am I signed in?
///
/// The live sessions of the person who asks, the newest first; `is_current` marks the one that
/// asks. There are at most 20, so there are no pages.
#[utoipa::path(
    get,
    path = Sessions::PATH,
    operation_id = "sessions",
    tag = "Sessions",
    responses((status = 200, description = "The live sessions", body = SessionList)),
)]
pub(crate) async fn sessions(
    State(service): State<AuthService>,
    SignedIn(caller): SignedIn,
) -> ApiResult<Sessions> {
    Ok(ApiResponse(SessionList::new(
        service.sessions(&caller).await?,
    )))
}

/// End a session of one's own
///
/// For a device that was lost: its tokens are refused within a second. One's current session may be
/// ended like any other. In the Mini App the next sign-in takes the password.
///
/// A session that does not exist and one of somebody else are both `not_found`. One that is over
/// already is no problem.
#[utoipa::path(
    delete,
    path = EndSession::PATH,
    operation_id = "end_session",
    tag = "Sessions",
    params(("id" = SessionId, Path, description = "The session")),
    responses((status = 204, description = "Ended")),
)]
pub(crate) async fn end_session(
    State(service): State<AuthService>,
    SignedIn(caller): SignedIn,
    Id(id): Id<SessionId>,
    RequestClient(client): RequestClient,
) -> ApiResult<EndSession> {
    service.end_session(&caller, id, &client).await?;
    Ok(ApiResponse(()))
}
