use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::pkcs8::spki::der::pem::{LineEnding, decode_label};
use ed25519_dalek::pkcs8::{
    DecodePrivateKey, DecodePublicKey, EncodePublicKey, KeypairBytes, OctetStringRef,
    PrivateKeyInfoRef, SecretDocument,
};
use ed25519_dalek::{Signature, Signer};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use super::error::InvalidKey;
use crate::entropy::{Entropy, NoEntropy};
use crate::secret::Secret;
use crate::types::Jwk;

const PRIVATE: &str = "PRIVATE KEY";
const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";
const PUBLIC: &str = "PUBLIC KEY";

/// The header of every EdDSA token, before and after the key's id.
const HEADER: (&str, &str) = (r#"{"typ":"at+jwt","alg":"EdDSA","kid":""#, r#""}"#);

/// A private key that signs access tokens with EdDSA (Ed25519, RFC 8037): redacted in `Debug`,
/// wiped on drop, cheap to clone.
///
/// Its public half, a [`VerifyingKey`], verifies tokens and cannot sign any.
///
/// ```
/// use divan_core::entropy::OsEntropy;
/// use divan_core::token::{SigningKey, VerifyingKey};
///
/// let key = SigningKey::generate(&OsEntropy)?;
/// let again = SigningKey::from_pem(key.to_pem().expose())?;
/// assert_eq!(again.verifying_key(), key.verifying_key());
///
/// let public = VerifyingKey::from_pem(&key.verifying_key().to_pem())?;
/// assert_eq!(public.kid(), key.verifying_key().kid());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SigningKey {
    key: Arc<ed25519_dalek::SigningKey>,
    public: VerifyingKey,
}

/// A public key that verifies access tokens: the public half of a [`SigningKey`].
#[derive(Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    key: ed25519_dalek::VerifyingKey,
    kid: Arc<str>,
}

impl SigningKey {
    /// Generates a key.
    ///
    /// # Errors
    /// [`NoEntropy`] if no randomness is available.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, NoEntropy> {
        let mut seed = Zeroizing::new([0; 32]);
        entropy.fill(seed.as_mut_slice())?;
        Ok(Self::from_dalek(ed25519_dalek::SigningKey::from_bytes(
            &seed,
        )))
    }

    /// Parses a PKCS#8 key (RFC 8410) in PEM, as [`to_pem`](Self::to_pem) and `openssl genpkey
    /// -algorithm ed25519` write it.
    ///
    /// # Errors
    /// [`InvalidKey`].
    pub fn from_pem(pem: &str) -> Result<Self, InvalidKey> {
        match decode_label(pem.as_bytes()) {
            Ok(PRIVATE) => {}
            Ok(ENCRYPTED) => return Err(InvalidKey::Encrypted),
            Ok(PUBLIC) => return Err(InvalidKey::Public),
            _ => return Err(InvalidKey::NotPem),
        }
        let mut pair = KeypairBytes::from_pkcs8_pem(pem).map_err(|_| InvalidKey::NotEd25519)?;
        let key = ed25519_dalek::SigningKey::try_from(&pair);
        pair.secret_key.zeroize();
        Ok(Self::from_dalek(key.map_err(|_| InvalidKey::NotEd25519)?))
    }

    /// Returns the key as PKCS#8 (RFC 8410) in PEM.
    #[expect(
        clippy::missing_panics_doc,
        clippy::expect_used,
        reason = "34 bytes fit in any document"
    )]
    pub fn to_pem(&self) -> Secret {
        // Without the public half, which OpenSSL 3.0 does not read.
        let mut octets = Zeroizing::new([0; 34]);
        octets[..2].copy_from_slice(&[0x04, 0x20]);
        octets[2..].copy_from_slice(self.key.as_bytes());
        let info = PrivateKeyInfoRef {
            algorithm: ed25519_dalek::pkcs8::ALGORITHM_ID,
            private_key: OctetStringRef::new(octets.as_slice()).expect("34 bytes fit"),
            public_key: None,
        };
        let document = SecretDocument::encode_msg(&info).expect("34 bytes fit");
        let pem = document
            .to_pem(PRIVATE, LineEnding::LF)
            .expect("34 bytes fit");
        Secret::new(pem.as_str())
    }

    /// Returns the public half.
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.public
    }

    pub(super) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }

    fn from_dalek(key: ed25519_dalek::SigningKey) -> Self {
        Self {
            public: VerifyingKey::from_dalek(key.verifying_key()),
            key: Arc::new(key),
        }
    }
}

impl VerifyingKey {
    /// Parses a public key (SPKI, RFC 8410) in PEM, or a private one, of which only the public half
    /// is kept.
    ///
    /// # Errors
    /// [`InvalidKey`].
    pub fn from_pem(pem: &str) -> Result<Self, InvalidKey> {
        if decode_label(pem.as_bytes()) != Ok(PUBLIC) {
            return Ok(SigningKey::from_pem(pem)?.public);
        }
        let key = ed25519_dalek::VerifyingKey::from_public_key_pem(pem)
            .map_err(|_| InvalidKey::NotEd25519)?;
        Self::trusted(key)
    }

    /// Parses a public key of a [`JwkSet`](crate::types::JwkSet).
    ///
    /// # Errors
    /// [`InvalidKey::NotEd25519`] if the type, use or algorithm differs, or the id is not the
    /// thumbprint: two keys must not have the same id.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, InvalidKey> {
        let is = |member: &Option<String>, value: &str| {
            member.as_deref().is_none_or(|given| given == value)
        };
        let is_ed25519 = jwk.kty == "OKP"
            && jwk.crv.as_deref() == Some("Ed25519")
            && is(&jwk.key_use, "sig")
            && is(&jwk.alg, "EdDSA");
        let x = jwk
            .x
            .as_deref()
            .filter(|x| is_ed25519 && x.len() == 43)
            .ok_or(InvalidKey::NotEd25519)?;
        let mut bytes = [0; 32];
        URL_SAFE_NO_PAD
            .decode_slice(x, &mut bytes)
            .map_err(|_| InvalidKey::NotEd25519)?;
        let key =
            ed25519_dalek::VerifyingKey::from_bytes(&bytes).map_err(|_| InvalidKey::NotEd25519)?;
        Self::trusted(key).and_then(|key| {
            if is(&jwk.kid, &key.kid) {
                Ok(key)
            } else {
                Err(InvalidKey::NotEd25519)
            }
        })
    }

    /// Returns the key as SPKI (RFC 8410) in PEM.
    #[expect(
        clippy::missing_panics_doc,
        clippy::expect_used,
        reason = "32 bytes fit in any document"
    )]
    pub fn to_pem(&self) -> String {
        self.key
            .to_public_key_pem(LineEnding::LF)
            .expect("32 bytes fit")
    }

    /// Returns the key for a [`JwkSet`](crate::types::JwkSet) (RFC 8037 §2).
    pub fn to_jwk(&self) -> Jwk {
        let mut jwk = Jwk::new("OKP");
        jwk.crv = Some("Ed25519".to_owned());
        jwk.x = Some(URL_SAFE_NO_PAD.encode(self.key.as_bytes()));
        jwk.kid = Some(self.kid.to_string());
        jwk.key_use = Some("sig".to_owned());
        jwk.alg = Some("EdDSA".to_owned());
        jwk
    }

    /// Returns the key's id: its thumbprint (RFC 7638) in base64url.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Returns the encoded header of every token of this key.
    pub(super) fn encoded_header(&self) -> String {
        URL_SAFE_NO_PAD.encode([HEADER.0, &self.kid, HEADER.1].concat())
    }

    /// Returns `true` if the signature was made with this key.
    #[must_use]
    pub(super) fn is_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        // Strict verification rejects malleable signatures and keys of small order.
        let is_by = |signature| self.key.verify_strict(message, &signature).is_ok();
        Signature::from_slice(signature).is_ok_and(is_by)
    }

    fn trusted(key: ed25519_dalek::VerifyingKey) -> Result<Self, InvalidKey> {
        if key.is_weak() {
            Err(InvalidKey::NotEd25519)
        } else {
            Ok(Self::from_dalek(key))
        }
    }

    fn from_dalek(key: ed25519_dalek::VerifyingKey) -> Self {
        let x = URL_SAFE_NO_PAD.encode(key.as_bytes());
        let thumbprint = Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#));
        Self {
            kid: URL_SAFE_NO_PAD.encode(thumbprint).into(),
            key,
        }
    }
}

/// Returns `true` if the header is the one of an EdDSA token, of any key.
#[must_use]
pub(super) fn is_eddsa_header(encoded: &str) -> bool {
    let Ok(header) = URL_SAFE_NO_PAD.decode(encoded) else {
        return false;
    };
    let kid = header
        .strip_prefix(HEADER.0.as_bytes())
        .and_then(|rest| rest.strip_suffix(HEADER.1.as_bytes()));
    kid.is_some_and(|kid| {
        kid.len() == 43
            && kid
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    })
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.public.kid)
            .finish_non_exhaustive()
    }
}

redacted_debug!(VerifyingKey { kid });
