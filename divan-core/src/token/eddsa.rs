//! Ed25519 keys (RFC 8032), in the forms of RFC 8410 (PKCS#8, SPKI) and RFC 8037 (JWK).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::pkcs8::spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};
use ed25519_dalek::pkcs8::{
    ALGORITHM_ID, ALGORITHM_OID, KeypairBytes, OctetStringRef, PrivateKeyInfoRef, SecretDocument,
};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use zeroize::{Zeroize, Zeroizing};

use super::error::InvalidKey;
use crate::entropy::{Entropy, NoEntropy};
use crate::types::Jwk;

pub(super) const OID: ObjectIdentifier = ALGORITHM_OID;
pub(super) const KTY: &str = "OKP";
pub(super) const CRV: &str = "Ed25519";

pub(super) fn generate(entropy: &dyn Entropy) -> Result<SigningKey, NoEntropy> {
    let mut seed = Zeroizing::new([0; 32]);
    entropy.fill(seed.as_mut_slice())?;
    Ok(SigningKey::from_bytes(&seed))
}

pub(super) fn from_pkcs8(info: PrivateKeyInfoRef<'_>) -> Result<SigningKey, InvalidKey> {
    let mut pair = KeypairBytes::try_from(info).map_err(|_| InvalidKey::Malformed)?;
    let key = SigningKey::try_from(&pair);
    pair.secret_key.zeroize();
    key.map_err(|_| InvalidKey::Malformed)
}

#[expect(clippy::expect_used, reason = "34 bytes fit in any document")]
pub(super) fn to_pkcs8(key: &SigningKey) -> SecretDocument {
    // Without the public half, which OpenSSL 3.0 does not read.
    let mut octets = Zeroizing::new([0; 34]);
    octets[..2].copy_from_slice(&[0x04, 0x20]);
    octets[2..].copy_from_slice(key.as_bytes());
    let info = PrivateKeyInfoRef {
        algorithm: ALGORITHM_ID,
        private_key: OctetStringRef::new(octets.as_slice()).expect("34 bytes fit"),
        public_key: None,
    };
    SecretDocument::encode_msg(&info).expect("34 bytes fit")
}

pub(super) fn from_spki(info: SubjectPublicKeyInfoRef<'_>) -> Result<VerifyingKey, InvalidKey> {
    VerifyingKey::try_from(info)
        .map_err(|_| InvalidKey::Malformed)
        .and_then(strong)
}

pub(super) fn from_jwk(jwk: &Jwk) -> Result<VerifyingKey, InvalidKey> {
    let x = coordinate(jwk.x.as_deref())?;
    VerifyingKey::from_bytes(&x)
        .map_err(|_| InvalidKey::Malformed)
        .and_then(strong)
}

pub(super) fn to_jwk(key: &VerifyingKey) -> Jwk {
    let mut jwk = Jwk::new(KTY);
    jwk.crv = Some(CRV.to_owned());
    jwk.x = Some(URL_SAFE_NO_PAD.encode(key.as_bytes()));
    jwk
}

pub(super) fn sign(key: &SigningKey, message: &[u8]) -> [u8; 64] {
    key.sign(message).to_bytes()
}

#[must_use]
pub(super) fn is_signed(key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
    // Strict verification rejects malleable signatures and keys of small order.
    let is_by = |signature| key.verify_strict(message, &signature).is_ok();
    Signature::from_slice(signature).is_ok_and(is_by)
}

/// Decodes a coordinate of a point: 32 bytes in base64url.
pub(super) fn coordinate(text: Option<&str>) -> Result<[u8; 32], InvalidKey> {
    let mut bytes = [0; 32];
    let text = text.filter(|text| text.len() == 43);
    URL_SAFE_NO_PAD
        .decode_slice(text.unwrap_or_default(), &mut bytes)
        .ok()
        .filter(|&length| length == bytes.len())
        .ok_or(InvalidKey::Malformed)?;
    Ok(bytes)
}

/// Refuses low-order points, for which anyone can forge signatures.
fn strong(key: VerifyingKey) -> Result<VerifyingKey, InvalidKey> {
    if key.is_weak() {
        Err(InvalidKey::Malformed)
    } else {
        Ok(key)
    }
}
