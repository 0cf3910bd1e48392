use serde::{Deserialize, Serialize};

use crate::secret::{self, Secret};

/// The credentials of an employee.
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
    /// The phone number in any usual form: `+7 701 123 45 67`, `8 (701) 123-45-67`. Required
    /// without `contact`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "+77011234567"))]
    pub phone: Option<String>,
    /// The unchanged response of the Mini App's `requestContact`, instead of `phone`. It must
    /// belong to the same account as the init data. An empty one is ignored if `phone` is present.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "secret::expose_option"
    )]
    #[cfg_attr(
        feature = "openapi",
        schema(
            value_type = Option<String>,
            example = "contact=%7B%22user_id%22%3A42%2C%22phone_number%22%3A%2277011234567%22%7D&auth_date=1768469400&hash=8e2f10ab…"
        )
    )]
    pub contact: Option<Secret>,
    /// The password.
    #[serde(serialize_with = "secret::expose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "password", min_length = 1, max_length = 128, example = "umbrella 77"))]
    pub password: Secret,
    /// `window.Telegram.WebApp.initData`, unchanged. Optional if `Authorization: tma …` contains
    /// it.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "secret::expose_option"
    )]
    #[cfg_attr(
        feature = "openapi",
        schema(
            value_type = Option<String>,
            example = "query_id=AAHdF6IQAAAAAN0XohDhrOrc&user=%7B%22id%22%3A42%2C%22first_name%22%3A%22First%22%7D&auth_date=1768469400&hash=c501b71e…"
        )
    )]
    pub init_data: Option<Secret>,
}

impl TelegramLoginRequest {
    /// Creates the request.
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

    /// Creates the request with a shared contact instead of the phone number.
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

/// The init data that identifies the Telegram account.
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
            example = "query_id=AAHdF6IQAAAAAN0XohDhrOrc&user=%7B%22id%22%3A42%2C%22first_name%22%3A%22First%22%7D&auth_date=1768469400&hash=c501b71e…"
        )
    )]
    pub init_data: Option<Secret>,
}

impl AutoLoginRequest {
    /// Creates the request.
    pub fn new(init_data: impl Into<Secret>) -> Self {
        Self {
            init_data: Some(init_data.into()),
        }
    }
}

/// The public configuration of the Mini App's page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct MiniAppConfig {
    /// The username of the bot that opens the Mini App, without `@`. `null` if the server does not
    /// know it.
    #[cfg_attr(feature = "openapi", schema(example = "divan_bot"))]
    pub bot_username: Option<String>,
    /// A mobile number in the form of the server's region, to show in an empty field.
    #[cfg_attr(feature = "openapi", schema(example = "+7 771 000 9998"))]
    pub phone_example: String,
    /// The languages of the page, as language codes. The first is the default.
    #[cfg_attr(feature = "openapi", schema(example = json!(["ru", "kk", "en"])))]
    pub languages: Vec<String>,
    /// True if the server signs init data of test users, in development mode only.
    #[cfg_attr(feature = "openapi", schema(example = false))]
    pub test_sign_in: bool,
}

impl MiniAppConfig {
    /// Creates the configuration without a bot username and without test sign-in.
    pub fn new(phone_example: impl Into<String>) -> Self {
        Self {
            bot_username: None,
            phone_example: phone_example.into(),
            languages: ["ru", "kk", "en"].map(str::to_owned).to_vec(),
            test_sign_in: false,
        }
    }
}
