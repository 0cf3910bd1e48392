use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::pkcs8::EncodePublicKey;
use ed25519_dalek::pkcs8::spki::SubjectPublicKeyInfoRef;
use ed25519_dalek::pkcs8::spki::der::Document;
use ed25519_dalek::pkcs8::spki::der::pem::{LineEnding, decode_label};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::error::InvalidKey;
use super::signing_key::{SigningAlgorithm, SigningKey};
use super::{eddsa, es256};
use crate::types::Jwk;

pub(super) const PUBLIC: &str = "PUBLIC KEY";

/// A public key that verifies access tokens: the public half of a [`SigningKey`].
#[derive(Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    key: PublicKey,
    kid: Arc<str>,
}

#[derive(Clone, PartialEq, Eq)]
enum PublicKey {
    EdDsa(ed25519_dalek::VerifyingKey),
    Es256(p256::ecdsa::VerifyingKey),
}

impl VerifyingKey {
    /// Parses a public key (SPKI) in PEM, or a private one, of which only the public half is kept.
    ///
    /// # Errors
    /// [`InvalidKey`].
    pub fn from_pem(pem: &str) -> Result<Self, InvalidKey> {
        if decode_label(pem.as_bytes()) != Ok(PUBLIC) {
            return Ok(SigningKey::from_pem(pem)?.verifying_key().clone());
        }
        let (_, document) = Document::from_pem(pem).map_err(|_| InvalidKey::Malformed)?;
        let info = SubjectPublicKeyInfoRef::try_from(document.as_bytes())
            .map_err(|_| InvalidKey::Malformed)?;
        if info.algorithm.oid == eddsa::OID {
            eddsa::from_spki(info).map(Self::from_eddsa)
        } else if es256::is_p256(&info.algorithm) {
            es256::from_spki(info).map(Self::from_es256)
        } else {
            Err(InvalidKey::Unsupported)
        }
    }

    /// Parses a public key of a [`JwkSet`](crate::types::JwkSet).
    ///
    /// # Errors
    /// [`InvalidKey::Unsupported`] if the type, curve, use or algorithm differs;
    /// [`InvalidKey::Malformed`] if the id is not the thumbprint, since two keys must not have the same
    /// id, or the key is not a point of its curve.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, InvalidKey> {
        let is = |member: &Option<String>, value: &str| {
            member.as_deref().is_none_or(|given| given == value)
        };
        let key = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            (eddsa::KTY, Some(eddsa::CRV)) => eddsa::from_jwk(jwk).map(Self::from_eddsa),
            (es256::KTY, Some(es256::CRV)) => es256::from_jwk(jwk).map(Self::from_es256),
            _ => Err(InvalidKey::Unsupported),
        }?;
        if !is(&jwk.key_use, "sig") || !is(&jwk.alg, key.algorithm().as_str()) {
            Err(InvalidKey::Unsupported)
        } else if !is(&jwk.kid, &key.kid) {
            Err(InvalidKey::Malformed)
        } else {
            Ok(key)
        }
    }

    /// Returns the key as SPKI in PEM.
    #[expect(
        clippy::missing_panics_doc,
        clippy::expect_used,
        reason = "a key fits in any document"
    )]
    pub fn to_pem(&self) -> String {
        let pem = match &self.key {
            PublicKey::EdDsa(key) => key.to_public_key_pem(LineEnding::LF),
            PublicKey::Es256(key) => key.to_public_key_pem(LineEnding::LF),
        };
        pem.expect("a key fits")
    }

    /// Returns the key for a [`JwkSet`](crate::types::JwkSet).
    pub fn to_jwk(&self) -> Jwk {
        let mut jwk = self.key.to_jwk();
        jwk.kid = Some(self.kid.to_string());
        jwk.key_use = Some("sig".to_owned());
        jwk.alg = Some(self.algorithm().as_str().to_owned());
        jwk
    }

    /// Returns the key's id: its thumbprint (RFC 7638) in base64url.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Returns the algorithm of the signatures that the key verifies.
    pub fn algorithm(&self) -> SigningAlgorithm {
        match self.key {
            PublicKey::EdDsa(_) => SigningAlgorithm::EdDsa,
            PublicKey::Es256(_) => SigningAlgorithm::Es256,
        }
    }

    /// Returns the encoded header of every token of this key.
    pub(super) fn encoded_header(&self) -> String {
        let before = before_kid(self.algorithm());
        URL_SAFE_NO_PAD.encode([before, &*self.kid, AFTER_KID].concat())
    }

    /// Returns `true` if the signature was made with this key.
    #[must_use]
    pub(super) fn is_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.key {
            PublicKey::EdDsa(key) => eddsa::is_signed(key, message, signature),
            PublicKey::Es256(key) => es256::is_signed(key, message, signature),
        }
    }

    pub(super) fn from_eddsa(key: ed25519_dalek::VerifyingKey) -> Self {
        Self::new(PublicKey::EdDsa(key))
    }

    pub(super) fn from_es256(key: p256::ecdsa::VerifyingKey) -> Self {
        Self::new(PublicKey::Es256(key))
    }

    fn new(key: PublicKey) -> Self {
        Self {
            kid: thumbprint(&key.to_jwk()).into(),
            key,
        }
    }
}

impl PublicKey {
    /// Returns only the members that describe the key.
    fn to_jwk(&self) -> Jwk {
        match self {
            Self::EdDsa(key) => eddsa::to_jwk(key),
            Self::Es256(key) => es256::to_jwk(key),
        }
    }
}

/// Returns the SHA-256 thumbprint of the members that describe a key (RFC 7638 §3).
#[expect(clippy::expect_used, reason = "a struct of strings")]
fn thumbprint(jwk: &Jwk) -> String {
    /// The members in the order of their names.
    #[derive(Serialize)]
    struct Members<'a> {
        crv: &'a Option<String>,
        kty: &'a str,
        x: &'a Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        y: &'a Option<String>,
    }
    let members = Members {
        crv: &jwk.crv,
        kty: &jwk.kty,
        x: &jwk.x,
        y: &jwk.y,
    };
    let members = serde_json::to_vec(&members).expect("a struct of strings serialises");
    URL_SAFE_NO_PAD.encode(Sha256::digest(members))
}

/// The header of every token, after the key's id.
const AFTER_KID: &str = r#""}"#;

/// Returns the header of every token of an algorithm, before the key's id.
const fn before_kid(algorithm: SigningAlgorithm) -> &'static str {
    match algorithm {
        SigningAlgorithm::EdDsa => r#"{"typ":"at+jwt","alg":"EdDSA","kid":""#,
        SigningAlgorithm::Es256 => r#"{"typ":"at+jwt","alg":"ES256","kid":""#,
    }
}

/// Returns `true` if the header is the one of a token of any key.
#[must_use]
pub(super) fn is_header_of_a_key(encoded: &str) -> bool {
    let Ok(header) = URL_SAFE_NO_PAD.decode(encoded) else {
        return false;
    };
    SigningAlgorithm::ALL.into_iter().any(|algorithm| {
        let kid = header
            .strip_prefix(before_kid(algorithm).as_bytes())
            .and_then(|rest| rest.strip_suffix(AFTER_KID.as_bytes()));
        kid.is_some_and(is_kid)
    })
}

fn is_kid(kid: &[u8]) -> bool {
    let is_base64url = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    kid.len() == 43 && kid.iter().all(is_base64url)
}

redacted_debug!(VerifyingKey { kid });
