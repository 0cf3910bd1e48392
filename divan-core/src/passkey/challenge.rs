use hmac::Mac;
use subtle::ConstantTimeEq;

use crate::entropy::{Entropy, NoEntropy};
use crate::token::{DerivedKey, SecretKey};
use crate::types::SessionId;

/// Label from which the key of challenges is derived, so that it differs from the keys of tokens.
const LABEL: &[u8] = b"divan passkey challenge v1";

const EXPIRY: usize = 8;
const RANDOM: usize = 16;
const MAC: usize = 32;

/// The purpose of a challenge. It is valid for no other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ceremony {
    /// The registration of a passkey in a session.
    Registration(SessionId),
    /// A new proof of identity in a session.
    StepUp(SessionId),
    /// The second step of a sign-in, by the digest of its challenge.
    SecondFactor([u8; 32]),
    /// A sign-in without a password.
    SignIn,
}

/// A challenge that an authenticator signs. The service recognizes its own by a code, so that an
/// unfinished ceremony is stored nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct PasskeyChallenge([u8; EXPIRY + RANDOM + MAC]);

/// The keys of challenges, derived from `SECRET_KEY`.
#[derive(Clone, Debug)]
pub struct ChallengeKeys {
    /// The first is used for new challenges; the others are older.
    keys: Vec<DerivedKey>,
}

impl PasskeyChallenge {
    /// Time that a user has for a ceremony, in seconds.
    pub const LIFE_SECONDS: u64 = 300;

    /// Returns the bytes to sign.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the random part, which differs in each challenge.
    pub fn random(&self) -> [u8; RANDOM] {
        let mut random = [0; RANDOM];
        random.copy_from_slice(&self.0[EXPIRY..EXPIRY + RANDOM]);
        random
    }

    /// Returns the time of expiry, in seconds since the Unix epoch.
    pub fn expires_at(&self) -> u64 {
        let mut expires_at = [0; EXPIRY];
        expires_at.copy_from_slice(&self.0[..EXPIRY]);
        u64::from_be_bytes(expires_at)
    }
}

impl ChallengeKeys {
    /// Derives the key from `key`.
    pub fn new(key: &SecretKey) -> Self {
        Self {
            keys: vec![DerivedKey::new(key, LABEL)],
        }
    }

    /// Also accepts challenges of an older key.
    #[must_use]
    pub fn or(mut self, older: &SecretKey) -> Self {
        self.keys.push(DerivedKey::new(older, LABEL));
        self
    }

    /// Creates a challenge. `now` is in seconds since the Unix epoch.
    ///
    /// # Errors
    /// [`NoEntropy`] if no randomness is available.
    pub fn issue(
        &self,
        ceremony: Ceremony,
        now: u64,
        entropy: &dyn Entropy,
    ) -> Result<PasskeyChallenge, NoEntropy> {
        let mut bytes = [0; EXPIRY + RANDOM + MAC];
        let expires_at = now.saturating_add(PasskeyChallenge::LIFE_SECONDS);
        bytes[..EXPIRY].copy_from_slice(&expires_at.to_be_bytes());
        entropy.fill(&mut bytes[EXPIRY..EXPIRY + RANDOM])?;
        let mac = mac(&self.keys[0], ceremony, &bytes[..EXPIRY + RANDOM]);
        bytes[EXPIRY + RANDOM..].copy_from_slice(&mac);
        Ok(PasskeyChallenge(bytes))
    }

    /// Returns the challenge, if this service issued it for this ceremony at most five minutes ago.
    pub fn accept(
        &self,
        challenge: &[u8],
        ceremony: Ceremony,
        now: u64,
    ) -> Option<PasskeyChallenge> {
        let challenge = PasskeyChallenge(challenge.try_into().ok()?);
        let (message, code) = challenge.0.split_at(EXPIRY + RANDOM);
        let is_genuine = |key| bool::from(mac(key, ceremony, message).ct_eq(code));
        let is_valid = self.keys.iter().any(is_genuine) && now < challenge.expires_at();
        is_valid.then_some(challenge)
    }
}

/// Computes the code of a challenge. All parts have a fixed length for a kind of ceremony.
fn mac(key: &DerivedKey, ceremony: Ceremony, message: &[u8]) -> [u8; MAC] {
    let mac = key.mac();
    let mac = match ceremony {
        Ceremony::Registration(session) => mac.chain_update([1]).chain_update(session.0.as_bytes()),
        Ceremony::StepUp(session) => mac.chain_update([2]).chain_update(session.0.as_bytes()),
        Ceremony::SecondFactor(digest) => mac.chain_update([3]).chain_update(digest),
        Ceremony::SignIn => mac.chain_update([4]),
    };
    mac.chain_update(message).finalize().into_bytes().into()
}

redacted_debug!(PasskeyChallenge);
