use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

pub(super) type HmacSha256 = Hmac<Sha256>;

/// Bot token from `@BotFather`, with the keys that Telegram derives from it.
///
/// The keys depend on the token alone and are derived once, when it is parsed. `Debug` shows only
/// the bot's id, which is public. Token and keys are wiped from memory on drop, as far as the
/// underlying libraries allow.
///
/// ```
/// use divan_core::init_data::BotToken;
///
/// let token: BotToken = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000".parse()?;
/// assert_eq!(token.bot_id(), 1234567890);
/// assert_eq!(format!("{token:?}"), "BotToken(1234567890:redacted)");
/// # Ok::<(), divan_core::init_data::InvalidBotToken>(())
/// ```
#[derive(Clone)]
pub struct BotToken {
    bot_id: i64,
    token: Zeroizing<String>,
    web_app: HmacSha256,
    login_widget: HmacSha256,
}

/// Error for a text that is not a bot token: a number, a colon, then letters, digits, `_` and `-`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not a bot token: a number, a colon, then letters, digits, `_` and `-`")]
pub struct InvalidBotToken;

impl BotToken {
    /// Telegram id of the bot: the number before the colon.
    pub fn bot_id(&self) -> i64 {
        self.bot_id
    }

    /// Returns the token itself, for calls to the Bot API.
    pub fn expose(&self) -> &str {
        &self.token
    }

    /// Returns the HMAC for init data and shared contacts, with the key already processed.
    pub(super) fn web_app_mac(&self) -> HmacSha256 {
        self.web_app.clone()
    }

    /// Returns the HMAC for data of the Login Widget, with the key already processed.
    pub(super) fn login_widget_mac(&self) -> HmacSha256 {
        self.login_widget.clone()
    }
}

impl FromStr for BotToken {
    type Err = InvalidBotToken;

    fn from_str(text: &str) -> Result<Self, InvalidBotToken> {
        let (id, secret) = text.split_once(':').ok_or(InvalidBotToken)?;
        let id_is_plain = id.bytes().all(|b| b.is_ascii_digit()) && !id.starts_with('0');
        let secret_is_plain = !secret.is_empty()
            && secret
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if !id_is_plain || !secret_is_plain {
            return Err(InvalidBotToken);
        }
        let bot_id = id.parse().map_err(|_| InvalidBotToken)?;
        Ok(Self {
            bot_id,
            token: Zeroizing::new(text.to_owned()),
            web_app: web_app_mac(text),
            login_widget: login_widget_mac(text),
        })
    }
}

impl fmt::Debug for BotToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BotToken({}:redacted)", self.bot_id)
    }
}

/// Creates an HMAC keyed with `HMAC_SHA256(key = "WebAppData", message = token)`.
fn web_app_mac(token: &str) -> HmacSha256 {
    let secret: Zeroizing<[u8; 32]> = Zeroizing::new(
        new_mac(b"WebAppData")
            .chain_update(token)
            .finalize()
            .into_bytes()
            .into(),
    );
    new_mac(&*secret)
}

/// Creates an HMAC keyed with `SHA256(token)`.
fn login_widget_mac(token: &str) -> HmacSha256 {
    let secret: Zeroizing<[u8; 32]> = Zeroizing::new(Sha256::digest(token).into());
    new_mac(&*secret)
}

#[expect(clippy::expect_used, reason = "HMAC accepts keys of any length")]
fn new_mac(key: &[u8]) -> HmacSha256 {
    HmacSha256::new_from_slice(key).expect("HMAC accepts keys of any length")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_token_is_rejected() {
        for text in [
            "",
            ":",
            "1:",
            ":a",
            "a:b",
            "01:a",
            "1:a b",
            "1:a\n",
            " 1:a",
            "99999999999999999999:a",
            "1:a:b",
        ] {
            assert!(text.parse::<BotToken>().is_err(), "{text:?}");
        }
    }
}
