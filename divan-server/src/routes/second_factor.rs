use divan_core::api::{
    self, BeginSecondFactor, CompleteAdminLogin, CompleteAdminLoginRequest, ConfirmSecondFactor,
    ConfirmSecondFactorRequest, DisableSecondFactor, EnabledSecondFactor, Endpoint, FreshToken,
    GetSecondFactor, GetUserSecondFactor, MemberError, MemberErrorCode, RecoveryCodes,
    ReplaceRecoveryCodes, ResetSecondFactor, SecondFactorEnrolment, StepUp, StepUpRequest,
    TokenResponse, UserId,
};
use divan_core::service::{CompleteAdminLoginCommand, SecondFactorProof, StepUpProof};

use super::{ApiResponse, ApiResult, examples, wire};
use crate::extract::rejections::invalid;
use crate::extract::{AsAdmin, AsCaller, ForClient, Id, JsonBody};
use crate::problem::Problem;

/// Complete a sign-in with a second factor
///
/// The second step after `second_factor_required` of `admin_login`: send its `challenge`, and one of
/// `code`, `passkey` and `recovery_code`. A challenge is valid for five minutes, five attempts and one
/// sign-in. For a passkey, give the member `passkey` of the problem to the browser.
///
/// - On `second_factor_invalid` ask for another code. A one-time code is accepted once: after a lost
///   response, wait for the next one.
/// - On `second_factor_challenge_invalid` begin with the password again.
#[utoipa::path(
    post,
    path = CompleteAdminLogin::PATH,
    tag = "Sign-in",
    request_body(content = CompleteAdminLoginRequest, example = json!({"challenge": "dvc1.mX0b9kq3Yw…", "code": "287082"})),
    responses((status = 200, description = "Signed in", body = TokenResponse, example = json!(examples::admin_session()))),
)]
pub(crate) async fn complete_admin_login(
    client: ForClient,
    JsonBody(request): JsonBody<CompleteAdminLogin>,
) -> ApiResult<CompleteAdminLogin> {
    let proof = exactly_one([
        ("code", request.code.map(SecondFactorProof::Code)),
        ("passkey", request.passkey.map(SecondFactorProof::Passkey)),
        (
            "recovery_code",
            request.recovery_code.map(SecondFactorProof::RecoveryCode),
        ),
    ])?;
    let command = CompleteAdminLoginCommand::new(request.challenge, proof);
    let tokens = client.service().complete_admin_login(&command).await?;
    Ok(ApiResponse(wire::tokens(tokens)))
}

/// Prove your identity again
///
/// Call it on `insufficient_user_authentication`, whose `methods` names the accepted members. Continue
/// with the new access token; the refresh token stays. The proof is valid for five minutes.
///
/// - With a second factor, send `code`, `passkey` or `recovery_code`, otherwise `password`. For a passkey,
///   call `begin_step_up` first.
/// - The tenth wrong proof ends the session.
#[utoipa::path(
    post,
    path = StepUp::PATH,
    tag = "Second factor",
    request_body(content = StepUpRequest, example = json!({"password": "tram under the plum"})),
    responses((status = 200, description = "Proved", body = FreshToken)),
)]
pub(crate) async fn step_up(
    caller: AsCaller<StepUp>,
    JsonBody(request): JsonBody<StepUp>,
) -> ApiResult<StepUp> {
    let proof = step_up_proof(request)?;
    let token = caller.service().step_up(&proof).await?;
    Ok(ApiResponse(wire::fresh_token(token)))
}

/// Show your second factor
///
/// Shows if sign-ins with the password require a second factor, and the number of recovery codes that are left.
#[utoipa::path(
    get,
    path = GetSecondFactor::PATH,
    tag = "Second factor",
    responses((status = 200, description = "The second factor", body = api::SecondFactor)),
)]
pub(crate) async fn get_second_factor(
    caller: AsCaller<GetSecondFactor>,
) -> ApiResult<GetSecondFactor> {
    let status = caller.service().second_factor().await?;
    Ok(ApiResponse(wire::second_factor(&status)))
}

/// Begin to set up an authenticator app
///
/// Show the QR code, and the secret for those who cannot scan it. Nothing changes until
/// `confirm_second_factor` is called with a code of the app, in the same session and within 15 minutes. An
/// app that was set up before is valid until then.
#[utoipa::path(
    post,
    path = BeginSecondFactor::PATH,
    tag = "Second factor",
    responses((status = 200, description = "The secret", body = SecondFactorEnrolment)),
)]
pub(crate) async fn begin_second_factor(
    caller: AsCaller<BeginSecondFactor>,
) -> ApiResult<BeginSecondFactor> {
    let enrolment = caller.service().begin_totp().await?;
    Ok(ApiResponse(wire::enrolment(enrolment)))
}

/// Turn your second factor on
///
/// With a code of the authenticator app of `begin_second_factor`. Show the recovery codes once, to be
/// written down. All earlier recovery codes are void, and your other sessions end.
#[utoipa::path(
    post,
    path = ConfirmSecondFactor::PATH,
    tag = "Second factor",
    request_body = ConfirmSecondFactorRequest,
    responses((status = 200, description = "Turned on", body = EnabledSecondFactor)),
)]
pub(crate) async fn confirm_second_factor(
    caller: AsCaller<ConfirmSecondFactor>,
    JsonBody(request): JsonBody<ConfirmSecondFactor>,
) -> ApiResult<ConfirmSecondFactor> {
    let enabled = caller.service().confirm_totp(&request.code).await?;
    Ok(ApiResponse(wire::enabled(enabled)))
}

/// Remove your authenticator app
///
/// Without a passkey, your second factor is then off, and the recovery codes are void. Your other sessions
/// end. Continue with the new access token. Where a second factor is required and none is left, it only
/// allows to set up another one.
#[utoipa::path(
    delete,
    path = DisableSecondFactor::PATH,
    tag = "Second factor",
    responses((status = 200, description = "Removed", body = FreshToken)),
)]
pub(crate) async fn disable_second_factor(
    caller: AsCaller<DisableSecondFactor>,
) -> ApiResult<DisableSecondFactor> {
    let token = caller.service().disable_second_factor().await?;
    Ok(ApiResponse(wire::fresh_token(token)))
}

/// Replace your recovery codes
///
/// Show the new codes once. All earlier ones are void.
#[utoipa::path(
    post,
    path = ReplaceRecoveryCodes::PATH,
    tag = "Second factor",
    responses((status = 200, description = "The new codes", body = RecoveryCodes)),
)]
pub(crate) async fn replace_recovery_codes(
    caller: AsCaller<ReplaceRecoveryCodes>,
) -> ApiResult<ReplaceRecoveryCodes> {
    let codes = caller.service().replace_recovery_codes().await?;
    Ok(ApiResponse(RecoveryCodes::new(codes)))
}

/// Show the second factor of a user
///
/// Shows if the sign-ins of an administrator with the password require a second factor. Employees have none.
#[utoipa::path(
    get,
    path = GetUserSecondFactor::PATH,
    tag = "Users",
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 200, description = "The second factor", body = api::SecondFactor)),
)]
pub(crate) async fn get_user_second_factor(
    admin: AsAdmin,
    Id(id): Id<UserId>,
) -> ApiResult<GetUserSecondFactor> {
    let status = admin.service().second_factor_of(id).await?;
    Ok(ApiResponse(wire::second_factor(&status)))
}

/// Reset the second factor of another administrator
///
/// For an administrator whose authenticator app, passkeys and recovery codes are lost. Check the identity of
/// the person who asks for it. All sessions of that administrator end; the next sign-in needs only the password.
/// Without a second factor: `not_found`.
#[utoipa::path(
    delete,
    path = ResetSecondFactor::PATH,
    tag = "Users",
    params(("id" = UserId, Path, description = "The administrator")),
    responses((status = 204, description = "Reset")),
)]
pub(crate) async fn reset_second_factor(
    admin: AsAdmin,
    Id(id): Id<UserId>,
) -> ApiResult<ResetSecondFactor> {
    admin.service().reset_second_factor(id).await?;
    Ok(ApiResponse(()))
}

fn step_up_proof(request: StepUpRequest) -> Result<StepUpProof, Problem> {
    let passkey = |passkey| StepUpProof::SecondFactor(SecondFactorProof::Passkey(passkey));
    let code = |code| StepUpProof::SecondFactor(SecondFactorProof::Code(code));
    let recovery_code = |code| StepUpProof::SecondFactor(SecondFactorProof::RecoveryCode(code));
    exactly_one([
        ("password", request.password.map(StepUpProof::Password)),
        ("code", request.code.map(code)),
        ("passkey", request.passkey.map(passkey)),
        ("recovery_code", request.recovery_code.map(recovery_code)),
    ])
}

/// Returns the only member that is present.
fn exactly_one<T, const N: usize>(members: [(&str, Option<T>); N]) -> Result<T, Problem> {
    let names = members.each_ref().map(|(name, _)| *name);
    let mut present = members
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    let error = match (present.next(), present.next()) {
        (Some((_, value)), None) => return Ok(value),
        (Some((first, _)), Some((second, _))) => {
            let detail = format!("`{first}` and `{second}` are mutually exclusive");
            let pointer = format!("/{second}");
            MemberError::new(pointer, MemberErrorCode::MutuallyExclusive, detail)
                .with_other(format!("/{first}"))
        }
        (None, _) => {
            let detail = format!("one of `{}` is required", names.join("`, `"));
            MemberError::new(format!("/{}", names[0]), MemberErrorCode::Required, detail)
        }
    };
    Err(invalid(error))
}
