use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::derived_key::DerivedKey;
use super::error::TokenError;
use super::keys::SecretKey;
use crate::secret::Secret;
use crate::types::SessionId;

const PREFIX: &str = "dvr1.";

/// Label from which the HMAC key of refresh tokens is derived, so that it differs from the other
/// keys.
const LABEL: &[u8] = b"divan refresh token v1";

/// Issues and verifies refresh tokens.
///
/// A refresh token is computed from its session's row and the key, so the database alone does not
/// contain it, and the same token can be returned twice. Each session has a random `salt`, so one
/// token reveals nothing about another.
///
/// ```
/// use divan_core::token::{RefreshKeys, RefreshToken, SecretKey};
/// use divan_core::types::SessionId;
///
/// let keys = RefreshKeys::new(&SecretKey::new("at least thirty-two bytes of randomness")?);
/// let session: SessionId = "0199d0f0-0000-7000-8000-000000000001".parse()?;
/// let token = keys.issue(session, 7, &[1; 16]);
///
/// let presented: RefreshToken = token.expose().parse()?;
/// assert_eq!((presented.session(), presented.generation()), (session, 7));
/// assert!(keys.is_genuine(&presented, &[1; 16]));
/// assert!(!keys.is_genuine(&presented, &[2; 16]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RefreshKeys {
    /// The first key issues tokens; the others are older.
    keys: Vec<DerivedKey>,
}

/// A parsed refresh token. Its content is not authenticated before [`RefreshKeys::is_genuine`].
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    session: SessionId,
    generation: u64,
    key: [u8; 4],
    mac: [u8; 32],
}

impl RefreshKeys {
    /// Derives the keys from `key`.
    pub fn new(key: &SecretKey) -> Self {
        Self {
            keys: vec![DerivedKey::new(key, LABEL)],
        }
    }

    /// Also accepts tokens of an older key.
    #[must_use]
    pub fn or(mut self, older: &SecretKey) -> Self {
        self.keys.push(DerivedKey::new(older, LABEL));
        self
    }

    /// Returns the token of a session's generation. The same arguments return the same token.
    pub fn issue(&self, session: SessionId, generation: u64, salt: &[u8; 16]) -> Secret {
        let key = &self.keys[0];
        let mut bytes = Zeroizing::new([0; 60]);
        bytes[..16].copy_from_slice(session.0.as_bytes());
        bytes[16..24].copy_from_slice(&generation.to_be_bytes());
        bytes[24..28].copy_from_slice(&key.id);
        bytes[28..].copy_from_slice(&mac(key, session, generation, salt).finalize().into_bytes());
        let mut token = String::with_capacity(PREFIX.len() + 80);
        token.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut token);
        Secret::new(token)
    }

    /// Returns `true` if the token was issued with one of these keys for the session with this salt.
    #[must_use]
    pub fn is_genuine(&self, token: &RefreshToken, salt: &[u8; 16]) -> bool {
        // Compares in constant time.
        let is_by = |key: &DerivedKey| {
            mac(key, token.session, token.generation, salt)
                .verify_slice(&token.mac)
                .is_ok()
        };
        self.keys
            .iter()
            .any(|key| key.id == token.key && is_by(key))
    }
}

fn mac(key: &DerivedKey, session: SessionId, generation: u64, salt: &[u8; 16]) -> Hmac<Sha256> {
    key.mac()
        .chain_update(salt)
        .chain_update(session.0.as_bytes())
        .chain_update(generation.to_be_bytes())
}

impl RefreshToken {
    /// Returns the claimed session.
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// Returns the claimed generation.
    pub fn generation(&self) -> u64 {
        self.generation
    }
}

impl FromStr for RefreshToken {
    type Err = TokenError;

    /// Parses a token.
    fn from_str(token: &str) -> Result<Self, TokenError> {
        let encoded = token.strip_prefix(PREFIX).ok_or(TokenError::Malformed)?;
        let encoded: &[u8; 80] = encoded
            .as_bytes()
            .try_into()
            .map_err(|_| TokenError::Malformed)?;
        let mut bytes = [0; 60];
        URL_SAFE_NO_PAD
            .decode_slice(encoded, &mut bytes)
            .map_err(|_| TokenError::Malformed)?;
        let (session, rest) = bytes
            .split_first_chunk::<16>()
            .ok_or(TokenError::Malformed)?;
        let (generation, rest) = rest.split_first_chunk::<8>().ok_or(TokenError::Malformed)?;
        let (key, mac) = rest.split_first_chunk::<4>().ok_or(TokenError::Malformed)?;
        Ok(Self {
            session: SessionId(Uuid::from_bytes(*session)),
            generation: u64::from_be_bytes(*generation),
            key: *key,
            mac: mac.try_into().map_err(|_| TokenError::Malformed)?,
        })
    }
}

// The rest is secret.
redacted_debug!(RefreshToken {
    session,
    generation
});

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> SecretKey {
        SecretKey::new(format!("{text} of at least thirty-two bytes")).unwrap()
    }

    fn session() -> SessionId {
        "0199d0f0-0000-7000-8000-000000000001".parse().unwrap()
    }

    #[test]
    fn issuing_is_deterministic() {
        let token = RefreshKeys::new(&key("a key")).issue(session(), 1, &[1; 16]);
        assert_eq!(
            token.expose(),
            RefreshKeys::new(&key("a key"))
                .issue(session(), 1, &[1; 16])
                .expose()
        );
        // A fixed value, so that issued tokens stay valid.
        assert_eq!(
            token.expose(),
            "dvr1.AZnQ8AAAcACAAAAAAAAAAQAAAAAAAAABcx1JTm4L_SfJIxfm4FH6IIqTbQzkzSfMu_aZP0lXuQhCygzX"
        );
    }

    #[test]
    fn every_part_of_a_token_is_covered() {
        let keys = RefreshKeys::new(&key("a key"));
        let token = keys.issue(session(), 7, &[1; 16]);
        for at in 0..token.expose().len() {
            for other in ["A", "B", "-", ".", " "] {
                let mut changed = token.expose().to_owned();
                changed.replace_range(at..=at, other);
                if changed != token.expose() {
                    let is_taken = changed
                        .parse()
                        .is_ok_and(|token| keys.is_genuine(&token, &[1; 16]));
                    assert!(!is_taken, "{changed}");
                }
            }
        }
    }

    #[test]
    fn only_the_exact_form_parses() {
        let token = RefreshKeys::new(&key("a key")).issue(session(), 7, &[1; 16]);
        let token = token.expose();
        for text in [
            "",
            "dvr1.",
            &token[..token.len() - 1],
            &format!("{token}A"),
            &format!("{token}="),
            &format!(" {token}"),
            &token.replace("dvr1", "dvr2"),
            &token.replace("dvr1.", ""),
            &token.replacen('.', "", 1),
        ] {
            assert!(text.parse::<RefreshToken>().is_err(), "{text}");
        }
    }

    #[test]
    fn tokens_of_an_older_key_are_accepted_while_it_is_configured() {
        let old = RefreshKeys::new(&key("an old key"));
        let token: RefreshToken = old.issue(session(), 7, &[1; 16]).expose().parse().unwrap();
        assert!(!RefreshKeys::new(&key("a new key")).is_genuine(&token, &[1; 16]));
        let both = RefreshKeys::new(&key("a new key")).or(&key("an old key"));
        assert!(both.is_genuine(&token, &[1; 16]));
        assert!(!old.is_genuine(
            &both.issue(session(), 7, &[1; 16]).expose().parse().unwrap(),
            &[1; 16]
        ));
    }

    #[test]
    fn debug_redacts_keys_and_tokens() {
        let keys = RefreshKeys::new(&key("a key"));
        let token: RefreshToken = keys.issue(session(), 7, &[1; 16]).expose().parse().unwrap();
        let shown = format!("{keys:?} {token:?}");
        assert!(
            shown.contains("redacted") && shown.contains("generation: 7") && !shown.contains("mac"),
            "{shown}"
        );
    }
}
