use axum::extract::State;
use divan_core::api::{
    AutoLogin, AutoLoginRequest, Endpoint, ProblemCode, Session, TelegramLogin, TelegramLoginRequest,
};
use divan_core::secret::Secret;
use divan_core::service::{AuthService, SignInPhone};

use super::{Answer, Reply};
use crate::extract::{ClientOrigin, Payload, TmaHeader};
use crate::problem::Problem;

/// Sign in inside the Mini App
///
/// With the phone number and password that an administrator gave out, and the signed init data of the Mini App. The
/// first sign-in binds the Telegram account to the user; later ones must come from the same account. Init data may be
/// at most 24 hours old, and may be sent as `Authorization: tma …` instead of the member. In place of the phone number the
/// Mini App may send what `requestContact` gave it.
#[utoipa::path(
    post,
    path = TelegramLogin::PATH,
    operation_id = "telegram_login",
    tag = "Sign-in",
    request_body = TelegramLoginRequest,
    responses((status = 200, description = "Signed in", body = Session)),
)]
pub(crate) async fn telegram_login(
    State(service): State<AuthService>,
    TmaHeader(header): TmaHeader,
    ClientOrigin(origin): ClientOrigin,
    Payload(request): Payload<TelegramLogin>,
) -> Answer<TelegramLogin> {
    let init_data = one_init_data(request.init_data.clone(), header)?;
    let phone = SignInPhone::of(&request)?;
    Ok(Reply(service.telegram_login(phone, &request.password, &init_data, &origin).await?))
}

/// Sign in again without the password
///
/// Works for 30 days after a sign-in with the password, in the same Telegram account, until the person signs out or is
/// signed out. Init data may be at most an hour old. Where the password is needed the answer is `password_required`,
/// whether the Telegram account is known or not.
#[utoipa::path(
    post,
    path = AutoLogin::PATH,
    operation_id = "auto_login",
    tag = "Sign-in",
    request_body = AutoLoginRequest,
    responses((status = 200, description = "Signed in", body = Session)),
)]
pub(crate) async fn auto_login(
    State(service): State<AuthService>,
    TmaHeader(header): TmaHeader,
    ClientOrigin(origin): ClientOrigin,
    Payload(request): Payload<AutoLogin>,
) -> Answer<AutoLogin> {
    let init_data = one_init_data(request.init_data, header)?;
    Ok(Reply(service.auto_login(&init_data, &origin).await?))
}

/// Body and header may both carry the init data, if it is the same. Neither is as good as empty.
fn one_init_data(member: Option<Secret>, header: Option<Secret>) -> Result<Secret, Problem> {
    match (member, header) {
        (Some(member), Some(header)) if member.expose() != header.expose() => {
            Err(Problem::new(ProblemCode::InitDataConflict))
        }
        (member, header) => Ok(member.or(header).unwrap_or_default()),
    }
}
