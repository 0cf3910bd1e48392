use std::sync::Arc;
use std::time::SystemTime;

use jsonwebtoken::signature::{Signer as _, Verifier as _};

use super::error::TokenError;
use super::keys::SecretKey;
use super::signing_key::SigningKey;
use super::verifying_key::{VerifyingKey, is_header_of_a_key};
use crate::clock::Clock;
use crate::types::JwkSet;

/// The keys of access tokens: one signing key, and all keys whose tokens are accepted.
///
/// A ring from a [`SecretKey`] signs with HS256, one from a [`SigningKey`] with EdDSA or
/// ES256. It always accepts its own tokens, and tokens of any further keys, whatever their algorithm.
///
/// To change keys without signing users out, accept the old key until its tokens have expired:
///
/// ```
/// use divan_core::entropy::OsEntropy;
/// use divan_core::token::{KeyRing, SigningAlgorithm, SigningKey};
///
/// let old = SigningKey::generate(SigningAlgorithm::EdDsa, &OsEntropy)?;
/// let new = SigningKey::generate(SigningAlgorithm::Es256, &OsEntropy)?;
/// let ring = KeyRing::from(&new).accept(old.verifying_key());
/// let kids: Vec<_> = ring.jwks().keys.into_iter().filter_map(|key| key.kid).collect();
/// assert_eq!(kids, [new.verifying_key().kid(), old.verifying_key().kid()]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct KeyRing {
    pub(super) signer: Signer,
    pub(super) accepted: AcceptedKeys,
}

impl KeyRing {
    /// Accepts the tokens of another key: the previous or the next signing key. Default: none.
    #[must_use]
    pub fn accept(mut self, key: &VerifyingKey) -> Self {
        self.accepted
            .add(key.encoded_header(), AcceptedKey::Public(key.clone()));
        self
    }

    /// Accepts HS256 tokens of this key until a given time, after a change to a
    /// [`SigningKey`]. Default: none.
    /// No effect on a ring that signs with HS256.
    #[must_use]
    pub fn accept_hs256_until(mut self, key: &SecretKey, until: SystemTime) -> Self {
        self.accepted.add(
            key.encoded_header(),
            AcceptedKey::Hs256 {
                key: key.clone(),
                until: Some(until),
            },
        );
        self
    }

    /// Returns the public keys for other services; empty for a ring of a
    /// [`SecretKey`] alone.
    pub fn jwks(&self) -> JwkSet {
        self.accepted.jwks()
    }
}

impl From<&SecretKey> for KeyRing {
    fn from(key: &SecretKey) -> Self {
        let mut accepted = AcceptedKeys::default();
        accepted.add(
            key.encoded_header(),
            AcceptedKey::Hs256 {
                key: key.clone(),
                until: None,
            },
        );
        let header = key.encoded_header().into();
        Self {
            signer: Signer {
                header,
                key: SignerKey::Hs256(key.clone()),
            },
            accepted,
        }
    }
}

impl From<&SigningKey> for KeyRing {
    fn from(key: &SigningKey) -> Self {
        let header: Arc<str> = key.verifying_key().encoded_header().into();
        let signer = Signer {
            header,
            key: SignerKey::Private(key.clone()),
        };
        Self {
            signer,
            accepted: AcceptedKeys::default(),
        }
        .accept(key.verifying_key())
    }
}

impl From<&KeyRing> for KeyRing {
    fn from(ring: &KeyRing) -> Self {
        ring.clone()
    }
}

/// The signing key, with the header of its tokens.
#[derive(Clone, Debug)]
pub(super) struct Signer {
    pub(super) header: Arc<str>,
    key: SignerKey,
}

#[derive(Clone, Debug)]
enum SignerKey {
    Hs256(SecretKey),
    Private(SigningKey),
}

impl Signer {
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.key {
            SignerKey::Hs256(key) => key.sign(message),
            SignerKey::Private(key) => key.sign(message).to_vec(),
        }
    }
}

/// The accepted keys, each with the header of its tokens.
#[derive(Clone, Debug, Default)]
pub(super) struct AcceptedKeys(Vec<(Box<str>, AcceptedKey)>);

#[derive(Clone, Debug)]
pub(super) enum AcceptedKey {
    Hs256 {
        key: SecretKey,
        until: Option<SystemTime>,
    },
    Public(VerifyingKey),
}

impl AcceptedKeys {
    /// The maximum number of keys from a JWKS: rotation needs two.
    const MAX_FROM_JWKS: usize = 32;

    /// Returns the usable keys of a set and ignores the others.
    pub(super) fn from_jwks(jwks: &JwkSet) -> Self {
        let mut accepted = Self::default();
        let usable = jwks
            .keys
            .iter()
            .filter_map(|jwk| VerifyingKey::from_jwk(jwk).ok());
        for key in usable.take(Self::MAX_FROM_JWKS) {
            accepted.add(key.encoded_header(), AcceptedKey::Public(key));
        }
        accepted
    }

    /// Returns the key for tokens with this header. The header is compared as a whole, so it cannot
    /// choose an algorithm.
    pub(super) fn find(&self, header: &str, clock: &dyn Clock) -> Result<&AcceptedKey, TokenError> {
        let found = self
            .0
            .iter()
            .find(|(accepted, _)| **accepted == *header)
            .map(|(_, key)| key);
        match found {
            Some(AcceptedKey::Hs256 {
                until: Some(until), ..
            }) if clock.now() >= *until => Err(TokenError::Malformed),
            Some(key) => Ok(key),
            None if is_header_of_a_key(header) => Err(TokenError::UnknownKey),
            None => Err(TokenError::Malformed),
        }
    }

    fn jwks(&self) -> JwkSet {
        JwkSet::new(self.0.iter().filter_map(|(_, key)| match key {
            AcceptedKey::Public(key) => Some(key.to_jwk()),
            AcceptedKey::Hs256 { .. } => None,
        }))
    }

    /// Adds a key, unless one with the same header is accepted already.
    fn add(&mut self, header: String, key: AcceptedKey) {
        if !self.0.iter().any(|(accepted, _)| **accepted == *header) {
            self.0.push((header.into(), key));
        }
    }
}

impl AcceptedKey {
    /// Returns `true` if the signature was made with this key.
    #[must_use]
    pub(super) fn is_signed(&self, message: &[u8], signature: &Vec<u8>) -> bool {
        match self {
            Self::Hs256 { key, .. } => key.verify(message, signature).is_ok(),
            Self::Public(key) => key.is_signed(message, signature),
        }
    }
}
