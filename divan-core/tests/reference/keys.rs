//! Keys, derived on each use, and their signatures.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

pub(crate) fn web_app_key(token: &str) -> [u8; 32] {
    hmac(b"WebAppData", token.as_bytes())
}

pub(crate) fn login_widget_key(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

pub(super) fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    Hmac::<Sha256>::new_from_slice(key)
        .unwrap()
        .chain_update(message)
        .finalize()
        .into_bytes()
        .into()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .concat()
}

pub(crate) fn public_key(secret_key: &[u8; 32]) -> [u8; 32] {
    SigningKey::from_bytes(secret_key)
        .verifying_key()
        .to_bytes()
}

pub(super) fn sign(secret_key: &[u8; 32], message: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(SigningKey::from_bytes(secret_key).sign(message).to_bytes())
}

/// Returns `true` if `signature` is the canonical text of a valid signature.
pub(super) fn is_signed(public_key: &[u8; 32], message: &[u8], signature: &str) -> bool {
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(signature) else {
        return false;
    };
    let (Ok(key), Ok(decoded)) = (
        VerifyingKey::from_bytes(public_key),
        Signature::from_slice(&bytes),
    ) else {
        return false;
    };
    // What is encoded again tells the canonical text from all others.
    URL_SAFE_NO_PAD.encode(bytes) == signature && key.verify_strict(message, &decoded).is_ok()
}
