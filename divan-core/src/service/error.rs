use crate::api::{MemberError, ProblemCode};
use crate::entropy::NoEntropy;
use crate::init_data::{ContactError, InitDataError};
use crate::password::{HashQueueError, WeakPassword};
use crate::store::{StoreError, StoreErrorKind, UniqueKey};
use crate::token::TokenError;

/// Why the service refused, or could not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// Name and password do not open an account on this audience.
    #[error("wrong credentials")]
    InvalidCredentials,
    /// The password was right, but the account is bound to another Telegram account, or this
    /// Telegram account to another user.
    #[error("the account belongs to another Telegram account")]
    TelegramAccountMismatch,
    /// The init data was refused.
    #[error(transparent)]
    InitData(#[from] InitDataError),
    /// The contact that was shared gives no phone number of the person who opened the Mini App.
    #[error(transparent)]
    Contact(#[from] ContactError),
    /// The service was built without a bot token.
    #[error("no bot token is configured")]
    TelegramNotConfigured,
    /// The access token was refused.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The refresh token is not one of this service, was replaced, or its session is over.
    #[error("the refresh token was refused")]
    RefreshToken,
    /// Telegram alone does not sign this person in now.
    #[error("the password is required")]
    PasswordRequired,
    /// The caller has to change the password before anything else.
    #[error("the password has to be changed first")]
    PasswordChangeRequired,
    /// The password was right, but it was generated too long ago.
    #[error("the generated password has expired")]
    PasswordExpired,
    /// There is no such user or session, or it is not the caller's.
    #[error("not found")]
    NotFound,
    /// The caller is not an administrator signed in to the admin panel.
    #[error("administrators only")]
    AdminRequired,
    /// The first administrator exists already.
    #[error("already bootstrapped")]
    AlreadyBootstrapped,
    /// The bootstrap token is missing or wrong, or none is configured.
    #[error("the bootstrap token is missing or wrong")]
    BootstrapTokenRequired,
    /// Members of the request are not valid; all of them are listed.
    #[error("the request is not valid")]
    Invalid(Vec<MemberError>),
    /// The new password breaks a rule.
    #[error("the new password {reason}")]
    WeakPassword {
        /// The member of the request that holds it, as a JSON pointer.
        pointer: &'static str,
        /// The rule.
        reason: WeakPassword,
    },
    /// Too many passwords wait to be hashed.
    #[error("too many sign-ins at a time")]
    Overloaded,
    /// The database failed, or another user has the same phone number or e-mail address.
    #[error(transparent)]
    Store(StoreError),
    /// Hashing or randomness failed.
    #[error("internal error")]
    Internal,
}

impl ServiceError {
    /// The code of this error on the wire.
    pub fn code(&self) -> ProblemCode {
        match self {
            Self::InvalidCredentials => ProblemCode::InvalidCredentials,
            Self::TelegramAccountMismatch => ProblemCode::TelegramAccountMismatch,
            Self::InitData(error) => ProblemCode::from_word(error.code()),
            Self::Contact(_) => ProblemCode::InitDataInvalid,
            Self::TelegramNotConfigured => ProblemCode::TelegramNotConfigured,
            // A token from the future is as old a matter for its holder, where the clock was set
            // back: refresh.
            Self::Token(TokenError::Expired | TokenError::NotYetValid) => ProblemCode::TokenExpired,
            Self::Token(_) => ProblemCode::TokenInvalid,
            Self::RefreshToken => ProblemCode::RefreshTokenInvalid,
            Self::PasswordRequired => ProblemCode::PasswordRequired,
            Self::PasswordChangeRequired => ProblemCode::PasswordChangeRequired,
            Self::PasswordExpired => ProblemCode::PasswordExpired,
            Self::NotFound => ProblemCode::NotFound,
            Self::AdminRequired => ProblemCode::AdminRequired,
            Self::AlreadyBootstrapped => ProblemCode::AlreadyBootstrapped,
            Self::BootstrapTokenRequired => ProblemCode::BootstrapTokenRequired,
            Self::Invalid(_) => ProblemCode::ValidationFailed,
            Self::WeakPassword { .. } => ProblemCode::WeakPassword,
            Self::Overloaded => ProblemCode::Overloaded,
            Self::Store(error) => store_code(error.kind()),
            Self::Internal => ProblemCode::Internal,
        }
    }
}

fn store_code(kind: StoreErrorKind) -> ProblemCode {
    match kind {
        StoreErrorKind::Conflict(UniqueKey::Email) => ProblemCode::EmailTaken,
        StoreErrorKind::Conflict(UniqueKey::Phone) => ProblemCode::PhoneTaken,
        StoreErrorKind::Conflict(UniqueKey::TelegramId) => ProblemCode::TelegramAccountMismatch,
        StoreErrorKind::LastAdmin => ProblemCode::LastAdmin,
        StoreErrorKind::Unavailable => ProblemCode::Unavailable,
        StoreErrorKind::Internal => ProblemCode::Internal,
    }
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<HashQueueError> for ServiceError {
    fn from(error: HashQueueError) -> Self {
        match error {
            HashQueueError::Overloaded => Self::Overloaded,
            HashQueueError::Hash(_) => Self::Internal,
        }
    }
}

impl From<NoEntropy> for ServiceError {
    fn from(_: NoEntropy) -> Self {
        Self::Internal
    }
}
