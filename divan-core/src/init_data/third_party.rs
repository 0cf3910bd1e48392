use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, VerifyingKey};

use super::error::{InitDataError, Malformed};
use super::grammar::SortedPairs;
use super::scheme::{Key, Scheme, Sealed};

const PRODUCTION: [u8; 32] = [
    0xe7, 0xbf, 0x03, 0xa2, 0xfa, 0x46, 0x02, 0xaf, 0x45, 0x80, 0x70, 0x3d, 0x88, 0xdd, 0xa5, 0xbb,
    0x59, 0xf3, 0x2e, 0xd8, 0xb0, 0x2a, 0x56, 0xc1, 0x87, 0xfe, 0x7d, 0x34, 0xca, 0xed, 0x24, 0x2d,
];
const TEST: [u8; 32] = [
    0x40, 0x05, 0x50, 0x58, 0xa4, 0xee, 0x38, 0x15, 0x6a, 0x06, 0x56, 0x2e, 0x52, 0xee, 0xce, 0x92,
    0xa7, 0x71, 0xbc, 0xd8, 0x34, 0x6a, 0x8c, 0x46, 0x15, 0xcb, 0x73, 0x76, 0xed, 0xdf, 0x72, 0xec,
];

/// Key that verifies a bot's init data without the bot's token, by Telegram's Ed25519 signature
/// [for third parties](https://core.telegram.org/bots/webapps#validating-data-for-third-party-use).
///
/// That signature does not cover the field `hash`, so verified data does not contain it, nor
/// `signature` itself.
///
/// ```
/// use divan_core::init_data::{ThirdParty, Verifier};
/// use std::time::Duration;
///
/// let raw = "user=%7B%22id%22%3A279058397%2C%22first_name%22%3A%22Vladislav%20%2B%20-%20%3F%20%5C%2F%22%2C%22last_name%22\
///     %3A%22Kibenko%22%2C%22username%22%3A%22vdkfrost%22%2C%22language_code%22%3A%22ru%22%2C%22is_premium%22%3Atrue\
///     %2C%22allows_write_to_pm%22%3Atrue%2C%22photo_url%22%3A%22https%3A%5C%2F%5C%2Ft.me%5C%2Fi%5C%2Fuserpic%5C%2F320\
///     %5C%2F4FPEE4tmP3ATHa57u6MqTDih13LTOiMoKoLDRG4PnSA.svg%22%7D&chat_instance=8134722200314281151&chat_type=private\
///     &auth_date=1733584787&signature=zL-ucjNyREiHDE8aihFwpfR9aggP2xiAo3NSpfe-p7IbCisNlDKlo7Kb6G4D0Ao2mBrSgEk4maLSdv6\
///     MLIlADQ&hash=2174df5b000556d044f3f020384e879c8efcab55ddea2ced4eb752e93e7080d6";
/// let century = Duration::from_hours(24 * 36_525);
/// let verifier = Verifier::third_party(ThirdParty::production(7_342_037_359), century);
/// let data = verifier.verify(raw)?;
/// assert_eq!(data.user()?.ok_or("no user")?.id, 279_058_397);
/// assert!(data.field("hash").is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ThirdParty {
    bot_id: i64,
    /// Line that Telegram puts before the check string.
    first_line: String,
    key: VerifyingKey,
}

/// Error for bytes that are not an Ed25519 public key, or a weak one that anyone can sign for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not an Ed25519 public key, or is a low-order point (invalid)")]
pub struct InvalidPublicKey;

impl ThirdParty {
    /// Returns Telegram's production key, for the bot with this id.
    #[expect(
        clippy::missing_panics_doc,
        clippy::expect_used,
        reason = "a test checks that the constant is a valid key"
    )]
    pub fn production(bot_id: i64) -> Self {
        Self::with_public_key(bot_id, &PRODUCTION).expect("a valid key")
    }

    /// Returns the key of Telegram's [test
    /// environment](https://core.telegram.org/bots/webapps#using-bots-in-the-test-environment), for
    /// the bot with this id.
    #[expect(
        clippy::missing_panics_doc,
        clippy::expect_used,
        reason = "a test checks that the constant is a valid key"
    )]
    pub fn test_environment(bot_id: i64) -> Self {
        Self::with_public_key(bot_id, &TEST).expect("a valid key")
    }

    /// Derives the public key of your own secret key, for tests.
    #[cfg(any(test, feature = "mint"))]
    pub fn public_key_of(secret_key: &[u8; 32]) -> [u8; 32] {
        ed25519_dalek::SigningKey::from_bytes(secret_key)
            .verifying_key()
            .to_bytes()
    }

    /// Creates a key from your own public key, for tests.
    ///
    /// # Errors
    /// When the bytes are not a point on the curve, or a point of small order.
    pub fn with_public_key(bot_id: i64, public_key: &[u8; 32]) -> Result<Self, InvalidPublicKey> {
        let key = VerifyingKey::from_bytes(public_key).map_err(|_| InvalidPublicKey)?;
        if key.is_weak() {
            return Err(InvalidPublicKey);
        }
        Ok(Self {
            bot_id,
            first_line: format!("{bot_id}:WebAppData\n"),
            key,
        })
    }
}

redacted_debug!(ThirdParty { bot_id });

impl Key for ThirdParty {
    fn bot_id(&self) -> i64 {
        self.bot_id
    }
}

impl Sealed for ThirdParty {
    type WebApp = Ed25519;
}

/// Init data with Telegram's signature for third parties.
#[derive(Debug)]
pub(super) struct Ed25519;

impl Scheme<ThirdParty> for Ed25519 {
    /// Space for `<bot_id>:WebAppData` and a line feed with the longest possible id. The removed
    /// signature is longer than that, so the buffer always has this space.
    const PREFIX_LEN: usize = 32;
    type Signature = [u8; 64];

    fn take_signature(pairs: &mut SortedPairs<'_>) -> Result<[u8; 64], InitDataError> {
        let signature = pairs
            .remove("signature")
            .ok_or(InitDataError::SignatureMissing)?;
        // Not signed, so it is dropped whatever it contains.
        let _ = pairs.remove("hash");
        Ok(decode_signature(signature)?)
    }

    fn is_signed_by(key: &ThirdParty, message: &mut [u8], signature: &[u8; 64]) -> bool {
        let start = Self::PREFIX_LEN - key.first_line.len();
        message[start..Self::PREFIX_LEN].copy_from_slice(key.first_line.as_bytes());
        // Strict verification rejects malleable signatures and keys of small order.
        key.key
            .verify_strict(&message[start..], &Signature::from_bytes(signature))
            .is_ok()
    }

    fn is_expected_kind(pairs: &SortedPairs<'_>) -> bool {
        !pairs.contains("contact")
    }
}

/// Parses `signature`: 64 bytes in canonical base64url.
fn decode_signature(text: &[u8]) -> Result<[u8; 64], Malformed> {
    let text: &[u8; 86] = text.try_into().map_err(|_| Malformed::Signature)?;
    let mut signature = [0; 64];
    match URL_SAFE_NO_PAD.decode_slice(text, &mut signature) {
        Ok(64) => Ok(signature),
        _ => Err(Malformed::Signature),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telegrams_keys_are_valid() {
        assert_eq!(ThirdParty::production(1).key.to_bytes(), PRODUCTION);
        assert_eq!(ThirdParty::test_environment(1).key.to_bytes(), TEST);
    }

    #[test]
    fn a_weak_public_key_is_rejected() {
        let mut neutral = [0; 32];
        neutral[0] = 1;
        for weak in [neutral, [0; 32]] {
            assert!(ThirdParty::with_public_key(1, &weak).is_err());
        }
    }

    #[test]
    fn the_longest_bot_id_fits_into_the_prefix() {
        let key = ThirdParty::production(i64::MIN);
        let mut message = [b'x'; 40];
        assert!(!Ed25519::is_signed_by(&key, &mut message, &[0; 64]));
        assert!(message.starts_with(b"-9223372036854775808:WebAppData\n"));
    }
}
