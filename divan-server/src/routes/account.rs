use axum::extract::State;
use divan_core::api::{ChangePassword, ChangePasswordRequest, Endpoint, Me, Session, User};
use divan_core::service::AuthService;

use super::{Answer, Reply};
use crate::extract::{ClientOrigin, Payload, SignedInAnyScope};

/// Who am I?
///
/// The way to check an access token: a token of either surface is answered with its user.
#[utoipa::path(
    get,
    path = Me::PATH,
    operation_id = "me",
    tag = "Account",
    responses((status = 200, description = "The user of the token", body = User)),
)]
pub(crate) async fn me(SignedInAnyScope(caller): SignedInAnyScope) -> Answer<Me> {
    Ok(Reply(caller.user().clone()))
}

/// Change the own password
///
/// All sessions end, and a new one is answered. A wrong current password is `invalid_credentials`.
#[utoipa::path(
    post,
    path = ChangePassword::PATH,
    operation_id = "change_password",
    tag = "Account",
    request_body = ChangePasswordRequest,
    responses((status = 200, description = "Changed; the new session", body = Session)),
)]
pub(crate) async fn change_password(
    State(service): State<AuthService>,
    SignedInAnyScope(caller): SignedInAnyScope,
    ClientOrigin(origin): ClientOrigin,
    Payload(request): Payload<ChangePassword>,
) -> Answer<ChangePassword> {
    Ok(Reply(service.change_password(&caller, &request, &origin).await?))
}
