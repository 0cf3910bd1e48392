use axum::extract::State;
use divan_core::api::{ChangePassword, ChangePasswordRequest, Endpoint, Me, TokenResponse, User};
use divan_core::service::AuthService;

use super::{ApiResponse, ApiResult};
use crate::extract::{JsonBody, RequestClient, SignedInAnyScope};

/// Who am I?
///
/// Call it at the start of a front end that has kept a session, and in services that have to know
/// whether an access token is good right now: the answer takes deactivation and sign-out into
/// account, within a second. A token of either audience is answered with its user, also while
/// `password_change_required`.
#[utoipa::path(
    get,
    path = Me::PATH,
    operation_id = "me",
    tag = "Account",
    responses((status = 200, description = "The user of the token", body = User)),
)]
pub(crate) async fn me(SignedInAnyScope(caller): SignedInAnyScope) -> ApiResult<Me> {
    Ok(ApiResponse(caller.user().clone()))
}

/// Change one's own password
///
/// All sessions of the person end, on every device, and a new one is answered: store its pair in
/// place of the old one. `auto_login` works again only after the next sign-in with the password.
///
/// This is also what opens everything else to a user with `password_change_required`. A wrong
/// current password is `invalid_credentials`; `weak_password` says in `errors` which rule the new
/// one breaks. Nothing has changed then, and the session goes on.
#[utoipa::path(
    post,
    path = ChangePassword::PATH,
    operation_id = "change_password",
    tag = "Account",
    request_body = ChangePasswordRequest,
    responses((status = 200, description = "Changed; the new session", body = TokenResponse)),
)]
pub(crate) async fn change_password(
    State(service): State<AuthService>,
    SignedInAnyScope(caller): SignedInAnyScope,
    RequestClient(client): RequestClient,
    JsonBody(request): JsonBody<ChangePassword>,
) -> ApiResult<ChangePassword> {
    Ok(ApiResponse(
        service.change_password(&caller, &request, &client).await?,
    ))
}
