use divan_core::api::{
    AddPasskey, AddPasskeyRequest, AddedPasskey, BeginPasskey, BeginPasskeyLogin, BeginStepUp,
    Endpoint, FreshToken, Passkey, PasskeyCeremony, PasskeyId, PasskeyList, PasskeyLogin,
    PasskeyLoginRequest, Passkeys, RemovePasskey, RenamePasskey, RenamePasskeyRequest,
    TokenResponse,
};
use divan_core::service::{AddPasskeyCommand, PasskeyLoginCommand};

use super::{ApiResponse, ApiResult, examples, wire};
use crate::extract::{AsCaller, ForClient, Id, JsonBody};

/// Begin a sign-in with a passkey
///
/// Give `public_key` to `PublicKeyCredential.parseRequestOptionsFromJSON()` and the result to
/// `navigator.credentials.get()`, also for conditional mediation. The options are valid for five minutes and
/// one sign-in.
#[utoipa::path(
    post,
    path = BeginPasskeyLogin::PATH,
    tag = "Sign-in",
    responses((status = 200, description = "The options for the browser", body = PasskeyCeremony, example = json!(examples::passkey_sign_in()))),
)]
pub(crate) async fn begin_passkey_login(client: ForClient) -> ApiResult<BeginPasskeyLogin> {
    let options = client.service().begin_passkey_login()?;
    Ok(ApiResponse(PasskeyCeremony::new(options)))
}

/// Sign an administrator in with a passkey
///
/// No password and no code is needed: the passkey verified its user. Send `credential.toJSON()` unchanged, and
/// the `device_token` of the last sign-in on this device.
///
/// - On `passkey_invalid` begin again with new options, or offer the sign-in with the password.
#[utoipa::path(
    post,
    path = PasskeyLogin::PATH,
    tag = "Sign-in",
    request_body(content = PasskeyLoginRequest, example = json!(examples::passkey_login())),
    responses((status = 200, description = "Signed in", body = TokenResponse, example = json!(examples::admin_session()))),
)]
pub(crate) async fn passkey_login(
    client: ForClient,
    JsonBody(request): JsonBody<PasskeyLogin>,
) -> ApiResult<PasskeyLogin> {
    let mut command = PasskeyLoginCommand::new(request.passkey);
    command.device_token = request.device_token;
    let tokens = client.service().passkey_login(&command).await?;
    Ok(ApiResponse(wire::tokens(tokens)))
}

/// Begin a step-up with a passkey
///
/// The options name your passkeys. They are valid for five minutes, in this session and for one `step_up`. Without a
/// passkey: `not_found`.
#[utoipa::path(
    post,
    path = BeginStepUp::PATH,
    tag = "Second factor",
    responses((status = 200, description = "The options for the browser", body = PasskeyCeremony, example = json!(examples::passkey_step_up()))),
)]
pub(crate) async fn begin_step_up(caller: AsCaller<BeginStepUp>) -> ApiResult<BeginStepUp> {
    let options = caller.service().begin_step_up().await?;
    Ok(ApiResponse(PasskeyCeremony::new(options)))
}

/// List your passkeys
///
/// Oldest first, at most ten.
#[utoipa::path(
    get,
    path = Passkeys::PATH,
    tag = "Second factor",
    responses((status = 200, description = "The passkeys", body = PasskeyList)),
)]
pub(crate) async fn passkeys(caller: AsCaller<Passkeys>) -> ApiResult<Passkeys> {
    let own = caller.service().passkeys().await?;
    let own = own.into_iter().map(wire::passkey).collect();
    Ok(ApiResponse(PasskeyList::new(own)))
}

/// Begin to register a passkey
///
/// Give `public_key` to `PublicKeyCredential.parseCreationOptionsFromJSON()` and the result to
/// `navigator.credentials.create()`. The options are valid for five minutes, in this session and for one passkey.
#[utoipa::path(
    post,
    path = BeginPasskey::PATH,
    tag = "Second factor",
    responses((status = 200, description = "The options for the browser", body = PasskeyCeremony, example = json!(examples::passkey_creation()))),
)]
pub(crate) async fn begin_passkey(caller: AsCaller<BeginPasskey>) -> ApiResult<BeginPasskey> {
    let options = caller.service().begin_passkey().await?;
    Ok(ApiResponse(PasskeyCeremony::new(options)))
}

/// Register a passkey
///
/// Send `credential.toJSON()` unchanged. The passkey is a second factor at sign-ins with the password, and signs in
/// without a password. Your other sessions end. Show the recovery codes once, if there are any in the
/// response.
///
/// - On `second_factor_invalid` begin again with new options.
#[utoipa::path(
    post,
    path = AddPasskey::PATH,
    tag = "Second factor",
    request_body(content = AddPasskeyRequest, example = json!(examples::new_passkey())),
    responses((status = 201, description = "Registered", body = AddedPasskey)),
)]
pub(crate) async fn add_passkey(
    caller: AsCaller<AddPasskey>,
    JsonBody(request): JsonBody<AddPasskey>,
) -> ApiResult<AddPasskey> {
    let command = AddPasskeyCommand::new(request.name, request.credential);
    let added = caller.service().add_passkey(&command).await?;
    Ok(ApiResponse(wire::added_passkey(added)))
}

/// Rename one of your passkeys
///
/// Only the list shows the name. It has at most 64 characters.
#[utoipa::path(
    patch,
    path = RenamePasskey::PATH,
    tag = "Second factor",
    params(("id" = PasskeyId, Path, description = "The passkey")),
    request_body = RenamePasskeyRequest,
    responses((status = 200, description = "The passkey", body = Passkey)),
)]
pub(crate) async fn rename_passkey(
    caller: AsCaller<RenamePasskey>,
    Id(id): Id<PasskeyId>,
    JsonBody(request): JsonBody<RenamePasskey>,
) -> ApiResult<RenamePasskey> {
    let renamed = caller.service().rename_passkey(id, &request.name).await?;
    Ok(ApiResponse(wire::passkey(renamed)))
}

/// Remove one of your passkeys
///
/// Without another one or an authenticator app, your second factor is then off, and the recovery codes are
/// void. Your other sessions end. Continue with the new access token. Delete the passkey in your browser or
/// password manager too, which continues to offer it.
#[utoipa::path(
    delete,
    path = RemovePasskey::PATH,
    tag = "Second factor",
    params(("id" = PasskeyId, Path, description = "The passkey")),
    responses((status = 200, description = "Removed", body = FreshToken)),
)]
pub(crate) async fn remove_passkey(
    caller: AsCaller<RemovePasskey>,
    Id(id): Id<PasskeyId>,
) -> ApiResult<RemovePasskey> {
    let token = caller.service().remove_passkey(id).await?;
    Ok(ApiResponse(wire::fresh_token(token)))
}
