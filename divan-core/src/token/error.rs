/// Errors of access tokens. They never contain the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The token does not have three parts, an accepted algorithm and the type `at+jwt`.
    #[error("the token is not an access token of this service")]
    Malformed,
    /// The token names an unknown key, which may be newer than the known ones.
    #[error("the token is signed with an unknown key")]
    UnknownKey,
    /// The signature is not valid.
    #[error("the signature of the token does not match")]
    SignatureMismatch,
    /// The issuer, audience, scope or session is not accepted.
    #[error("the issuer, audience, scope or session of the token is not accepted")]
    NotAccepted,
    /// The token has expired.
    #[error("the token has expired")]
    Expired,
    /// The token is not valid yet.
    #[error("the token is not valid yet")]
    NotYetValid,
}

/// The secret key has fewer than 32 bytes (RFC 7518 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key must have at least 32 bytes, not {0}")]
pub struct ShortKey(pub usize);

/// The hosts of the two audiences are equal, or one is empty or contains a `/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the hosts of the Mini App and the admin panel must be different, not empty, and without `/`"
)]
pub struct InvalidAudiences;

/// Errors of keys for [`SigningKey`](super::SigningKey) and [`VerifyingKey`](super::VerifyingKey).
/// They never contain the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidKey {
    /// The text is not a key in PEM: PKCS#8 (`BEGIN PRIVATE KEY`), SEC 1 (`BEGIN EC PRIVATE KEY`) or,
    /// for verifying, SPKI (`BEGIN PUBLIC KEY`).
    #[error("it does not contain a key in PEM (PKCS#8)")]
    NotPem,
    /// The key is encrypted.
    #[error("its key is encrypted, which is not supported")]
    Encrypted,
    /// The key is public.
    #[error("it contains a public key, and signing requires a private key")]
    Public,
    /// The key is neither an Ed25519 nor a P-256 key, or a damaged one of the form SEC 1.
    #[error("its key is of an unsupported type; use an Ed25519 or P-256 key")]
    Unsupported,
    /// The key is damaged, or a point for which anyone can forge signatures.
    #[error("its key is damaged or invalid")]
    Malformed,
}
