use divan_core::api::{
    ChangePassword, ChangePasswordRequest, Endpoint, Me, TokenResponse, User, UserInclude,
    UserRequest,
};
use divan_core::service::ChangePasswordCommand;

use super::{ApiResponse, ApiResult, examples, wire};
use crate::extract::{AsCaller, JsonBody, QueryParams};

/// Get the current user
///
/// Call it when a front end starts with a stored session, and in services that must know whether an
/// access token is valid now: the response reflects deactivation and sign-out within one second.
/// Tokens of both audiences are accepted, also limited tokens: a service must refuse a user whose
/// `password_change_required` is `true`. With `include=metadata` the response has the attributes
/// for the application.
#[utoipa::path(
    get,
    path = Me::PATH,
    tag = "Account",
    params(UserRequest),
    responses((status = 200, description = "The user of the token", body = User)),
)]
pub(crate) async fn me(
    caller: AsCaller<Me>,
    QueryParams(request): QueryParams<Me>,
) -> ApiResult<Me> {
    let service = caller.service();
    let user = match request.include {
        Some(UserInclude::Metadata) => service.user_with_metadata().await?,
        _ => service.user(),
    };
    Ok(ApiResponse(user))
}

/// Change your password
///
/// All sessions of the user end, on every device, and the response contains the tokens of a new one:
/// replace the stored pair and, for an administrator, the device token. `auto_login` works again only after the next sign-in with the password.
///
/// A user with `password_change_required` must call it first. A wrong current password
/// is `invalid_credentials`; with `weak_password`, `errors` names the rule that the new one breaks.
/// Nothing is changed then, and the session continues.
#[utoipa::path(
    post,
    path = ChangePassword::PATH,
    tag = "Account",
    request_body = ChangePasswordRequest,
    responses((status = 200, description = "Changed; the new session", body = TokenResponse, example = json!(examples::employee_session()))),
)]
pub(crate) async fn change_password(
    caller: AsCaller<ChangePassword>,
    JsonBody(request): JsonBody<ChangePassword>,
) -> ApiResult<ChangePassword> {
    let command = ChangePasswordCommand::new(request.current_password, request.new_password);
    let tokens = caller.service().change_password(&command).await?;
    Ok(ApiResponse(wire::tokens(tokens)))
}
