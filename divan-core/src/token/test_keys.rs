//! Keys and tokens of the tests.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::*;
use crate::clock::ManualClock;
use crate::entropy::SeededEntropy;
use crate::types::{JwkSet, Role};

pub(super) const NOW: u64 = 1_780_000_000;
pub(super) const ISSUER: &str = "https://sec.example.com";

pub(super) fn key(algorithm: SigningAlgorithm, seed: u64) -> SigningKey {
    SigningKey::generate(algorithm, &SeededEntropy::new(seed)).unwrap()
}

pub(super) fn eddsa(seed: u64) -> SigningKey {
    key(SigningAlgorithm::EdDsa, seed)
}

pub(super) fn es256(seed: u64) -> SigningKey {
    key(SigningAlgorithm::Es256, seed)
}

/// Pairs of different keys: of one algorithm, and of two.
pub(super) fn pairs() -> [[SigningKey; 2]; 4] {
    [
        [eddsa(1), eddsa(2)],
        [es256(1), es256(2)],
        [eddsa(1), es256(1)],
        [es256(1), eddsa(1)],
    ]
}

/// A document in PEM.
pub(super) fn pem(label: &str, body: &str) -> String {
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

pub(super) fn secret_key() -> SecretKey {
    SecretKey::new([7; 32]).unwrap()
}

pub(super) fn audiences() -> Audiences {
    Audiences::new("divan.example.com", "sec.example.com").unwrap()
}

pub(super) fn token(keys: impl Into<KeyRing>) -> String {
    let issuer =
        TokenIssuer::new(keys, ISSUER, audiences()).clock(Arc::new(ManualClock::at_unix(NOW)));
    let user = "0199d0f0-0000-7000-8000-000000000001".parse().unwrap();
    let session = "0199d0f0-0000-7000-8000-000000000002".parse().unwrap();
    let subject = TokenSubject::new(user, Role::Admin, Audience::Admin, session, 7);
    issuer.issue(&subject).unwrap().token.expose().to_owned()
}

pub(super) fn verifier(keys: impl Into<KeyRing>) -> TokenVerifier {
    TokenVerifier::new(keys, ISSUER, audiences()).clock(Arc::new(ManualClock::at_unix(NOW)))
}

pub(super) fn by_jwks(jwks: &JwkSet) -> TokenVerifier {
    TokenVerifier::from_jwks(jwks, ISSUER, audiences()).clock(Arc::new(ManualClock::at_unix(NOW)))
}

/// Returns the error of a verifier, if any.
pub(super) fn rejection(verifier: &TokenVerifier, token: &str) -> Option<TokenError> {
    verifier.verify(token).err()
}

pub(super) fn header(token: &str) -> Value {
    let header = URL_SAFE_NO_PAD
        .decode(token.split('.').next().unwrap())
        .unwrap();
    serde_json::from_slice(&header).unwrap()
}

/// A token with these claims, whose signature is a MAC with a public value as the secret.
pub(super) fn with_mac(header: &Value, claims: &str, secret: &[u8]) -> String {
    let message = format!("{}.{claims}", URL_SAFE_NO_PAD.encode(header.to_string()));
    let mac = Hmac::<Sha256>::new_from_slice(secret)
        .unwrap()
        .chain_update(&message)
        .finalize();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac.into_bytes()))
}

/// The header with `typ`, `alg` and `kid` first, as in valid tokens.
pub(super) fn ordered(header: &Value) -> String {
    let mut members = header.as_object().unwrap().clone();
    let mut parts = Vec::new();
    for name in ["typ", "alg", "kid"] {
        parts.extend(
            members
                .remove(name)
                .map(|value| format!("{}:{value}", json!(name))),
        );
    }
    parts.extend(
        members
            .iter()
            .map(|(name, value)| format!("{}:{value}", json!(name))),
    );
    format!("{{{}}}", parts.join(","))
}
