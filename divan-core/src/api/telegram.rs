use serde::{Deserialize, Serialize};

use super::{Auth, Endpoint, Method, ProblemCode, TokenResponse};
use crate::secret::{self, Secret};

/// Signs an employee in, inside the Mini App.
#[derive(Debug)]
pub enum TelegramLogin {}

impl Endpoint for TelegramLogin {
    const OPERATION: &'static str = "telegram_login";
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/auth/telegram/login";
    const AUTH: Auth = Auth::InitData;
    const STATUS: u16 = 200;
    const PROBLEMS: &'static [ProblemCode] = &[
        ProblemCode::InvalidCredentials,
        ProblemCode::TelegramAccountMismatch,
        ProblemCode::PasswordExpired,
        ProblemCode::Overloaded,
    ];
    type Request = TelegramLoginRequest;
    type Response = TokenResponse;
}

/// What an employee signs in with.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "phone": "+77011234567",
        "password": "umbrella 77",
        "init_data": "query_id=AAHdF6IQAAAAAN0XohDhrOrc&user=%7B%22id%22%3A42%2C%22first_name%22%3A%22First%22%7D&auth_date=1768469400&hash=c501b71e…"
    }))
)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TelegramLoginRequest {
    /// The phone number, written as people write it: `+7 701 123 45 67`, `8 (701) 123-45-67`.
    /// Needed unless `contact` is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(example = "+77011234567", nullable = false)
    )]
    pub phone: Option<String>,
    /// In place of `phone`: what the Mini App's `requestContact` gave it, unchanged. It has to be
    /// of the same account as the init data.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "secret::expose_option"
    )]
    #[cfg_attr(
        feature = "openapi",
        schema(
            value_type = Option<String>,
            nullable = false,
            example = "contact=%7B%22user_id%22%3A42%2C%22phone_number%22%3A%2277011234567%22%7D&auth_date=1768469400&hash=8e2f10ab…"
        )
    )]
    pub contact: Option<Secret>,
    /// The password that an administrator gave out.
    #[serde(serialize_with = "secret::expose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "password", min_length = 1, max_length = 128, example = "umbrella 77"))]
    pub password: Secret,
    /// `window.Telegram.WebApp.initData`, unchanged. May be left out when `Authorization: tma …`
    /// carries it.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "secret::expose_option"
    )]
    #[cfg_attr(
        feature = "openapi",
        schema(
            value_type = Option<String>,
            nullable = false,
            example = "query_id=AAHdF6IQAAAAAN0XohDhrOrc&user=%7B%22id%22%3A42%2C%22first_name%22%3A%22First%22%7D&auth_date=1768469400&hash=c501b71e…"
        )
    )]
    pub init_data: Option<Secret>,
}

impl TelegramLoginRequest {
    /// A sign-in with this phone number, password and init data.
    pub fn new(
        phone: impl Into<String>,
        password: impl Into<Secret>,
        init_data: impl Into<Secret>,
    ) -> Self {
        Self {
            phone: Some(phone.into()),
            contact: None,
            password: password.into(),
            init_data: Some(init_data.into()),
        }
    }

    /// A sign-in with a shared contact in place of the phone number.
    pub fn with_contact(
        contact: impl Into<Secret>,
        password: impl Into<Secret>,
        init_data: impl Into<Secret>,
    ) -> Self {
        Self {
            phone: None,
            contact: Some(contact.into()),
            password: password.into(),
            init_data: Some(init_data.into()),
        }
    }
}

/// Signs an employee in again without the password, inside the Mini App.
///
/// It works for 30 days after a sign-in with the password, in the Telegram account that the user is
/// bound to, until the user signs out, changes the password, or an administrator ends the account's
/// sessions. The init data has to be at most an hour old: open the Mini App and try this first.
#[derive(Debug)]
pub enum AutoLogin {}

impl Endpoint for AutoLogin {
    const OPERATION: &'static str = "auto_login";
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/auth/telegram/auto-login";
    const AUTH: Auth = Auth::InitData;
    const STATUS: u16 = 200;
    const PROBLEMS: &'static [ProblemCode] = &[ProblemCode::PasswordRequired];
    type Request = AutoLoginRequest;
    type Response = TokenResponse;
}

/// What proves the Telegram account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AutoLoginRequest {
    /// `window.Telegram.WebApp.initData`, unchanged. May be left out when `Authorization: tma …`
    /// carries it.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "secret::expose_option"
    )]
    #[cfg_attr(
        feature = "openapi",
        schema(
            value_type = Option<String>,
            nullable = false,
            example = "query_id=AAHdF6IQAAAAAN0XohDhrOrc&user=%7B%22id%22%3A42%2C%22first_name%22%3A%22First%22%7D&auth_date=1768469400&hash=c501b71e…"
        )
    )]
    pub init_data: Option<Secret>,
}

impl AutoLoginRequest {
    /// A sign-in with this init data.
    pub fn new(init_data: impl Into<Secret>) -> Self {
        Self {
            init_data: Some(init_data.into()),
        }
    }
}
