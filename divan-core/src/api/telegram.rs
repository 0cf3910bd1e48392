use serde::{Deserialize, Serialize};

use super::{Auth, Endpoint, Method, ProblemCode, Session};
use crate::secret::{self, Secret};

/// Signs an employee in, inside the Mini App.
#[derive(Debug)]
pub enum TelegramLogin {}

impl Endpoint for TelegramLogin {
    const OPERATION: &'static str = "telegram_login";
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/auth/telegram/login";
    const AUTH: Auth = Auth::None;
    const STATUS: u16 = 200;
    const PROBLEMS: &'static [ProblemCode] = &[
        ProblemCode::InitDataConflict,
        ProblemCode::InitDataMissing,
        ProblemCode::InitDataInvalid,
        ProblemCode::InitDataExpired,
        ProblemCode::InvalidCredentials,
        ProblemCode::TelegramAccountMismatch,
        ProblemCode::Overloaded,
        ProblemCode::TelegramNotConfigured,
    ];
    type Request = TelegramLoginRequest;
    type Response = Session;
}

/// What an employee signs in with.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TelegramLoginRequest {
    /// The phone number, written as people write it: `+7 701 123 45 67`, `8 (701) 123-45-67`.
    #[cfg_attr(feature = "openapi", schema(example = "+77011234567"))]
    pub phone: String,
    /// The password that an administrator gave out.
    #[serde(serialize_with = "secret::expose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "password", example = "tram under the plum"))]
    pub password: Secret,
    /// `window.Telegram.WebApp.initData`, unchanged. May be left out when `Authorization: tma …` carries it.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "secret::expose_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, nullable = false))]
    pub init_data: Option<Secret>,
}

impl TelegramLoginRequest {
    /// A sign-in with this phone number, password and init data.
    pub fn new(phone: impl Into<String>, password: impl Into<Secret>, init_data: impl Into<Secret>) -> Self {
        Self { phone: phone.into(), password: password.into(), init_data: Some(init_data.into()) }
    }
}
