use url::Url;

use super::address::address;
use super::env::Env;
use super::variable::{Section, section};
use crate::init_data::{BotToken, InvalidBotToken};

/// Bot token and Bot API.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TelegramConfig {
    /// Token of the bot; `None` if it is unset.
    pub bot_token: Option<BotToken>,
    /// URL of the Bot API. Default: `https://api.telegram.org`.
    pub api_url: Url,
    /// The bot belongs to Telegram's test environment. Default: no.
    pub test_environment: bool,
}

section! {
    static SECTION = "Telegram", "";

    /// `TELEGRAM_BOT_TOKEN`, the token of the bot that opens the Mini App.
    pub TELEGRAM_BOT_TOKEN = (
        "TELEGRAM_BOT_TOKEN",
        "token of the bot that opens the Mini App, from `@BotFather`",
        "1234567890:the-35-characters-that-BotFather-gave",
    )
    .when_unset("Telegram sign-ins return 503; development mode generates a token")
    .synonyms(&["BOT_TOKEN", "TELEGRAM_TOKEN", "TG_BOT_TOKEN", "TELEGRAM_API_TOKEN", "TELEGRAM_BOT_API_TOKEN"])
    .secret();

    TELEGRAM_API_URL = (
        "TELEGRAM_API_URL",
        "URL of the Bot API, if you run your own server",
        "https://api.telegram.org",
    ).when_unset("`https://api.telegram.org`");

    TELEGRAM_TEST_ENVIRONMENT = (
        "TELEGRAM_TEST_ENVIRONMENT",
        "`on` if the bot belongs to Telegram's test environment",
        "on",
    ).when_unset("`off`");
}

impl TelegramConfig {
    /// Variables of this section.
    pub const SECTION: &'static Section = &SECTION;

    /// Reads the section. Invalid values are recorded as errors and have their defaults here.
    pub fn read(env: &mut Env<'_>) -> Self {
        Self {
            bot_token: Self::read_bot_token(env),
            api_url: env
                .checked(&TELEGRAM_API_URL, api_address)
                .unwrap_or_else(default_api_url),
            test_environment: env.switch(&TELEGRAM_TEST_ENVIRONMENT, false),
        }
    }

    /// Reads the token only.
    pub fn read_bot_token(env: &mut Env<'_>) -> Option<BotToken> {
        env.checked(&TELEGRAM_BOT_TOKEN, bot_token)
    }
}

/// Number of characters after the colon of a token. The tokens of tests and of development mode have
/// more.
const BOT_SECRET_CHARS: usize = 35;

fn bot_token(text: &str) -> Result<BotToken, String> {
    let token: BotToken = text.parse().map_err(|_: InvalidBotToken| {
        "must be a bot token: a number, a colon, then letters, digits, `_` and `-`"
    })?;
    match text.split_once(':') {
        Some((_, secret)) if secret.len() < BOT_SECRET_CHARS => Err(format!(
            "is incomplete: {BOT_SECRET_CHARS} characters must follow the colon, but it has {}; copy it again from \
             @BotFather",
            secret.len()
        )),
        _ => Ok(token),
    }
}

/// Parses the URL of the Bot API. A copied URL of one bot contains the token and is refused.
fn api_address(text: &str) -> Result<Url, String> {
    let url = address(text).map_err(|error| error.to_string())?;
    let is_of_one_bot = |segment: &str| {
        let id = segment.strip_prefix("bot").unwrap_or_default();
        id.starts_with(|c: char| c.is_ascii_digit())
            && (id.contains(':') || id.to_ascii_lowercase().contains("%3a"))
    };
    if url.path().split('/').any(is_of_one_bot) {
        return Err(
            "must not contain a bot token: remove `/bot` and everything after it".to_owned(),
        );
    }
    Ok(url)
}

#[expect(clippy::expect_used, reason = "a constant, and a test reads it")]
fn default_api_url() -> Url {
    Url::parse("https://api.telegram.org").expect("a URL")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infra::test_util::{assert_starts, errors, read};

    #[test]
    fn token_and_bot_api_are_read() {
        let config = read(&[], TelegramConfig::read);
        assert!(config.bot_token.is_none() && !config.test_environment);
        assert_eq!(config.api_url.as_str(), "https://api.telegram.org/");
        let variables = [
            (
                "TELEGRAM_BOT_TOKEN",
                "42:hidden-AAFakeTokenForDivanTestVectorsOnly",
            ),
            ("TELEGRAM_API_URL", "http://localhost:8081/bots"),
            ("TELEGRAM_TEST_ENVIRONMENT", "on"),
        ];
        let config = read(&variables, TelegramConfig::read);
        assert_eq!(
            (
                config.bot_token.as_ref().unwrap().bot_id(),
                config.test_environment
            ),
            (42, true)
        );
        assert_eq!(config.api_url.as_str(), "http://localhost:8081/bots");
        assert!(!format!("{config:?}").contains("hidden"));
    }

    #[test]
    fn a_truncated_token_is_refused() {
        let error = |token: &str| errors(&[("TELEGRAM_BOT_TOKEN", token)], TelegramConfig::read);
        assert_starts(
            &error("42:hidden"),
            &[
                "TELEGRAM_BOT_TOKEN is incomplete: 35 characters must follow the colon, but it has 6",
            ],
        );
        assert_eq!(error(&format!("42:{}", "a".repeat(34))).len(), 1);
        assert_eq!(error(&format!("42:{}", "a".repeat(35))).len(), 0);
    }

    #[test]
    fn invalid_values_are_reported() {
        let variables = [
            ("TELEGRAM_BOT_TOKEN", "hidden"),
            ("TELEGRAM_API_URL", "api.telegram.org"),
            ("TELEGRAM_TEST_ENVIRONMENT", "1"),
        ];
        assert_starts(
            &errors(&variables, TelegramConfig::read),
            &[
                "TELEGRAM_BOT_TOKEN must be a bot token",
                "TELEGRAM_API_URL must start with `http://` or `https://`",
                "TELEGRAM_TEST_ENVIRONMENT must be `on` or `off`",
            ],
        );
        for of_one_bot in [
            "https://api.telegram.org/bot42:hidden",
            "http://h/x/bot42%3Ahidden/getMe",
        ] {
            let message = errors(&[("TELEGRAM_API_URL", of_one_bot)], TelegramConfig::read);
            assert_starts(
                &message,
                &["TELEGRAM_API_URL must not contain a bot token: remove `/bot`"],
            );
        }
        for token in [TELEGRAM_BOT_TOKEN.example, "your-bot-token", "<token>"] {
            let deployment = [
                ("DATABASE_URL", "sqlite:divan.db"),
                ("TELEGRAM_BOT_TOKEN", token),
            ];
            assert_starts(
                &errors(&deployment, TelegramConfig::read),
                &["TELEGRAM_BOT_TOKEN is a placeholder"],
            );
        }
    }
}
