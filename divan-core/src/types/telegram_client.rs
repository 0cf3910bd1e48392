use serde::{Deserialize, Serialize};

/// The bot and the user's Telegram client of a session, from signed init data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct TelegramClient {
    /// The Telegram id of the bot that opened the Mini App.
    #[cfg_attr(feature = "openapi", schema(example = 1_234_567_890))]
    pub bot_id: i64,
    /// The language of the user's Telegram client, as an IETF language tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = "kk"))]
    pub language: Option<String>,
    /// True if the bot may send messages to the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = true))]
    pub allows_write_to_pm: Option<bool>,
}

impl TelegramClient {
    /// Creates a client of which only the bot is known; set the rest.
    pub fn new(bot_id: i64) -> Self {
        Self {
            bot_id,
            language: None,
            allows_write_to_pm: None,
        }
    }
}
