/// Why an access token was refused. Never carries the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It is not a token of the one form that is issued here: three parts, this algorithm, this
    /// type.
    #[error("not an access token of this service")]
    Malformed,
    /// It names a key that is not known here; it may be a newer one than those that are.
    #[error("the token names a key that is not known here")]
    UnknownKey,
    /// It was not signed with this key.
    #[error("the signature of the token does not match")]
    SignatureMismatch,
    /// It was issued by somebody else, for somebody else, or for a narrower purpose.
    #[error("the token is not for this use")]
    NotForUs,
    /// Its life is over.
    #[error("the token has expired")]
    Expired,
    /// Its life has not begun.
    #[error("the token is not valid yet")]
    NotYetValid,
}

/// The secret key has fewer than 32 bytes (RFC 7518 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key has {0} bytes, and HS256 needs at least 32")]
pub struct ShortKey(pub usize);

/// The two audiences cannot be told apart, or one has no host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the Mini App and the admin panel need two different hosts")]
pub struct InvalidAudiences;

/// Why a key for [`SigningKey`](super::SigningKey) or [`VerifyingKey`](super::VerifyingKey) was
/// refused. Never carries the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidKey {
    /// It is no key in PEM: PKCS#8 (`BEGIN PRIVATE KEY`) or, where that is enough, SPKI
    /// (`BEGIN PUBLIC KEY`).
    #[error("not a key in PEM (PKCS#8)")]
    NotPem,
    /// It is encrypted.
    #[error("encrypted, and there is no password to open it with")]
    Encrypted,
    /// It is the public half.
    #[error("a public key, and signing needs the private one")]
    Public,
    /// It is a key of another kind, or one that anybody can sign for.
    #[error("not an Ed25519 key that can be trusted")]
    NotEd25519,
}
