use divan_core::init_data::{ContactError, InitDataError};
use divan_core::service::ServiceError;
use divan_core::store::{StoreErrorKind, UniqueKey};
use divan_core::token::TokenError;

/// The errors of the service as far as callers distinguish them, for comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    AdminRequired,
    AlreadyAdmin,
    AlreadyBootstrapped,
    ApprovalRequired,
    BootstrapTokenRequired,
    ChallengeInvalid,
    ContactExpired,
    ContactInvalid,
    ContactMismatch,
    ContactMissing,
    EmailTaken,
    ImportConflict,
    ExternalIdTaken,
    InitDataExpired,
    InitDataInvalid,
    InitDataMissing,
    InsufficientAuthentication,
    InsufficientScope,
    InvalidClient,
    InvalidCredentials,
    InvalidScope,
    LastAdmin,
    LastServiceSecret,
    NotFound,
    OperatorRequired,
    OwnAccount,
    OwnRequest,
    PasskeyInvalid,
    PasskeyTaken,
    PasskeysNotConfigured,
    PasswordChangeRequired,
    PasswordExpired,
    PasswordRequired,
    AutoLoginExpired,
    PhoneTaken,
    PromotionRequired,
    RefreshTokenInvalid,
    SecondFactorEnrolmentRequired,
    SecondFactorInvalid,
    SecondFactorRequired,
    ServiceNotAllowed,
    TelegramAccountMismatch,
    TelegramAccountTaken,
    TelegramNotConfigured,
    TelegramNotLinked,
    TooManyAttempts,
    TooManyPasskeys,
    TooManyServices,
    TooManyWebhooks,
    WebhooksNotConfigured,
    TokenExpired,
    TokenInvalid,
    UnsupportedToken,
    ValidationFailed,
    WeakPassword,
}

impl From<ServiceError> for Refusal {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::AdminRequired => Self::AdminRequired,
            ServiceError::ApprovalRequired => Self::ApprovalRequired,
            ServiceError::OwnRequest => Self::OwnRequest,
            ServiceError::AlreadyBootstrapped => Self::AlreadyBootstrapped,
            ServiceError::BootstrapTokenRequired => Self::BootstrapTokenRequired,
            ServiceError::InitData(InitDataError::Missing) => Self::InitDataMissing,
            ServiceError::InitData(InitDataError::Expired { .. }) => Self::InitDataExpired,
            ServiceError::InitData(_) => Self::InitDataInvalid,
            ServiceError::Contact(ContactError::Missing) => Self::ContactMissing,
            ServiceError::Contact(ContactError::Expired(_)) => Self::ContactExpired,
            ServiceError::Contact(ContactError::UserMismatch | ContactError::BotMismatch) => {
                Self::ContactMismatch
            }
            ServiceError::Contact(_) => Self::ContactInvalid,
            ServiceError::InvalidCredentials => Self::InvalidCredentials,
            ServiceError::ChallengeInvalid => Self::ChallengeInvalid,
            ServiceError::InsufficientAuthentication { .. } => Self::InsufficientAuthentication,
            ServiceError::SecondFactorEnrolmentRequired => Self::SecondFactorEnrolmentRequired,
            ServiceError::SecondFactorInvalid => Self::SecondFactorInvalid,
            ServiceError::SecondFactorRequired { .. } => Self::SecondFactorRequired,
            ServiceError::AlreadyAdmin => Self::AlreadyAdmin,
            ServiceError::ImportConflict(_) => Self::ImportConflict,
            ServiceError::OperatorRequired => Self::OperatorRequired,
            ServiceError::OwnAccount => Self::OwnAccount,
            ServiceError::PromotionRequired => Self::PromotionRequired,
            ServiceError::TooManyAttempts { .. } => Self::TooManyAttempts,
            ServiceError::TelegramNotLinked => Self::TelegramNotLinked,
            ServiceError::NotFound => Self::NotFound,
            ServiceError::PasskeyInvalid => Self::PasskeyInvalid,
            ServiceError::PasskeysNotConfigured => Self::PasskeysNotConfigured,
            ServiceError::InvalidClient => Self::InvalidClient,
            ServiceError::InvalidScope => Self::InvalidScope,
            ServiceError::InsufficientScope { .. } => Self::InsufficientScope,
            ServiceError::ServiceNotAllowed => Self::ServiceNotAllowed,
            ServiceError::UnsupportedToken => Self::UnsupportedToken,
            ServiceError::TooManyServices => Self::TooManyServices,
            ServiceError::LastServiceSecret => Self::LastServiceSecret,
            ServiceError::TooManyWebhooks => Self::TooManyWebhooks,
            ServiceError::WebhooksNotConfigured => Self::WebhooksNotConfigured,
            ServiceError::TooManyPasskeys => Self::TooManyPasskeys,
            ServiceError::PasswordChangeRequired => Self::PasswordChangeRequired,
            ServiceError::PasswordExpired => Self::PasswordExpired,
            ServiceError::PasswordRequired => Self::PasswordRequired,
            ServiceError::AutoLoginExpired { .. } => Self::AutoLoginExpired,
            ServiceError::RefreshToken => Self::RefreshTokenInvalid,
            ServiceError::TelegramAccountMismatch => Self::TelegramAccountMismatch,
            ServiceError::TelegramAccountTaken => Self::TelegramAccountTaken,
            ServiceError::TelegramNotConfigured => Self::TelegramNotConfigured,
            ServiceError::Token(TokenError::Expired | TokenError::NotYetValid) => {
                Self::TokenExpired
            }
            ServiceError::Token(_) => Self::TokenInvalid,
            ServiceError::Invalid(_) | ServiceError::NothingToChange => Self::ValidationFailed,
            ServiceError::WeakPassword { .. } => Self::WeakPassword,
            ServiceError::Store(error) => match error.kind() {
                StoreErrorKind::Conflict(UniqueKey::Email) => Self::EmailTaken,
                StoreErrorKind::Conflict(UniqueKey::Phone) => Self::PhoneTaken,
                StoreErrorKind::Conflict(UniqueKey::ExternalId) => Self::ExternalIdTaken,
                StoreErrorKind::Conflict(UniqueKey::Passkey) => Self::PasskeyTaken,
                StoreErrorKind::LastAdmin => Self::LastAdmin,
                kind => panic!("unexpected store error {kind:?}"),
            },
            error => panic!("unexpected error {error:?}"),
        }
    }
}

/// Returns the error of an outcome that must have failed.
pub(crate) fn refusal<T>(outcome: Result<T, ServiceError>) -> Refusal {
    match outcome {
        Ok(_) => panic!("expected an error"),
        Err(error) => error.into(),
    }
}
