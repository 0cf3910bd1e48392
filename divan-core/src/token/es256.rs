//! P-256 keys for ECDSA with SHA-256 (ES256, RFC 7518 §3.4).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::SecretKey;
use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::elliptic_curve::ALGORITHM_OID;
use p256::pkcs8::spki::SubjectPublicKeyInfoRef;
use p256::pkcs8::{
    AlgorithmIdentifierRef, AssociatedOid, EncodePrivateKey, PrivateKeyInfoRef, SecretDocument,
};
use zeroize::Zeroizing;

use super::eddsa::coordinate;
use super::error::InvalidKey;
use crate::entropy::{Entropy, NoEntropy};
use crate::types::Jwk;

pub(super) const KTY: &str = "EC";
pub(super) const CRV: &str = "P-256";

/// Number of numbers that are drawn for a key. One in 2^32 is not smaller than the order of the curve.
const DRAWS: usize = 4;

/// Returns `true` if a key is for P-256; other curves have the same algorithm and other parameters.
pub(super) fn is_p256(algorithm: &AlgorithmIdentifierRef<'_>) -> bool {
    algorithm
        .assert_oids(ALGORITHM_OID, p256::NistP256::OID)
        .is_ok()
}

pub(super) fn generate(entropy: &dyn Entropy) -> Result<SigningKey, NoEntropy> {
    let mut scalar = Zeroizing::new([0; 32]);
    for _ in 0..DRAWS {
        entropy.fill(scalar.as_mut_slice())?;
        if let Ok(key) = SigningKey::from_slice(scalar.as_slice()) {
            return Ok(key);
        }
    }
    Err(NoEntropy)
}

pub(super) fn from_pkcs8(info: PrivateKeyInfoRef<'_>) -> Result<SigningKey, InvalidKey> {
    SecretKey::try_from(info)
        .map(SigningKey::from)
        .map_err(|_| InvalidKey::Malformed)
}

/// Reads a key of the form SEC 1, which names its curve.
pub(super) fn from_sec1(der: &[u8]) -> Result<SigningKey, InvalidKey> {
    SecretKey::from_sec1_der(der)
        .map(SigningKey::from)
        .map_err(|_| InvalidKey::Unsupported)
}

#[expect(clippy::expect_used, reason = "a key fits in any document")]
pub(super) fn to_pkcs8(key: &SigningKey) -> SecretDocument {
    key.to_pkcs8_der().expect("a key fits")
}

pub(super) fn from_spki(info: SubjectPublicKeyInfoRef<'_>) -> Result<VerifyingKey, InvalidKey> {
    VerifyingKey::try_from(info).map_err(|_| InvalidKey::Malformed)
}

pub(super) fn from_jwk(jwk: &Jwk) -> Result<VerifyingKey, InvalidKey> {
    let (x, y) = (coordinate(jwk.x.as_deref())?, coordinate(jwk.y.as_deref())?);
    // The point must be on the curve; the neutral element has no coordinates.
    VerifyingKey::from_sec1_bytes(&[&[4], x.as_slice(), &y].concat())
        .map_err(|_| InvalidKey::Malformed)
}

pub(super) fn to_jwk(key: &VerifyingKey) -> Jwk {
    let point = key.to_sec1_point(false);
    let mut jwk = Jwk::new(KTY);
    jwk.crv = Some(CRV.to_owned());
    jwk.x = point.x().map(|x| URL_SAFE_NO_PAD.encode(x));
    jwk.y = point.y().map(|y| URL_SAFE_NO_PAD.encode(y));
    jwk
}

/// Signs a message: R and S with 32 bytes each, computed without randomness (RFC 6979).
pub(super) fn sign(key: &SigningKey, message: &[u8]) -> [u8; 64] {
    let signature: Signature = key.sign(message);
    signature.normalize_s().to_bytes().into()
}

/// Returns `true` if the signature is by this key, and S is the smaller of the two possible values.
#[must_use]
pub(super) fn is_signed(key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
    // With the larger value too, every token would have a second valid form.
    let is_by = |signature: Signature| {
        signature == signature.normalize_s() && key.verify(message, &signature).is_ok()
    };
    Signature::from_slice(signature).is_ok_and(is_by)
}
