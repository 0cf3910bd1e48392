/// Why init data was refused.
///
/// No variant carries the input, the token or the expected signature, so the error may be logged
/// and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InitDataError {
    /// The string is empty. Telegram hands out empty init data when the Mini App was opened from a
    /// keyboard button or in inline mode; the person has to open it in another way.
    #[error("init data is empty: the Mini App was opened in a way that carries none")]
    Missing,
    /// The string is longer, or has more pairs, than the verifier takes.
    #[error("init data is too large")]
    TooLarge,
    /// The string breaks the grammar.
    #[error("init data is malformed: {0}")]
    Malformed(Malformed),
    /// There is no `hash` to check, or for a third party no `signature`.
    #[error("init data has no signature")]
    SignatureMissing,
    /// The signature is not one made with the verifier's keys over this data.
    #[error("the signature of the init data does not match")]
    SignatureMismatch,
    /// The data is well signed, but not what this check is for: a shared contact where init data is
    /// asked for, or the other way round.
    #[error("the data is not of the kind that is asked for")]
    WrongKind,
    /// `auth_date` lies further in the past than the caller allows.
    #[error("init data has expired: the Mini App has to be reopened")]
    Expired,
    /// `auth_date` lies further in the future than clocks may differ.
    #[error("init data comes from the future")]
    FromFuture,
    /// The data was presented before, to a verifier that takes it once.
    #[error("init data was used before: the Mini App has to be reopened")]
    Replayed,
    /// The replay guard has no room to remember the data, so it cannot be taken.
    #[error("too much init data was presented to remember it all")]
    ReplayGuardFull,
}

impl InitDataError {
    /// The stable code of this error on the wire: `init_data_missing`, `init_data_expired` (the
    /// Mini App has to be reopened: too old, or used before), `init_data_invalid`, or `overloaded`
    /// for a replay guard that is full.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "init_data_missing",
            Self::Expired | Self::Replayed => "init_data_expired",
            Self::ReplayGuardFull => "overloaded",
            _ => "init_data_invalid",
        }
    }

    /// What the code means, in a few English words.
    #[cfg(feature = "axum")]
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Missing => "Init data is empty",
            Self::Expired | Self::Replayed => "Init data has expired",
            Self::ReplayGuardFull => "Too busy",
            _ => "Init data is not valid",
        }
    }
}

/// The rule of the grammar that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// A pair is empty or has no `=`.
    #[error("a pair is empty or has no `=`")]
    Pair,
    /// A key has characters other than letters, digits and `_`, or is too long.
    #[error("a key has characters that no key has")]
    Key,
    /// A key stands twice.
    #[error("a key stands twice")]
    DuplicateKey,
    /// A `%` is not followed by two hex digits.
    #[error("a percent escape is broken")]
    Escape,
    /// A space, a `#` or a control character stands in the string, as it is or percent-encoded.
    #[error("a character stands in it that must not")]
    Character,
    /// A value does not decode to UTF-8.
    #[error("a value is not UTF-8")]
    Utf8,
    /// `hash` is not 64 lower-case hex digits.
    #[error("`hash` is not 64 lower-case hex digits")]
    Hash,
    /// `signature` is not 64 bytes in canonical base64url without padding.
    #[error("`signature` is not 64 bytes in base64url without padding")]
    Signature,
    /// `auth_date` is missing or not a plain number.
    #[error("`auth_date` is missing or not a plain number")]
    AuthDate,
    /// A signed field that is a number is not one.
    #[error("a field is not the whole number that it should be")]
    Number,
    /// A signed field is not the JSON object that Telegram documents.
    #[error("a field is not the JSON object that it should be")]
    Json,
}

impl From<Malformed> for InitDataError {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}
