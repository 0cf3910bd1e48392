//! Telegram's signature schemes: location of the signature, signed fields and key of each.

use hmac::Mac;

use super::bot_token::{BotToken, HmacSha256};
use super::error::{InitDataError, Malformed};
use super::grammar::SortedPairs;

/// Key of a [`Verifier`](super::Verifier): a [`BotToken`], or with the feature `ed25519` a
/// `ThirdParty`.
///
/// This trait is sealed: it cannot be implemented outside this crate.
#[expect(private_bounds, reason = "seals the trait")]
pub trait Key: Clone + Sized + Sealed {
    /// Telegram id of the bot that the key belongs to.
    fn bot_id(&self) -> i64;
}

/// Signature scheme of a key for init data.
pub(super) trait Sealed: Sized {
    type WebApp: Scheme<Self>;
}

/// Signature scheme: location of the signature, signed fields, and verification with a key.
pub(super) trait Scheme<K> {
    /// Length of the free space in the buffer before the check string.
    const PREFIX_LEN: usize;
    type Signature: AsRef<[u8]>;

    /// Removes the signature and all other fields that it does not cover.
    fn take_signature(pairs: &mut SortedPairs<'_>) -> Result<Self::Signature, InitDataError>;

    /// Returns `true` if `signature` was made with `key` over the check string, which starts at
    /// [`PREFIX_LEN`](Self::PREFIX_LEN).
    fn is_signed_by(key: &K, message: &mut [u8], signature: &Self::Signature) -> bool;

    /// Returns `true` if correctly signed data is of the kind that this scheme is for, judged by the
    /// fields present.
    fn is_expected_kind(pairs: &SortedPairs<'_>) -> bool;
}

/// Init data, signed with a key derived from the bot token.
#[derive(Debug)]
pub(super) struct WebApp;

/// Response of `requestContact`, signed with the same key over other fields.
#[derive(Debug)]
pub(super) struct SharedContact;

/// User data of the Login Widget, signed with a different key derived from the bot token.
#[derive(Debug)]
pub(super) struct LoginWidget;

impl Key for BotToken {
    fn bot_id(&self) -> i64 {
        self.bot_id()
    }
}

impl Sealed for BotToken {
    type WebApp = WebApp;
}

macro_rules! hmac_scheme {
    ($scheme:ty, $mac:expr, $is_expected_kind:expr) => {
        impl Scheme<BotToken> for $scheme {
            const PREFIX_LEN: usize = 0;
            type Signature = [u8; 32];

            fn take_signature(pairs: &mut SortedPairs<'_>) -> Result<[u8; 32], InitDataError> {
                let hash = pairs
                    .remove("hash")
                    .ok_or(InitDataError::SignatureMissing)?;
                Ok(decode_hash(hash)?)
            }

            fn is_signed_by(key: &BotToken, message: &mut [u8], signature: &[u8; 32]) -> bool {
                let mac: HmacSha256 = $mac(key);
                // Compares in constant time.
                mac.chain_update(message).verify_slice(signature).is_ok()
            }

            fn is_expected_kind(pairs: &SortedPairs<'_>) -> bool {
                let is_expected_kind: fn(&SortedPairs<'_>) -> bool = $is_expected_kind;
                is_expected_kind(pairs)
            }
        }
    };
}

// Init data and contacts share a key, so the fields must distinguish them.
hmac_scheme!(WebApp, BotToken::web_app_mac, |pairs| !pairs
    .contains("contact"));
hmac_scheme!(SharedContact, BotToken::web_app_mac, |pairs| pairs
    .contains("contact")
    && !pairs.contains("user"));
hmac_scheme!(LoginWidget, BotToken::login_widget_mac, |pairs| pairs
    .contains("id"));

/// Parses `hash`: exactly 64 lower-case hex digits.
pub(super) fn decode_hash(digits: &[u8]) -> Result<[u8; 32], Malformed> {
    let digits: &[u8; 64] = digits.try_into().map_err(|_| Malformed::Hash)?;
    // Branch-free loops over bytes, which compilers turn into vector code.
    let is_digit = |b: u8| b.is_ascii_digit() | (b'a'..=b'f').contains(&b);
    if !digits.iter().fold(true, |all, &b| all & is_digit(b)) {
        return Err(Malformed::Hash);
    }
    let values = digits.map(|b| (b & 15) + 9 * (b >> 6));
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(values.as_chunks::<2>().0) {
        *byte = pair[0] << 4 | pair[1];
    }
    Ok(hash)
}
