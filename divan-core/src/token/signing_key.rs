use std::fmt;
use std::sync::Arc;

use ed25519_dalek::pkcs8::spki::der::pem::{LineEnding, decode_label};
use ed25519_dalek::pkcs8::{PrivateKeyInfoRef, SecretDocument};

use super::error::InvalidKey;
use super::verifying_key::{PUBLIC, VerifyingKey};
use super::{eddsa, es256};
use crate::entropy::{Entropy, NoEntropy};
use crate::secret::Secret;

const PRIVATE: &str = "PRIVATE KEY";
const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";
/// The label of keys in the form SEC 1.
const EC_PRIVATE: &str = "EC PRIVATE KEY";
/// The end of the name of the curve, which `openssl ecparam -genkey` writes before the key.
const END_OF_PARAMETERS: &str = "-----END EC PARAMETERS-----";
/// The label of RSA keys in the form of PKCS#1.
const RSA_PRIVATE: &str = "RSA PRIVATE KEY";

/// The algorithm of a [`SigningKey`], which its type fixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SigningAlgorithm {
    /// Ed25519 (RFC 8037): the fastest and smallest, but many programs do not verify it.
    EdDsa,
    /// ECDSA with P-256 and SHA-256 (RFC 7518 §3.4): every common JWT library verifies it.
    Es256,
}

impl SigningAlgorithm {
    /// All algorithms.
    pub const ALL: [Self; 2] = [Self::EdDsa, Self::Es256];

    /// Returns the name in headers and keys (`alg`, RFC 7518 §3.1).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
        }
    }
}

/// A private key that signs access tokens: redacted in `Debug`, wiped on drop, cheap to clone.
///
/// An Ed25519 key signs with EdDSA, a P-256 key with ES256. Its public half, a [`VerifyingKey`],
/// verifies tokens and cannot sign any.
///
/// ```
/// use divan_core::entropy::OsEntropy;
/// use divan_core::token::{SigningAlgorithm, SigningKey, VerifyingKey};
///
/// let key = SigningKey::generate(SigningAlgorithm::Es256, &OsEntropy)?;
/// let again = SigningKey::from_pem(key.to_pem().expose())?;
/// assert_eq!(again.verifying_key(), key.verifying_key());
///
/// let public = VerifyingKey::from_pem(&key.verifying_key().to_pem())?;
/// assert_eq!(public.kid(), key.verifying_key().kid());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SigningKey {
    key: Arc<PrivateKey>,
    public: VerifyingKey,
}

enum PrivateKey {
    EdDsa(ed25519_dalek::SigningKey),
    Es256(p256::ecdsa::SigningKey),
}

impl SigningKey {
    /// Generates a key.
    ///
    /// # Errors
    /// [`NoEntropy`] if no randomness is available.
    pub fn generate(algorithm: SigningAlgorithm, entropy: &dyn Entropy) -> Result<Self, NoEntropy> {
        Ok(Self::new(match algorithm {
            SigningAlgorithm::EdDsa => PrivateKey::EdDsa(eddsa::generate(entropy)?),
            SigningAlgorithm::Es256 => PrivateKey::Es256(es256::generate(entropy)?),
        }))
    }

    /// Parses a key in PEM: PKCS#8, as [`to_pem`](Self::to_pem) and `openssl genpkey` write it, or
    /// SEC 1, as `openssl ecparam -genkey` does.
    ///
    /// # Errors
    /// [`InvalidKey`].
    pub fn from_pem(pem: &str) -> Result<Self, InvalidKey> {
        // The key itself names its curve, too.
        let pem = pem
            .split_once(END_OF_PARAMETERS)
            .map_or(pem, |(_, key)| key.trim_start());
        match decode_label(pem.as_bytes()) {
            Ok(PRIVATE) => Self::from_pkcs8(&decode(pem)?),
            Ok(EC_PRIVATE) if pem.contains(",ENCRYPTED") => Err(InvalidKey::Encrypted),
            Ok(EC_PRIVATE) => Self::from_sec1(&decode(pem)?),
            Ok(ENCRYPTED) => Err(InvalidKey::Encrypted),
            Ok(PUBLIC) => Err(InvalidKey::Public),
            Ok(RSA_PRIVATE) => Err(InvalidKey::Unsupported),
            _ => Err(InvalidKey::NotPem),
        }
    }

    /// Returns the key as PKCS#8 in PEM.
    #[expect(
        clippy::missing_panics_doc,
        clippy::expect_used,
        reason = "a key fits in any document"
    )]
    pub fn to_pem(&self) -> Secret {
        let document = match &*self.key {
            PrivateKey::EdDsa(key) => eddsa::to_pkcs8(key),
            PrivateKey::Es256(key) => es256::to_pkcs8(key),
        };
        let pem = document.to_pem(PRIVATE, LineEnding::LF);
        Secret::new(pem.expect("a key fits").as_str())
    }

    /// Returns the algorithm of the key.
    pub fn algorithm(&self) -> SigningAlgorithm {
        self.public.algorithm()
    }

    /// Returns the public half.
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.public
    }

    pub(super) fn sign(&self, message: &[u8]) -> [u8; 64] {
        match &*self.key {
            PrivateKey::EdDsa(key) => eddsa::sign(key, message),
            PrivateKey::Es256(key) => es256::sign(key, message),
        }
    }

    fn from_pkcs8(document: &SecretDocument) -> Result<Self, InvalidKey> {
        let info =
            PrivateKeyInfoRef::try_from(document.as_bytes()).map_err(|_| InvalidKey::Malformed)?;
        if info.algorithm.oid == eddsa::OID {
            eddsa::from_pkcs8(info).map(|key| Self::new(PrivateKey::EdDsa(key)))
        } else if es256::is_p256(&info.algorithm) {
            es256::from_pkcs8(info).map(|key| Self::new(PrivateKey::Es256(key)))
        } else {
            Err(InvalidKey::Unsupported)
        }
    }

    fn from_sec1(document: &SecretDocument) -> Result<Self, InvalidKey> {
        es256::from_sec1(document.as_bytes()).map(|key| Self::new(PrivateKey::Es256(key)))
    }

    fn new(key: PrivateKey) -> Self {
        let public = match &key {
            PrivateKey::EdDsa(key) => VerifyingKey::from_eddsa(key.verifying_key()),
            PrivateKey::Es256(key) => VerifyingKey::from_es256(*key.verifying_key()),
        };
        Self {
            key: Arc::new(key),
            public,
        }
    }
}

fn decode(pem: &str) -> Result<SecretDocument, InvalidKey> {
    let (_, document) = SecretDocument::from_pem(pem).map_err(|_| InvalidKey::Malformed)?;
    Ok(document)
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.public.kid())
            .finish_non_exhaustive()
    }
}
