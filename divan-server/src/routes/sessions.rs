use axum::extract::State;
use divan_core::api::{
    EndSession, Endpoint, Logout, Refresh, RefreshRequest, Session, SessionId, SessionList, Sessions,
};
use divan_core::service::AuthService;

use super::{Answer, Reply};
use crate::extract::{ClientOrigin, Id, Payload, SignedIn, SignedInAnyScope};

/// Get the next pair of tokens
///
/// A refresh token works once. For 30 seconds the same answer comes again, for a second tab and for an answer that was lost;
/// later, a token that was replaced ends its session, because two parties hold it. Store the new pair before using it.
#[utoipa::path(
    post,
    path = Refresh::PATH,
    operation_id = "refresh",
    tag = "Sessions",
    request_body = RefreshRequest,
    responses((status = 200, description = "The session goes on", body = Session)),
)]
pub(crate) async fn refresh(
    State(service): State<AuthService>,
    ClientOrigin(origin): ClientOrigin,
    Payload(request): Payload<Refresh>,
) -> Answer<Refresh> {
    Ok(Reply(service.refresh(&request.refresh_token, &origin).await?))
}

/// Sign out
///
/// Ends the session of the access token. Signing in again takes the password.
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
    ClientOrigin(origin): ClientOrigin,
) -> Answer<Logout> {
    service.logout(&caller, &origin).await?;
    Ok(Reply(()))
}

/// Where am I signed in?
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
) -> Answer<Sessions> {
    Ok(Reply(SessionList::new(service.sessions(&caller).await?)))
}

/// End a session of one's own
///
/// A session that does not exist and one of somebody else are both `not_found`.
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
    ClientOrigin(origin): ClientOrigin,
) -> Answer<EndSession> {
    service.end_session(&caller, id, &origin).await?;
    Ok(Reply(()))
}
