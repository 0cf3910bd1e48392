//! Client of Telegram's [Bot API](https://core.telegram.org/bots/api).
//!
//! The token is part of every URL, so no error of this module contains a URL.

use std::fmt;
use std::time::{Duration, SystemTime};

use divan_core::clock::{Clock, SystemClock};
use divan_core::init_data::BotToken;
use divan_core::secret::Secret;
use reqwest::StatusCode;
use reqwest::header::{DATE, RETRY_AFTER};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use crate::http_client::{NoHttpClient, bounded_body, http_client_through};

/// Maximum duration of one call.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum number of retries after a 429.
const RETRIES: u32 = 3;
const MAX_SHOWN_CHARS: usize = 300;
/// Longest wait after a 429; a longer one is an error.
const MAX_WAIT: Duration = Duration::from_mins(1);

/// The Bot API for one bot.
#[derive(Debug)]
pub(crate) struct BotApi {
    http: reqwest::Client,
    token: BotToken,
    /// Name of the variable that contains the token.
    variable: &'static str,
    /// URL up to the name of a method, with the token.
    prefix: Secret,
}

/// Result of [`getMe`](https://core.telegram.org/bots/api#getme).
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Bot {
    pub(crate) id: i64,
    pub(crate) username: String,
    #[serde(default)]
    pub(crate) has_main_web_app: bool,
}

impl fmt::Display for Bot {
    /// Username and id: `@divan_bot (1234567890)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{} ({})", self.username, self.id)
    }
}

/// The button next to the message field
/// ([`MenuButton`](https://core.telegram.org/bots/api#menubutton)).
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum MenuButton {
    WebApp {
        text: String,
        web_app: WebAppInfo,
    },
    #[serde(other)]
    Other,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct WebAppInfo {
    pub(crate) url: String,
}

/// A button below a message
/// ([`InlineKeyboardButton`](https://core.telegram.org/bots/api#inlinekeyboardbutton)).
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Button {
    text: String,
    #[serde(flatten)]
    target: ButtonTarget,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum ButtonTarget {
    WebApp(WebAppInfo),
    Url(String),
}

impl Button {
    /// A button that opens a Mini App.
    pub(crate) fn mini_app(text: String, url: &Url) -> Self {
        let url = url.as_str().to_owned();
        let target = ButtonTarget::WebApp(WebAppInfo { url });
        Self { text, target }
    }

    /// A button that opens a page in the browser.
    pub(crate) fn link(text: String, url: &Url) -> Self {
        let target = ButtonTarget::Url(url.as_str().to_owned());
        Self { text, target }
    }
}

/// The reason of a failed call.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BotApiError {
    #[error(transparent)]
    Client(#[from] NoHttpClient),
    #[error(
        "the Bot API cannot be reached: check the network, and TELEGRAM_API_URL and TELEGRAM_PROXY if they are set"
    )]
    Unreachable(#[source] reqwest::Error),
    #[error("Telegram does not accept this token: check {0}, and TELEGRAM_TEST_ENVIRONMENT")]
    UnknownToken(&'static str),
    #[error("Telegram limits requests: try again in {} s", .0.as_secs())]
    TooManyRequests(Duration),
    #[error("Telegram refused the request: {0}")]
    Refused(String),
    #[error("the bot cannot write to this user: {0}")]
    Unwritable(String),
    #[error("the Bot API returned {0}: try again later")]
    Broken(StatusCode),
    #[error("the response is not from the Bot API: check TELEGRAM_API_URL")]
    NotTheBotApi,
}

/// Envelope of every response.
#[derive(Deserialize)]
struct Envelope<T> {
    ok: bool,
    result: Option<T>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Default, Deserialize)]
struct Parameters {
    retry_after: Option<i64>,
}

impl BotApi {
    /// Creates a client for the Bot API at this URL.
    pub(crate) fn new(
        url: &Url,
        proxy: Option<&Secret>,
        (variable, token): (&'static str, BotToken),
        is_test: bool,
    ) -> Result<Self, BotApiError> {
        let environment = if is_test { "test/" } else { "" };
        let base = url.as_str().trim_end_matches('/');
        let prefix = Secret::new(format!("{base}/bot{}/{environment}", token.expose()));
        Ok(Self {
            http: http_client_through(proxy, url, TIMEOUT)?,
            token,
            variable,
            prefix,
        })
    }

    /// Returns the id of the bot.
    pub(crate) fn id(&self) -> i64 {
        self.token.bot_id()
    }

    /// Sends a text without formatting to a user, with one button at most. Does not retry: after an error
    /// other than a refusal, the message may have been sent.
    pub(crate) async fn send_message(
        &self,
        user: i64,
        text: &str,
        button: Option<&Button>,
    ) -> Result<(), BotApiError> {
        let mut parameters = json!({
            "chat_id": user,
            "text": text,
            "link_preview_options": {"is_disabled": true},
        });
        if let Some(button) = button {
            parameters["reply_markup"] = json!({"inline_keyboard": [[button]]});
        }
        let _: (Value, _) = self.try_to_call("sendMessage", &parameters).await?;
        Ok(())
    }

    /// Returns the bot, and this machine's and Telegram's time at the moment of the response.
    pub(crate) async fn get_me(
        &self,
    ) -> Result<(Bot, Option<(SystemTime, SystemTime)>), BotApiError> {
        let (bot, date): (Bot, _) = self.call("getMe", &json!({})).await?;
        let local = SystemClock.now();
        Ok((
            Bot {
                username: self.readable(&bot.username),
                ..bot
            },
            date.map(|remote| (local, remote)),
        ))
    }

    pub(crate) async fn chat_menu_button(&self) -> Result<MenuButton, BotApiError> {
        Ok(self.call("getChatMenuButton", &json!({})).await?.0)
    }

    /// Sets the button of all chats without one of their own.
    pub(crate) async fn set_chat_menu_button(
        &self,
        button: &MenuButton,
    ) -> Result<(), BotApiError> {
        let _: (bool, _) = self
            .call("setChatMenuButton", &json!({ "menu_button": button }))
            .await?;
        Ok(())
    }

    /// Calls a method, with retries after the wait that a 429 asks for.
    async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        parameters: &Value,
    ) -> Result<(T, Option<SystemTime>), BotApiError> {
        for _ in 0..RETRIES {
            match self.try_to_call(method, parameters).await {
                Err(BotApiError::TooManyRequests(wait)) if wait <= MAX_WAIT => {
                    tracing::info!(
                        method,
                        seconds = wait.as_secs(),
                        "waiting after 429 from Telegram"
                    );
                    tokio::time::sleep(wait).await;
                }
                outcome => return outcome,
            }
        }
        self.try_to_call(method, parameters).await
    }

    async fn try_to_call<T: DeserializeOwned>(
        &self,
        method: &str,
        parameters: &Value,
    ) -> Result<(T, Option<SystemTime>), BotApiError> {
        let url = Secret::new(format!("{}{method}", self.prefix.expose()));
        let unreachable = |error: reqwest::Error| BotApiError::Unreachable(error.without_url());
        let response = self
            .http
            .post(url.expose())
            .json(parameters)
            .send()
            .await
            .map_err(unreachable)?;
        let status = response.status();
        let date = response
            .headers()
            .get(DATE)
            .and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| httpdate::parse_http_date(date).ok());
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|after| after.to_str().ok()?.parse().ok());
        let body = bounded_body(response)
            .await
            .map_err(unreachable)?
            .ok_or(BotApiError::NotTheBotApi)?;
        let envelope = serde_json::from_slice(&body).ok();
        self.result(status, envelope, retry_after)
            .map(|result| (result, date))
    }

    /// Reads the result; a proxy in between may respond with a body of its own.
    fn result<T>(
        &self,
        status: StatusCode,
        envelope: Option<Envelope<T>>,
        retry_after: Option<u64>,
    ) -> Result<T, BotApiError> {
        match (envelope, status) {
            (Some(_), StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND) => {
                Err(BotApiError::UnknownToken(self.variable))
            }
            (envelope, StatusCode::TOO_MANY_REQUESTS) => {
                let seconds = envelope
                    .and_then(|envelope| envelope.parameters.retry_after?.try_into().ok())
                    .or(retry_after);
                let wait = Duration::from_secs(seconds.unwrap_or(1));
                Err(BotApiError::TooManyRequests(wait))
            }
            (_, status) if status.is_server_error() => Err(BotApiError::Broken(status)),
            (Some(envelope), status) if is_unwritable(status, &envelope.description) => {
                let description = self.readable(&envelope.description);
                Err(BotApiError::Unwritable(description))
            }
            (Some(envelope), _) => match envelope.result {
                Some(result) if envelope.ok => Ok(result),
                None if envelope.ok => Err(BotApiError::NotTheBotApi),
                _ => Err(BotApiError::Refused(self.readable(&envelope.description))),
            },
            (None, _) => Err(BotApiError::NotTheBotApi),
        }
    }

    /// Makes received text safe to print: without the token, in case the response repeats it, and
    /// without control characters.
    pub(crate) fn readable(&self, text: &str) -> String {
        let secret = self
            .token
            .expose()
            .split_once(':')
            .map_or("", |(_, secret)| secret);
        let text = if secret.is_empty() {
            text.to_owned()
        } else {
            text.replace(secret, "…")
        };
        text.chars()
            .filter(|c| !c.is_control())
            .take(MAX_SHOWN_CHARS)
            .collect()
    }
}

/// Returns `true` if the user has blocked the bot, was deleted, or has never started the bot.
fn is_unwritable(status: StatusCode, description: &str) -> bool {
    status == StatusCode::FORBIDDEN
        || status == StatusCode::BAD_REQUEST && description.contains("chat not found")
}
