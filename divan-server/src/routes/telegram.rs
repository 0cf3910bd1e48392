use divan_core::api::{
    AutoLogin, AutoLoginRequest, Endpoint, MemberError, MemberErrorCode, ProblemCode,
    TelegramLogin, TelegramLoginRequest, TokenResponse,
};
use divan_core::secret::Secret;
use divan_core::service::{LoginPhone, TelegramLoginCommand};

use super::{ApiResponse, ApiResult, examples, wire};
use crate::extract::rejections::invalid;
use crate::extract::{ForClient, JsonBody, TmaHeader};
use crate::problem::Problem;

/// Sign in inside the Mini App
///
/// Call it when `auto_login` has returned `password_required`, with the phone number and password from
/// an administrator and the signed init data of the Mini App, at most 24 hours old.
///
/// The first sign-in links the Telegram account to the user; later ones must come from the same
/// account. A user has at most 20 sessions: a further one ends the oldest.
///
/// - Init data may be sent as `Authorization: tma …` instead of the member `init_data`. If both are
///   sent, they must be equal.
/// - Instead of `phone`, the Mini App may send the result of `requestContact` as `contact`.
/// - `invalid_credentials` does not reveal which part is wrong, nor whether the account is inactive.
/// - On `init_data_expired` or `init_data_missing` ask the user to close the Mini App and open it
///   again.
/// - With `password_change_required` in the user, ask for a new password first and send it to
///   `change_password`.
#[utoipa::path(
    post,
    path = TelegramLogin::PATH,
    tag = "Sign-in",
    request_body(content = TelegramLoginRequest, examples(
        ("phone" = (
            summary = "With a phone number",
            value = json!({
                "phone": "+77011234567",
                "password": "umbrella 77",
                "init_data": "query_id=AAHdF6IQAAAAAN0XohDhrOrc&user=%7B%22id%22%3A42%2C%22first_name%22%3A%22First%22%7D&auth_date=1768469400&hash=c501b71e…"
            })
        )),
        ("contact" = (
            summary = "With a shared contact",
            value = json!({
                "contact": "contact=%7B%22user_id%22%3A42%2C%22phone_number%22%3A%2277011234567%22%7D&auth_date=1768469400&hash=8e2f10ab…",
                "password": "umbrella 77",
                "init_data": "query_id=AAHdF6IQAAAAAN0XohDhrOrc&user=%7B%22id%22%3A42%2C%22first_name%22%3A%22First%22%7D&auth_date=1768469400&hash=c501b71e…"
            })
        )),
        ("header" = (
            summary = "With the init data in the header",
            value = json!({"phone": "+77011234567", "password": "umbrella 77"})
        )),
    )),
    responses((status = 200, description = "Signed in", body = TokenResponse, example = json!(examples::employee_session()))),
)]
pub(crate) async fn telegram_login(
    TmaHeader(header): TmaHeader,
    client: ForClient,
    JsonBody(request): JsonBody<TelegramLogin>,
) -> ApiResult<TelegramLogin> {
    let init_data = single_init_data(request.init_data, header)?;
    let phone = login_phone(request.phone, request.contact)?;
    let command = TelegramLoginCommand::new(phone, request.password, init_data);
    let tokens = client.service().telegram_login(&command).await?;
    Ok(ApiResponse(wire::tokens(tokens)))
}

/// Sign in again without the password
///
/// Call it first when the Mini App opens without a stored session. It works for 30 days after a
/// sign-in with the password, from the same Telegram account, until the user signs out, changes the
/// password or is signed out by an administrator. Init data may be at most one hour old.
///
/// If the password is needed, the response is `password_required`, for an unknown Telegram account
/// too: show the form for `telegram_login`. The session ends with the 30 days, even if it is
/// refreshed.
#[utoipa::path(
    post,
    path = AutoLogin::PATH,
    tag = "Sign-in",
    request_body = AutoLoginRequest,
    responses((status = 200, description = "Signed in", body = TokenResponse, example = json!(examples::employee_session()))),
)]
pub(crate) async fn auto_login(
    TmaHeader(header): TmaHeader,
    client: ForClient,
    JsonBody(request): JsonBody<AutoLogin>,
) -> ApiResult<AutoLogin> {
    let init_data = single_init_data(request.init_data, header)?;
    let tokens = client.service().auto_login(&init_data).await?;
    Ok(ApiResponse(wire::tokens(tokens)))
}

/// Returns the phone number or the contact: both together could name two users.
fn login_phone(phone: Option<String>, contact: Option<Secret>) -> Result<LoginPhone, Problem> {
    let error = match (phone, contact) {
        (Some(phone), None) => return Ok(LoginPhone::Typed(phone)),
        (None, Some(contact)) => return Ok(LoginPhone::Contact(contact)),
        (Some(_), Some(_)) => {
            let detail = "`phone` and `contact` are mutually exclusive";
            MemberError::new("/contact", MemberErrorCode::MutuallyExclusive, detail)
                .with_other("/phone")
        }
        (None, None) => {
            let detail = "`phone` or `contact` is required";
            MemberError::new("/phone", MemberErrorCode::Required, detail)
        }
    };
    Err(invalid(error))
}

/// Returns the init data of body or header. Both must be equal; without either it is empty.
fn single_init_data(member: Option<Secret>, header: Option<Secret>) -> Result<Secret, Problem> {
    match (member, header) {
        (Some(member), Some(header)) if member.expose() != header.expose() => {
            Err(Problem::new(ProblemCode::InitDataConflict))
        }
        (member, header) => Ok(member.or(header).unwrap_or_default()),
    }
}
