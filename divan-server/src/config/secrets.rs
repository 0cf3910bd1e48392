use divan_core::init_data::BotToken;
use divan_core::service::BootstrapPolicy;
use divan_core::token::SecretKey;

use super::env::Env;
use crate::development::Development;

pub(super) const BOT_TOKEN_EXAMPLE: &str = "1234567890:the-35-characters-that-BotFather-gave";
const SECRET_KEY_EXAMPLE: &str = "the-output-of-`openssl rand -hex 32`";

/// The shortest bootstrap token that is not a guess.
const MIN_BOOTSTRAP_TOKEN: usize = 16;

pub(super) fn secret_key(env: &mut Env<'_>, development: Option<&Development>) -> Option<SecretKey> {
    if !env.is_set("SECRET_KEY") && development.is_none() {
        if env.is_set("DATABASE_URL") {
            env.wrong("SECRET_KEY", "is not set, and with DATABASE_URL set it has to be", SECRET_KEY_EXAMPLE);
        }
        return None;
    }
    let secret =
        env.secret("SECRET_KEY", SECRET_KEY_EXAMPLE).or_else(|| development.map(Development::secret_key))?;
    SecretKey::new(secret.expose())
        .map_err(|short| env.wrong("SECRET_KEY", format!("is too short: {short}"), SECRET_KEY_EXAMPLE))
        .ok()
}

pub(super) fn bot_token(env: &mut Env<'_>, development: Option<&Development>) -> Option<BotToken> {
    let given = env.is_set("TELEGRAM_BOT_TOKEN");
    let secret =
        if given { env.secret("TELEGRAM_BOT_TOKEN", BOT_TOKEN_EXAMPLE)? } else { development?.bot_token() };
    secret
        .expose()
        .parse()
        .map_err(|error| env.wrong("TELEGRAM_BOT_TOKEN", format!("is {error}"), BOT_TOKEN_EXAMPLE))
        .ok()
}

pub(super) fn bootstrap(env: &mut Env<'_>, is_private: bool) -> BootstrapPolicy {
    let example = "the-output-of-`openssl rand -hex 16`";
    match env.secret("DIVAN_BOOTSTRAP_TOKEN", example) {
        Some(token) if token.expose().len() < MIN_BOOTSTRAP_TOKEN => {
            let reason = format!("has fewer than {MIN_BOOTSTRAP_TOKEN} characters");
            env.wrong("DIVAN_BOOTSTRAP_TOKEN", reason, example);
            BootstrapPolicy::Closed
        }
        Some(token) if !is_header_value(token.expose()) => {
            env.wrong("DIVAN_BOOTSTRAP_TOKEN", "has characters that no header can carry", example);
            BootstrapPolicy::Closed
        }
        Some(token) => BootstrapPolicy::Token(token),
        None if is_private => BootstrapPolicy::OpenToAnyone,
        None => BootstrapPolicy::Closed,
    }
}

/// Whether a text arrives as it was sent: visible ASCII, with spaces in the middle only.
fn is_header_value(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b' '..=b'~')) && text.trim() == text
}
