use std::error::Error;
use std::fmt;

/// What went wrong in a store. The cause is for the log; callers decide by [`kind`](Self::kind).
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// The kinds of store errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// Another row has this value already.
    Conflict(UniqueKey),
    /// No active administrator would be left.
    LastAdmin,
    /// The function that was to change the account returned an error of its own.
    Rejected,
    /// The database does not answer, or not in time. It may later.
    Unavailable,
    /// The database answered something that it should not.
    Internal,
}

/// The values that no two users share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UniqueKey {
    /// The e-mail address.
    Email,
    /// The phone number.
    Phone,
    /// The Telegram account.
    TelegramId,
}

impl StoreError {
    /// An error without a cause of its own.
    pub fn new(kind: StoreErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// An error with its cause.
    pub fn caused_by(
        kind: StoreErrorKind,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            kind,
            source: Some(source.into()),
        }
    }

    /// Wraps an error of the caller, for a function that changes an account.
    ///
    /// ```
    /// use divan_core::store::StoreError;
    ///
    /// let error = StoreError::rejected("abc".parse::<u8>().unwrap_err());
    /// assert!(error.into_rejection::<std::num::ParseIntError>().is_ok());
    /// ```
    pub fn rejected(error: impl Error + Send + Sync + 'static) -> Self {
        Self::caused_by(StoreErrorKind::Rejected, error)
    }

    /// Returns the error that [`rejected`](Self::rejected) was called with.
    ///
    /// # Errors
    /// This error, when it does not carry an `E`.
    pub fn into_rejection<E: Error + 'static>(self) -> Result<E, Self> {
        let Self { kind, source } = self;
        match source {
            Some(source) if kind == StoreErrorKind::Rejected => match source.downcast() {
                Ok(error) => Ok(*error),
                Err(source) => Err(Self {
                    kind,
                    source: Some(source),
                }),
            },
            source => Err(Self { kind, source }),
        }
    }

    /// What to decide by.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            StoreErrorKind::Conflict(UniqueKey::Email) => "another user has this e-mail address",
            StoreErrorKind::Conflict(UniqueKey::Phone) => "another user has this phone number",
            StoreErrorKind::Conflict(UniqueKey::TelegramId) => {
                "another user has this Telegram account"
            }
            StoreErrorKind::LastAdmin => "no active administrator would be left",
            StoreErrorKind::Rejected => "the change was rejected",
            StoreErrorKind::Unavailable => "the database does not answer",
            StoreErrorKind::Internal => "the database answered something unexpected",
        })
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
