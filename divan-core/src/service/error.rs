use std::error::Error;
use std::time::Duration;

use super::{Field, InvalidField};
use crate::entropy::NoEntropy;
use crate::init_data::{ContactError, InitDataError};
use crate::password::{HashQueueError, WeakPassword};
use crate::store::StoreError;
use crate::token::TokenError;

/// Errors of the sign-in service.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// Unknown account, wrong password, inactive account or wrong role.
    #[error("invalid credentials")]
    InvalidCredentials,
    /// The password is correct, but the user is linked to another Telegram account, or this Telegram
    /// account to another user.
    #[error("the user or the Telegram account is already linked to another one")]
    TelegramAccountMismatch,
    /// The init data is not valid.
    #[error(transparent)]
    InitData(#[from] InitDataError),
    /// The shared contact does not contain the phone number of the user who opened the Mini App.
    #[error(transparent)]
    Contact(#[from] ContactError),
    /// The service has no init-data verifier.
    #[error("Telegram sign-in is not configured")]
    TelegramNotConfigured,
    /// The access token is not valid, or its session has ended.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The refresh token is not valid, was replaced, or its session has ended.
    #[error("the refresh token is not valid")]
    RefreshToken,
    /// Auto-login is not possible now.
    #[error("auto-login is not possible: sign in with the password")]
    PasswordRequired,
    /// The caller must change the password first.
    #[error("the password must be changed first")]
    PasswordChangeRequired,
    /// The password is correct, but was issued more than 72 hours ago.
    #[error("the password that an administrator issued has expired")]
    PasswordExpired,
    /// No such user or session, or the session belongs to another user.
    #[error("not found")]
    NotFound,
    /// The caller is not an administrator, or not signed in to the admin panel.
    #[error("administrators only")]
    AdminRequired,
    /// Administrators cannot do this to their own account.
    #[error("administrators cannot reset their own password or unlink their own Telegram account")]
    OwnAccount,
    /// An employee becomes an administrator by a promotion only.
    #[error("the role of an employee changes to admin by a promotion only")]
    PromotionRequired,
    /// The user to promote is an administrator.
    #[error("the user is an administrator already")]
    AlreadyAdmin,
    /// The user has no linked Telegram account.
    #[error("no Telegram account is linked")]
    TelegramNotLinked,
    /// The first administrator already exists.
    #[error("already bootstrapped")]
    AlreadyBootstrapped,
    /// The bootstrap token is missing or wrong, or bootstrap is closed.
    #[error("the bootstrap token is missing or wrong")]
    BootstrapTokenRequired,
    /// Fields of the command or query are not valid; all of them are listed.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<InvalidField>),
    /// The command changes no field.
    #[error("the command changes no field")]
    NothingToChange,
    /// The new password breaks a rule.
    #[error("{field} {reason}")]
    WeakPassword {
        /// The field that holds the password.
        field: Field,
        /// The rule.
        reason: WeakPassword,
    },
    /// Too many failed attempts. The next one is allowed after `retry_after`.
    #[error("too many attempts")]
    TooManyAttempts {
        /// The time to wait.
        retry_after: Duration,
    },
    /// The queue of password hashes is full.
    #[error("too many concurrent sign-ins")]
    Overloaded,
    /// The database failed, or another user has the same phone number or e-mail address.
    #[error(transparent)]
    Store(StoreError),
    /// Hashing or randomness failed. The cause is for the log.
    #[error("internal error")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        error.into_rejection().unwrap_or_else(Self::Store)
    }
}

/// For the functions that change an account: `From<StoreError>` gives the error back.
impl From<ServiceError> for StoreError {
    fn from(error: ServiceError) -> Self {
        Self::rejected(error)
    }
}

impl From<HashQueueError> for ServiceError {
    fn from(error: HashQueueError) -> Self {
        match error {
            HashQueueError::Overloaded => Self::Overloaded,
            HashQueueError::Hash(error) => Self::Internal(error.into()),
        }
    }
}

impl From<NoEntropy> for ServiceError {
    fn from(error: NoEntropy) -> Self {
        Self::Internal(error.into())
    }
}
