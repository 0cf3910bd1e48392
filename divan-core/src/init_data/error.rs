use std::time::Duration;

/// Error of rejected init data.
///
/// No variant contains the input, the token or the expected signature, so the error may be logged
/// and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InitDataError {
    /// The string is empty, or a text such as `undefined`. Telegram provides no init data when the Mini
    /// App was opened from a keyboard button or in inline mode; the user must open it in another way.
    #[error("init data is empty: open the Mini App from the bot's menu button or a link")]
    Missing,
    /// The request contains two different init data strings.
    #[error("the request contains two different init data strings")]
    Conflict,
    /// The string is longer, or has more pairs, than the verifier accepts.
    #[error("init data is too large")]
    TooLarge,
    /// The string breaks the grammar.
    #[error("init data is malformed: {0}")]
    Malformed(Malformed),
    /// The field `hash` is missing, or for third parties `signature`.
    #[error("init data has no signature")]
    SignatureMissing,
    /// The signature was not made over this data with a key of the verifier.
    #[error("the signature of the init data does not match")]
    SignatureMismatch,
    /// The data is correctly signed, but of another kind: a shared contact instead of init data, or
    /// the reverse.
    #[error("the data is signed correctly, but is not of the expected kind")]
    WrongKind,
    /// The data is correctly signed, but contains no user, which a sign-in requires.
    #[error("init data contains no user: open the Mini App from the bot's menu button or a link")]
    UserMissing,
    /// `auth_date` is older than the maximum age. Some clients (iOS, macOS, Desktop) send old data
    /// until they are restarted.
    #[error(
        "init data has expired: reopen the Mini App; if that does not help, restart Telegram, because some clients keep old data"
    )]
    Expired {
        /// Time since `auth_date`.
        age: Duration,
    },
    /// `auth_date` is further in the future than the clock skew allows.
    #[error("`auth_date` of the init data is in the future: check the clock of the server")]
    FromFuture {
        /// Time until `auth_date`.
        ahead: Duration,
    },
    /// The data was presented before to a verifier that accepts it once.
    #[error("init data was used before: reopen the Mini App")]
    Replayed,
    /// The replay guard has no capacity to remember the data, so it is rejected.
    #[error("the replay guard is full")]
    ReplayGuardFull,
}

impl InitDataError {
    /// Stable code of this error on the wire: `init_data_missing`, `init_data_conflict`,
    /// `init_data_expired` (too old or used before: the user must reopen the Mini App),
    /// `init_data_invalid`, or `overloaded` for a full replay guard.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "init_data_missing",
            Self::Conflict => "init_data_conflict",
            Self::Expired { .. } | Self::Replayed => "init_data_expired",
            Self::ReplayGuardFull => "overloaded",
            _ => "init_data_invalid",
        }
    }

    /// Stable name of the failed check, for logs and metrics: `missing`, `conflict`, `too_large`,
    /// `malformed`, `signature_missing`, `signature`, `wrong_kind`, `no_user`, `expired`,
    /// `from_future`, `replayed` or `replay_guard_full`.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Conflict => "conflict",
            Self::TooLarge => "too_large",
            Self::Malformed(_) => "malformed",
            Self::SignatureMissing => "signature_missing",
            Self::SignatureMismatch => "signature",
            Self::WrongKind => "wrong_kind",
            Self::UserMissing => "no_user",
            Self::Expired { .. } => "expired",
            Self::FromFuture { .. } => "from_future",
            Self::Replayed => "replayed",
            Self::ReplayGuardFull => "replay_guard_full",
        }
    }

    /// Seconds from `auth_date` to the verifier's time, for data refused because of its age; negative
    /// for data from the future. Similar values in many refusals indicate a wrong clock.
    pub fn age_seconds(self) -> Option<i64> {
        let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        match self {
            Self::Expired { age } => Some(seconds(age)),
            Self::FromFuture { ahead } => Some(-seconds(ahead)),
            _ => None,
        }
    }

    /// Title of the problem with this code.
    #[cfg(feature = "axum")]
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Missing => "Init data missing",
            Self::Conflict => "Conflicting init data",
            Self::Expired { .. } | Self::Replayed => "Init data expired",
            Self::ReplayGuardFull => "Too busy",
            _ => "Invalid init data",
        }
    }
}

/// Violated rule of the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// A pair is empty or has no `=`.
    #[error("a pair is empty or has no `=`")]
    Pair,
    /// A key contains characters other than letters, digits and `_`, or is not 1 to 64 characters long.
    #[error("a key is not 1 to 64 letters, digits and `_`")]
    Key,
    /// A key occurs twice.
    #[error("a key occurs twice")]
    DuplicateKey,
    /// A `%` is not followed by two hex digits.
    #[error("a `%` is not followed by two hex digits")]
    Escape,
    /// The string contains a space, a `#` or a control character, or an escape of a byte below 0x20.
    #[error("it contains a forbidden character")]
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
    /// `auth_date` is missing or not a number of 1 to 12 digits.
    #[error("`auth_date` is missing or not a number of 1 to 12 digits")]
    AuthDate,
    /// A signed numeric field is not a whole number.
    #[error("a numeric field is not a whole number")]
    Number,
    /// A signed field is not the documented JSON object.
    #[error("a field is not the documented JSON object")]
    Json,
}

impl From<Malformed> for InitDataError {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}
