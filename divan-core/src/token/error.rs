/// Why an access token was refused. Never carries the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It is not a token of the one form that is issued here: three parts, this algorithm, this type.
    #[error("not an access token of this service")]
    Malformed,
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

/// The two surfaces cannot be told apart, or one has no host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the Mini App and the admin panel need two different hosts")]
pub struct InvalidSurfaces;
