use std::error::Error;

/// Remedy for an old or missing schema.
pub(super) const MIGRATE_IT: &str =
    "run `divan-server migrate`, or call `migrate` of the store in your program";

/// An error of a store. Callers decide by its [`kind`](Self::kind); the source is for the log.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub struct StoreError {
    kind: StoreErrorKind,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// The kinds of store errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// Another user has this value.
    #[error("another user has this {}", .0.as_str())]
    Conflict(UniqueKey),
    /// The change would leave no active administrator.
    #[error(
        "the last active administrator cannot be deactivated, deleted or made an employee; nothing was changed"
    )]
    LastAdmin,
    /// The challenge of a passkey was used before, or the passkey does not exist any more or was used
    /// concurrently.
    #[error("the challenge was used before, or the passkey was changed; nothing was changed")]
    PasskeyChanged,
    /// The function that changes the account returned an error.
    #[error("the function that changes the account returned an error; nothing was changed")]
    Rejected,
    /// The database does not respond, or not in time. A later attempt may succeed.
    #[error("the database does not respond")]
    Unavailable,
    /// The database cannot be used until an operator changes something: TLS, the address, a proxy or
    /// privileges. The source names the problem and the remedy.
    #[error("the database cannot be used as it is configured")]
    Misconfigured,
    /// A table or column is missing: the schema was not migrated.
    #[error("tables or columns are missing in the database: {}", MIGRATE_IT)]
    Schema,
    /// The database returned an unexpected error or value.
    #[error("the database returned an unexpected error or value")]
    Internal,
}

named_enum! {
    /// Values that are unique among users.
    pub enum UniqueKey {
        /// The e-mail address.
        Email = "e-mail address",
        /// The phone number.
        Phone = "phone number",
        /// The Telegram account.
        TelegramId = "Telegram account",
        /// The id in another system.
        ExternalId = "external id",
        /// The key pair of a passkey.
        Passkey = "passkey",
    }
}

impl StoreError {
    /// Creates an error without a source.
    pub fn new(kind: StoreErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// Creates an error with its source.
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

    /// The kind of the error.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}
