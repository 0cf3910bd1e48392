use std::collections::BTreeMap;

use url::Url;

use super::address::address;
use super::env::Env;
use super::variable::{Section, section};
use crate::init_data::{BotToken, InvalidBotToken};
use crate::secret::Secret;

/// Bot token and Bot API.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TelegramConfig {
    /// Token of the bot; `None` if it is unset.
    pub bot_token: Option<BotToken>,
    /// Replaced token of the same bot, whose init data stays valid; if set.
    pub previous_bot_token: Option<BotToken>,
    /// Tokens of further bots that open the Mini App. A bot may have two: its current token, then the
    /// replaced one. Default: none.
    pub further_bot_tokens: Vec<BotToken>,
    /// Username of the bot, without `@`, if set.
    pub bot_username: Option<String>,
    /// Proxy for the Bot API, if set.
    pub proxy: Option<Secret>,
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

    TELEGRAM_BOT_TOKEN_PREVIOUS = (
        "TELEGRAM_BOT_TOKEN_PREVIOUS",
        "replaced token of the same bot, whose init data stays valid; set it while you change the token, and remove it after \
         `DIVAN_SIGN_IN_MAX_AGE`; never set a stolen token",
        "1234567890:the-35-characters-that-BotFather-gave-before",
    ).when_unset("none").secret();

    TELEGRAM_BOT_TOKENS = (
        "TELEGRAM_BOT_TOKENS",
        "tokens of further bots that open the same Mini App, separated by commas; while you change the token of one, list its new token and \
         after it the replaced one",
        "1234567891:the-35-characters-of-the-second-bot",
    ).when_unset("none").secret();

    TELEGRAM_BOT_USERNAME = (
        "TELEGRAM_BOT_USERNAME",
        "username of the bot of `TELEGRAM_BOT_TOKEN`, without `@`, to which the Mini App's page links outside Telegram",
        "acme_bot",
    ).form("5 to 32 letters, digits and `_`").when_unset("the page shows no link");

    TELEGRAM_PROXY = (
        "TELEGRAM_PROXY",
        "proxy for requests to the Bot API: an `http`, `https`, `socks5` or `socks5h` URL, which may contain credentials; with `socks5h`, the \
         proxy resolves names",
        "socks5h://proxy.example.com:1080",
    ).when_unset("the proxy of the process environment (`HTTPS_PROXY`), if set").secret();

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
        let bot_token = Self::read_bot_token(env);
        let previous_bot_token = env.checked(&TELEGRAM_BOT_TOKEN_PREVIOUS, self::bot_token);
        let further_bot_tokens = env
            .checked(&TELEGRAM_BOT_TOKENS, bot_tokens)
            .unwrap_or_default();
        check_tokens(
            env,
            bot_token.as_ref(),
            previous_bot_token.as_ref(),
            &further_bot_tokens,
        );
        Self {
            bot_token,
            previous_bot_token,
            further_bot_tokens,
            bot_username: env.checked(&TELEGRAM_BOT_USERNAME, bot_username),
            proxy: env.checked(&TELEGRAM_PROXY, proxy),
            api_url: env
                .checked(&TELEGRAM_API_URL, api_address)
                .unwrap_or_else(default_api_url),
            test_environment: env.switch(&TELEGRAM_TEST_ENVIRONMENT, false),
        }
    }

    /// Tokens whose init data is accepted in addition to that of the main token.
    pub fn other_tokens(&self) -> impl Iterator<Item = &BotToken> {
        self.previous_bot_token
            .iter()
            .chain(&self.further_bot_tokens)
    }

    /// Current token of each bot, with the name of the variable that contains it.
    pub fn current_tokens(&self) -> impl Iterator<Item = (&'static str, &BotToken)> {
        let main = self.bot_token.iter();
        let main = main.map(|token| (TELEGRAM_BOT_TOKEN.name(), token));
        let further = self.further_bot_tokens.iter().enumerate();
        let further = further.filter(|(index, token)| {
            let mut earlier = self.further_bot_tokens[..*index].iter();
            !earlier.any(|earlier| earlier.bot_id() == token.bot_id())
        });
        main.chain(further.map(|(_, token)| (TELEGRAM_BOT_TOKENS.name(), token)))
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

fn bot_tokens(text: &str) -> Result<Vec<BotToken>, String> {
    let parts = text.split(',').map(str::trim);
    let token = |(index, part): (usize, &str)| {
        let id = part.split_once(':').map_or("", |(id, _)| id);
        let is_id = (1..20).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit());
        let bot = if is_id {
            format!(" (bot {id})")
        } else {
            String::new()
        };
        let number = index + 1;
        bot_token(part)
            .map_err(|error| format!("must list bot tokens: entry {number}{bot} {error}"))
    };
    parts
        .filter(|part| !part.is_empty())
        .enumerate()
        .map(token)
        .collect()
}

fn bot_username(text: &str) -> Result<String, &'static str> {
    let is_valid = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    if (5..=32).contains(&text.len()) && text.bytes().all(is_valid) {
        Ok(text.to_owned())
    } else {
        Err("must be the username of the bot, without `@`: 5 to 32 letters, digits and `_`")
    }
}

/// Checks that the tokens fit together: a bot has one current token, and at most one replaced one.
fn check_tokens(
    env: &mut Env<'_>,
    main: Option<&BotToken>,
    previous: Option<&BotToken>,
    further: &[BotToken],
) {
    let has_main = main.is_some() || env.is_set(&TELEGRAM_BOT_TOKEN);
    if let Some(previous) = previous {
        match main {
            Some(main) if main.bot_id() != previous.bot_id() => env.error(
                &TELEGRAM_BOT_TOKEN_PREVIOUS,
                "must be a token of the same bot as TELEGRAM_BOT_TOKEN; list other bots in TELEGRAM_BOT_TOKENS",
            ),
            Some(main) if main.expose() == previous.expose() => env.error(
                &TELEGRAM_BOT_TOKEN_PREVIOUS,
                "must differ from TELEGRAM_BOT_TOKEN",
            ),
            None if !has_main => env.error(
                &TELEGRAM_BOT_TOKEN_PREVIOUS,
                "requires TELEGRAM_BOT_TOKEN, the current token",
            ),
            _ => {}
        }
    }
    if !further.is_empty() && !has_main {
        env.error(
            &TELEGRAM_BOT_TOKENS,
            "requires TELEGRAM_BOT_TOKEN, the first bot",
        );
    }
    if let Some(rule) = repetition(main, further) {
        env.error(&TELEGRAM_BOT_TOKENS, rule);
    }
}

/// Returns the rule that the list of further tokens breaks.
fn repetition(main: Option<&BotToken>, further: &[BotToken]) -> Option<String> {
    let mut tokens: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
    for token in further {
        let id = token.bot_id();
        if main.is_some_and(|main| main.bot_id() == id) {
            return Some(format!(
                "must not list bot {id} of TELEGRAM_BOT_TOKEN, whose replaced token belongs in TELEGRAM_BOT_TOKEN_PREVIOUS"
            ));
        }
        let of_bot = tokens.entry(id).or_default();
        if of_bot.contains(&token.expose()) {
            return Some(format!(
                "must list each token once, but repeats one of bot {id}"
            ));
        }
        of_bot.push(token.expose());
        if of_bot.len() > 2 {
            return Some(format!(
                "must list at most two tokens of a bot, the current one first, but lists more of bot {id}"
            ));
        }
    }
    None
}

/// Checks the URL of a proxy, whose credentials are secret.
fn proxy(text: &str) -> Result<Secret, &'static str> {
    let is_proxy = |url: &Url| {
        matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h") && url.has_host()
    };
    match Url::parse(text) {
        Ok(url) if is_proxy(&url) => Ok(Secret::new(text)),
        _ => Err("must be an `http`, `https`, `socks5` or `socks5h` URL with a host"),
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
    fn further_tokens_and_a_proxy_are_read() {
        let token = |id: u32, letter: char| format!("{id}:{}", letter.to_string().repeat(35));
        let (main, previous) = (token(42, 'a'), token(42, 'b'));
        let further = format!("{}, {}", token(43, 'c'), token(44, 'd'));
        let config = read(
            &[
                ("TELEGRAM_BOT_TOKEN", &main),
                ("TELEGRAM_BOT_TOKEN_PREVIOUS", &previous),
                ("TELEGRAM_BOT_TOKENS", &further),
                ("TELEGRAM_PROXY", "socks5h://user:hidden@192.0.2.1:1080"),
            ],
            TelegramConfig::read,
        );
        let ids: Vec<i64> = config.other_tokens().map(BotToken::bot_id).collect();
        assert_eq!(ids, [42, 43, 44]);
        assert!(!format!("{config:?}").contains("hidden"));

        let errors_of =
            |variables: &[(&'static str, &str)]| errors(variables, TelegramConfig::read);
        let alone = errors_of(&[
            ("TELEGRAM_BOT_TOKEN_PREVIOUS", &previous),
            ("TELEGRAM_BOT_TOKENS", &further),
            ("TELEGRAM_PROXY", "ftp://hidden"),
        ]);
        assert_starts(
            &alone,
            &[
                "TELEGRAM_BOT_TOKEN_PREVIOUS requires TELEGRAM_BOT_TOKEN",
                "TELEGRAM_BOT_TOKENS requires TELEGRAM_BOT_TOKEN",
                "TELEGRAM_PROXY must be an `http`, `https`, `socks5` or `socks5h` URL",
            ],
        );
        let other_bot = errors_of(&[
            ("TELEGRAM_BOT_TOKEN", &main),
            ("TELEGRAM_BOT_TOKEN_PREVIOUS", &token(43, 'b')),
            ("TELEGRAM_BOT_TOKENS", &previous),
        ]);
        assert_starts(
            &other_bot,
            &[
                "TELEGRAM_BOT_TOKEN_PREVIOUS must be a token of the same bot",
                "TELEGRAM_BOT_TOKENS must not list bot 42 of TELEGRAM_BOT_TOKEN",
            ],
        );
        let short = format!("{},43:hidden", token(44, 'c'));
        let incomplete = errors_of(&[
            ("TELEGRAM_BOT_TOKEN", &main),
            ("TELEGRAM_BOT_TOKENS", &short),
        ]);
        let expected = "TELEGRAM_BOT_TOKENS must list bot tokens: entry 2 (bot 43) is incomplete";
        assert_starts(&incomplete, &[expected]);
    }

    #[test]
    fn a_username_is_one_of_telegram() {
        let config = read(
            &[("TELEGRAM_BOT_USERNAME", "Divan_bot")],
            TelegramConfig::read,
        );
        assert_eq!(config.bot_username.as_deref(), Some("Divan_bot"));
        let long = "x".repeat(33);
        for name in [
            "@divan_bot",
            "bots",
            "divan bot",
            "divan-bot",
            "диван_бот",
            &long,
        ] {
            let errors = errors(&[("TELEGRAM_BOT_USERNAME", name)], TelegramConfig::read);
            assert_starts(
                &errors,
                &["TELEGRAM_BOT_USERNAME must be the username of the bot, without `@`"],
            );
        }
    }

    #[test]
    fn a_further_bot_has_a_current_token_and_at_most_one_replaced_token() {
        let token = |id: u32, letter: char| format!("{id}:{}", letter.to_string().repeat(35));
        let main = token(42, 'a');
        let list = |tokens: &[String]| tokens.join(",");
        let both = list(&[token(43, 'c'), token(44, 'd'), token(43, 'e')]);
        let variables = [
            ("TELEGRAM_BOT_TOKEN", main.as_str()),
            ("TELEGRAM_BOT_TOKENS", &both),
        ];
        let config = read(&variables, TelegramConfig::read);
        let current: Vec<_> = config
            .current_tokens()
            .map(|(variable, token)| (variable, token.expose().to_owned()))
            .collect();
        let expected = [
            ("TELEGRAM_BOT_TOKEN", token(42, 'a')),
            ("TELEGRAM_BOT_TOKENS", token(43, 'c')),
            ("TELEGRAM_BOT_TOKENS", token(44, 'd')),
        ];
        assert_eq!(current, expected);
        let ids: Vec<i64> = config.other_tokens().map(BotToken::bot_id).collect();
        assert_eq!(ids, [43, 44, 43]);

        for (further, rule) in [
            (
                list(&[token(43, 'c'), token(43, 'd'), token(43, 'e')]),
                "TELEGRAM_BOT_TOKENS must list at most two tokens of a bot",
            ),
            (
                list(&[token(43, 'c'), token(43, 'c')]),
                "TELEGRAM_BOT_TOKENS must list each token once",
            ),
        ] {
            let variables = [
                ("TELEGRAM_BOT_TOKEN", main.as_str()),
                ("TELEGRAM_BOT_TOKENS", &further),
            ];
            let errors = errors(&variables, TelegramConfig::read);
            assert_starts(&errors, &[rule]);
            assert!(errors[0].contains("bot 43"), "{errors:?}");
        }
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
