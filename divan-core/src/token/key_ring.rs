use std::sync::Arc;
use std::time::SystemTime;

use jsonwebtoken::signature::{Signer as _, Verifier as _};

use super::eddsa::{SigningKey, VerifyingKey, is_header_of_some_key};
use super::error::TokenError;
use super::keys::SecretKey;
use crate::clock::Clock;
use crate::types::JwkSet;

/// The keys of access tokens: the one that signs, and all whose tokens are accepted.
///
/// Made from a [`SecretKey`] it signs with HS256, from a [`SigningKey`] with EdDSA; its own tokens
/// are always accepted.
///
/// To change keys without signing anybody out, let the old tokens live to their end:
///
/// ```
/// use divan_core::entropy::OsEntropy;
/// use divan_core::token::{KeyRing, SigningKey};
///
/// let (old, new) = (SigningKey::generate(&OsEntropy)?, SigningKey::generate(&OsEntropy)?);
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
    /// Accepts the tokens of a further key: one that signed before, or is to sign next. Default:
    /// none.
    #[must_use]
    pub fn accept(mut self, key: &VerifyingKey) -> Self {
        self.accepted
            .add(key.encoded_header(), Check::EdDsa(key.clone()));
        self
    }

    /// Accepts tokens that are signed by HS256 with this key, until then: what is left of them
    /// after a change to EdDSA. Default: none. A ring that signs with HS256 stays as it is.
    #[must_use]
    pub fn accept_hs256_until(mut self, key: &SecretKey, until: SystemTime) -> Self {
        self.accepted.add(
            key.encoded_header(),
            Check::Hs256 {
                key: key.clone(),
                until: Some(until),
            },
        );
        self
    }

    /// The public keys: those by which others can check the tokens. Without EdDSA there are none.
    pub fn jwks(&self) -> JwkSet {
        self.accepted.jwks()
    }
}

impl From<&SecretKey> for KeyRing {
    fn from(key: &SecretKey) -> Self {
        let mut accepted = AcceptedKeys::default();
        accepted.add(
            key.encoded_header(),
            Check::Hs256 {
                key: key.clone(),
                until: None,
            },
        );
        let header = key.encoded_header().into();
        Self {
            signer: Signer {
                header,
                key: Sign::Hs256(key.clone()),
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
            key: Sign::EdDsa(key.clone()),
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

/// The key that signs, with the header of its tokens.
#[derive(Clone, Debug)]
pub(super) struct Signer {
    pub(super) header: Arc<str>,
    key: Sign,
}

#[derive(Clone, Debug)]
enum Sign {
    Hs256(SecretKey),
    EdDsa(SigningKey),
}

impl Signer {
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.key {
            Sign::Hs256(key) => key.sign(message),
            Sign::EdDsa(key) => key.sign(message).to_vec(),
        }
    }
}

/// The keys whose tokens are accepted, each by the one header that its tokens have.
#[derive(Clone, Debug, Default)]
pub(super) struct AcceptedKeys(Vec<(Box<str>, Check)>);

#[derive(Clone, Debug)]
pub(super) enum Check {
    Hs256 {
        key: SecretKey,
        until: Option<SystemTime>,
    },
    EdDsa(VerifyingKey),
}

impl AcceptedKeys {
    /// More than anybody publishes: rotation needs two.
    const MAX_FROM_JWKS: usize = 32;

    /// Those of a set that can be used here; the others are passed over.
    pub(super) fn from_jwks(jwks: &JwkSet) -> Self {
        let mut accepted = Self::default();
        let usable = jwks
            .keys
            .iter()
            .filter_map(|jwk| VerifyingKey::from_jwk(jwk).ok());
        for key in usable.take(Self::MAX_FROM_JWKS) {
            accepted.add(key.encoded_header(), Check::EdDsa(key));
        }
        accepted
    }

    /// The key that a token with this header has to be checked with. The header is compared as a
    /// whole, so it cannot ask for anything.
    pub(super) fn find(&self, header: &str, clock: &dyn Clock) -> Result<&Check, TokenError> {
        let found = self
            .0
            .iter()
            .find(|(accepted, _)| **accepted == *header)
            .map(|(_, check)| check);
        match found {
            Some(Check::Hs256 {
                until: Some(until), ..
            }) if clock.now() >= *until => Err(TokenError::Malformed),
            Some(check) => Ok(check),
            None if is_header_of_some_key(header) => Err(TokenError::UnknownKey),
            None => Err(TokenError::Malformed),
        }
    }

    fn jwks(&self) -> JwkSet {
        JwkSet::new(self.0.iter().filter_map(|(_, check)| match check {
            Check::EdDsa(key) => Some(key.to_jwk()),
            Check::Hs256 { .. } => None,
        }))
    }

    /// What is accepted already stays as it is.
    fn add(&mut self, header: String, check: Check) {
        if !self.0.iter().any(|(accepted, _)| **accepted == *header) {
            self.0.push((header.into(), check));
        }
    }
}

impl Check {
    /// Whether the signature is this key's.
    #[must_use]
    pub(super) fn is_signed(&self, message: &[u8], signature: &Vec<u8>) -> bool {
        match self {
            Self::Hs256 { key, .. } => key.verify(message, signature).is_ok(),
            Self::EdDsa(key) => key.is_signed(message, signature),
        }
    }
}
