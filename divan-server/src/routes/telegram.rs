use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use divan_core::api::{
    AutoLogin, AutoLoginRequest, Endpoint, MemberError, MemberErrorCode, MiniAppConfig,
    TelegramConfig, TelegramLogin, TelegramLoginRequest, TokenResponse,
};
use divan_core::init_data::is_absent;
use divan_core::secret::Secret;
use divan_core::service::{LoginPhone, TelegramLoginCommand};

use super::{ApiResponse, ApiResult, examples, wire};
use crate::extract::rejections::invalid;
use crate::extract::{ForClient, InitDataHeader, JsonBody};
use crate::problem::Problem;
use crate::state::AppState;

/// Sign in inside the Mini App
///
/// Call it when `auto_login` has returned `password_required`, with the phone number and password from
/// an administrator and the signed init data of the Mini App, at most 24 hours old unless the server
/// is configured otherwise.
///
/// The first sign-in links the Telegram account to the user; later ones must come from the same
/// account. A user has at most 20 sessions: a further one ends the oldest.
///
/// - Init data may be sent as `Authorization: tma …` or `X-Telegram-Init-Data: …` instead of the member
///   `init_data`. If several are sent, they must be equal. Empty ones and names of absent values, such as
///   `undefined`, are ignored.
/// - Instead of `phone`, the Mini App may send the result of `requestContact` as `contact`. On
///   `contact_missing`, `contact_invalid` or `contact_expired` ask for the contact again, or for the phone
///   number.
/// - `telegram_account_mismatch` and `telegram_account_taken` are returned after a correct password only:
///   tell the user to ask an administrator, who unlinks the Telegram account.
/// - `invalid_credentials` does not reveal which part is wrong, nor whether the account is inactive.
/// - On `init_data_expired` or `init_data_missing` ask the user to close the Mini App and open it
///   again. If that does not help, the user must restart Telegram: some clients (iOS, macOS, Desktop) keep
///   old init data.
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
    header: InitDataHeader,
    client: ForClient,
    JsonBody(request): JsonBody<TelegramLogin>,
) -> ApiResult<TelegramLogin> {
    let init_data = header.or_body(request.init_data.as_ref())?;
    let phone = login_phone(request.phone, request.contact)?;
    let command = TelegramLoginCommand::new(phone, request.password, init_data);
    let tokens = client.service().telegram_login(&command).await?;
    Ok(ApiResponse(wire::tokens(tokens)))
}

/// Sign in again without the password
///
/// Call it first when the Mini App opens without a stored session. It works for 30 days after a
/// sign-in with the password, from the same Telegram account, until the user signs out, changes the
/// password or is signed out by an administrator. Init data may be at most one hour old unless the
/// server is configured otherwise.
///
/// If the password is needed, the response is `password_required`, also for an unknown Telegram account
/// and for init data that is too old here but not for a sign-in: show the form for `telegram_login`. The session ends with the 30 days, even if it is
/// refreshed.
#[utoipa::path(
    post,
    path = AutoLogin::PATH,
    tag = "Sign-in",
    request_body = AutoLoginRequest,
    responses((status = 200, description = "Signed in", body = TokenResponse, example = json!(examples::employee_session()))),
)]
pub(crate) async fn auto_login(
    header: InitDataHeader,
    client: ForClient,
    JsonBody(request): JsonBody<AutoLogin>,
) -> ApiResult<AutoLogin> {
    let init_data = header.or_body(request.init_data.as_ref())?;
    let tokens = client.service().auto_login(&init_data).await?;
    Ok(ApiResponse(wire::tokens(tokens)))
}

/// Get the configuration of the Mini App
///
/// For the Mini App's page before the sign-in: the bot to open outside Telegram, and an example of a
/// phone number. `bot_username` is the variable `TELEGRAM_BOT_USERNAME` of the server.
#[utoipa::path(
    get,
    path = TelegramConfig::PATH,
    tag = "Sign-in",
    responses((
        status = 200,
        description = "The configuration",
        body = MiniAppConfig,
        headers(("Cache-Control" = String, description = "The cache lifetime: `public, max-age=60`")),
    )),
)]
pub(crate) async fn telegram_config(State(state): State<AppState>) -> impl IntoResponse {
    let mut config = MiniAppConfig::new(state.service().region().phone_example());
    config.bot_username.clone_from(&state.http().bot_username);
    config.test_sign_in = state.http().test_bot.is_some();
    (
        [(CACHE_CONTROL, "public, max-age=60")],
        ApiResponse::<TelegramConfig>(config),
    )
}

/// Returns the phone number or the contact: both together could name two users.
/// A form may send an empty phone number with a contact, or an empty contact with a phone number.
fn login_phone(phone: Option<String>, contact: Option<Secret>) -> Result<LoginPhone, Problem> {
    let phone = phone.filter(|phone| contact.is_none() || !is_absent(phone));
    let contact = contact.filter(|contact| phone.is_none() || !is_absent(contact.expose()));
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
