use ciborium::Value;
use ed25519_dalek::VerifyingKey as Ed25519Key;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature as EcdsaSignature, VerifyingKey as P256Key};
use rsa::pkcs1v15::{Signature as RsaSignature, VerifyingKey as Rs256Key};
use rsa::{BoxedUint, PublicKey as RsaKey};
use sha2::Sha256;

use super::PasskeyError;
use super::authenticator_data::take_cbor;

/// Sizes of RSA keys in bits. The maximum bounds the time of a verification.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;
/// Maximum length of the exponent of an RSA key, in bytes.
const MAX_EXPONENT: usize = 5;

// Names and values of COSE keys (RFC 9052 §7, RFC 9053 §7, RFC 8230 §4).
const KEY_TYPE: i64 = 1;
const ALGORITHM: i64 = 3;
const OCTET_KEY_PAIR: i64 = 1;
const ELLIPTIC_CURVE: i64 = 2;
const RSA: i64 = 3;
const P256: i64 = 1;
const ED25519: i64 = 6;

/// The public key of a passkey. Type, curve and algorithm of the key must agree, so that a signature is
/// verified by one algorithm only.
#[derive(Debug)]
pub(super) enum PublicKey {
    Es256(P256Key),
    EdDsa(Ed25519Key),
    Rs256(Rs256Key<Sha256>),
}

impl PublicKey {
    /// The COSE algorithms, in the order in which they are offered: `EdDSA`, `ES256`, and `RS256` for
    /// Windows Hello.
    pub(super) const ALGORITHMS: [i64; 3] = [-8, -7, -257];

    /// Reads a COSE key.
    pub(super) fn from_cose(mut cose: &[u8]) -> Result<Self, PasskeyError> {
        let key = CoseKey(take_cbor(&mut cose).map_err(|_| PasskeyError::PublicKey)?);
        if !cose.is_empty() {
            return Err(PasskeyError::PublicKey);
        }
        let key = match (key.int(KEY_TYPE)?, key.int(ALGORITHM)?) {
            (ELLIPTIC_CURVE, -7) if key.int(-1)? == P256 => key.p256().map(Self::Es256),
            (OCTET_KEY_PAIR, -8) if key.int(-1)? == ED25519 => key.ed25519().map(Self::EdDsa),
            (RSA, -257) => key.rsa().map(Self::Rs256),
            _ => None,
        };
        key.ok_or(PasskeyError::PublicKey)
    }

    /// Verifies the signature of a message.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), PasskeyError> {
        let verified = match self {
            Self::Es256(key) => EcdsaSignature::from_der(signature)
                .and_then(|signature| key.verify(message, &signature)),
            Self::EdDsa(key) => ed25519_dalek::Signature::from_slice(signature)
                .and_then(|signature| key.verify_strict(message, &signature)),
            Self::Rs256(key) => RsaSignature::try_from(signature)
                .and_then(|signature| key.verify(message, &signature)),
        };
        verified.map_err(|_| PasskeyError::Signature)
    }
}

struct CoseKey(Value);

impl CoseKey {
    fn get(&self, name: i64) -> Option<&Value> {
        let mut members = self.0.as_map()?.iter();
        let is_named = |key: &Value| key.as_integer() == Some(name.into());
        members.find_map(|(key, value)| is_named(key).then_some(value))
    }

    fn int(&self, name: i64) -> Result<i64, PasskeyError> {
        let value = self.get(name).and_then(Value::as_integer);
        let value = value.and_then(|value| value.try_into().ok());
        value.ok_or(PasskeyError::PublicKey)
    }

    fn bytes(&self, name: i64) -> Option<&[u8]> {
        self.get(name)?.as_bytes().map(Vec::as_slice)
    }

    fn p256(&self) -> Option<P256Key> {
        let x: &[u8; 32] = self.bytes(-2)?.try_into().ok()?;
        let y: &[u8; 32] = self.bytes(-3)?.try_into().ok()?;
        P256Key::from_sec1_bytes(&[&[4], x.as_slice(), y].concat()).ok()
    }

    fn ed25519(&self) -> Option<Ed25519Key> {
        let x: &[u8; 32] = self.bytes(-2)?.try_into().ok()?;
        let key = Ed25519Key::from_bytes(x).ok()?;
        (!key.is_weak()).then_some(key)
    }

    fn rsa(&self) -> Option<Rs256Key<Sha256>> {
        let (modulus, exponent) = (self.bytes(-1)?, self.bytes(-2)?);
        // A verification takes time by the length of the text, not of the number: leading zeros are
        // refused (RFC 8230 section 4).
        let is_minimal = |number: &[u8]| number.first().is_some_and(|&first| first != 0);
        if !is_minimal(modulus) || !is_minimal(exponent) || exponent.len() > MAX_EXPONENT {
            return None;
        }
        let modulus = BoxedUint::from_be_slice_vartime(modulus);
        let exponent = BoxedUint::from_be_slice_vartime(exponent);
        let key = RsaKey::new_with_size_limits(modulus, exponent, RSA_BITS).ok()?;
        Some(Rs256Key::new(key))
    }
}
