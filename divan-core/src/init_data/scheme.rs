//! The ways in which Telegram signs what it hands out, each with what it covers.

use hmac::Mac;

use super::bot_token::{BotToken, HmacSha256};
use super::error::{InitDataError, Malformed};
use super::grammar::Pairs;

/// A key that a [`Verifier`](super::Verifier) checks with: a [`BotToken`], or with the feature
/// `ed25519` a `ThirdParty`.
///
/// It cannot be implemented outside this crate.
#[expect(
    private_bounds,
    reason = "what a key is good for is not for others to say"
)]
pub trait Key: Clone + Sized + Sealed {
    /// The Telegram id of the bot that the key belongs to.
    fn bot_id(&self) -> i64;
}

/// Which scheme a key checks init data by.
pub(super) trait Sealed: Sized {
    type WebApp: Scheme<Self>;
}

/// One scheme: where the signature stands, what it covers, and how it is checked with a key.
pub(super) trait Scheme<K> {
    /// How many bytes of the buffer stay free in front of the check string.
    const ROOM: usize;
    type Proof: AsRef<[u8]>;

    /// Takes out the signature and everything else that it does not cover.
    fn take_proof(pairs: &mut Pairs<'_>) -> Result<Self::Proof, InitDataError>;

    /// Whether `proof` was made with `key` over the check string that starts at
    /// [`ROOM`](Self::ROOM).
    fn is_signed_by(key: &K, message: &mut [u8], proof: &Self::Proof) -> bool;

    /// Whether well signed data is what the check is for, told by the fields that are there.
    fn is_kind(pairs: &Pairs<'_>) -> bool;
}

/// Init data, signed with a key derived from the bot token.
#[derive(Debug)]
pub(super) struct WebApp;

/// The answer of `requestContact`: the same signature, over other fields.
#[derive(Debug)]
pub(super) struct SharedContact;

/// What the Login Widget hands to a web page, signed with another key derived from the bot token.
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
    ($scheme:ty, $mac:expr, $is_kind:expr) => {
        impl Scheme<BotToken> for $scheme {
            const ROOM: usize = 0;
            type Proof = [u8; 32];

            fn take_proof(pairs: &mut Pairs<'_>) -> Result<[u8; 32], InitDataError> {
                let hash = pairs.take("hash").ok_or(InitDataError::SignatureMissing)?;
                Ok(decode_hash(hash)?)
            }

            fn is_signed_by(key: &BotToken, message: &mut [u8], proof: &[u8; 32]) -> bool {
                let mac: HmacSha256 = $mac(key);
                // Compares in constant time.
                mac.chain_update(message).verify_slice(proof).is_ok()
            }

            fn is_kind(pairs: &Pairs<'_>) -> bool {
                let is_kind: fn(&Pairs<'_>) -> bool = $is_kind;
                is_kind(pairs)
            }
        }
    };
}

// The two have the same key: one must not pass as the other.
hmac_scheme!(WebApp, BotToken::web_app_mac, |pairs| !pairs.has("contact"));
hmac_scheme!(SharedContact, BotToken::web_app_mac, |pairs| pairs
    .has("contact")
    && !pairs.has("user"));
hmac_scheme!(LoginWidget, BotToken::login_widget_mac, |pairs| pairs
    .has("id"));

/// Reads `hash`: 64 lower-case hex digits, nothing else.
pub(super) fn decode_hash(digits: &[u8]) -> Result<[u8; 32], Malformed> {
    let digits: &[u8; 64] = digits.try_into().map_err(|_| Malformed::Hash)?;
    // Loops over bytes without branches, which compilers turn into vector code.
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
