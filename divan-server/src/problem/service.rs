//! Maps the errors of the sign-in service to problems of the wire contract.

use divan_core::api::{MemberError, ProblemCode};
use divan_core::service::{Field, InvalidField, ServiceError};
use divan_core::store::{StoreErrorKind, UniqueKey};
use divan_core::token::TokenError;

use super::Problem;

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        let problem = Self::new(code(&error));
        match error {
            ServiceError::Invalid(fields) => {
                problem.with_errors(fields.into_iter().map(member_error).collect::<Vec<_>>())
            }
            ServiceError::NothingToChange => {
                problem.with_errors([MemberError::new("", error.to_string())])
            }
            ServiceError::WeakPassword { field, reason } => {
                problem.with_errors([MemberError::new(pointer(field), reason.to_string())])
            }
            ServiceError::BootstrapTokenRequired => problem.with_detail(
                "Set DIVAN_BOOTSTRAP_TOKEN for the server and send the same value in the header X-Bootstrap-Token, or run \
                 `divan-server admin create` on the server's machine.",
            ),
            ServiceError::InitData(error) => problem.with_detail(error.to_string()),
            ServiceError::Contact(error) => problem.with_detail(error.to_string()),
            error if problem.body().status() >= 500 => problem.with_cause(error),
            _ => problem,
        }
    }
}

fn code(error: &ServiceError) -> ProblemCode {
    match error {
        ServiceError::InvalidCredentials => ProblemCode::InvalidCredentials,
        ServiceError::TelegramAccountMismatch => ProblemCode::TelegramAccountMismatch,
        ServiceError::InitData(error) => ProblemCode::from_code(error.code()),
        ServiceError::Contact(_) => ProblemCode::InitDataInvalid,
        ServiceError::TelegramNotConfigured => ProblemCode::TelegramNotConfigured,
        // After the clock was set back, a token can be from the future: a refresh helps there too.
        ServiceError::Token(TokenError::Expired | TokenError::NotYetValid) => {
            ProblemCode::TokenExpired
        }
        ServiceError::Token(_) => ProblemCode::TokenInvalid,
        ServiceError::RefreshToken => ProblemCode::RefreshTokenInvalid,
        ServiceError::PasswordRequired => ProblemCode::PasswordRequired,
        ServiceError::PasswordChangeRequired => ProblemCode::PasswordChangeRequired,
        ServiceError::PasswordExpired => ProblemCode::PasswordExpired,
        ServiceError::NotFound => ProblemCode::NotFound,
        ServiceError::AdminRequired => ProblemCode::AdminRequired,
        ServiceError::AlreadyBootstrapped => ProblemCode::AlreadyBootstrapped,
        ServiceError::BootstrapTokenRequired => ProblemCode::BootstrapTokenRequired,
        ServiceError::Invalid(_) | ServiceError::NothingToChange => ProblemCode::ValidationFailed,
        ServiceError::WeakPassword { .. } => ProblemCode::WeakPassword,
        ServiceError::Overloaded => ProblemCode::Overloaded,
        ServiceError::Store(error) => store_code(error.kind()),
        _ => ProblemCode::Internal,
    }
}

fn store_code(kind: StoreErrorKind) -> ProblemCode {
    match kind {
        StoreErrorKind::Conflict(UniqueKey::Email) => ProblemCode::EmailTaken,
        StoreErrorKind::Conflict(UniqueKey::Phone) => ProblemCode::PhoneTaken,
        StoreErrorKind::Conflict(UniqueKey::TelegramId) => ProblemCode::TelegramAccountMismatch,
        StoreErrorKind::LastAdmin => ProblemCode::LastAdmin,
        StoreErrorKind::Unavailable => ProblemCode::Unavailable,
        _ => ProblemCode::Internal,
    }
}

fn member_error(error: InvalidField) -> MemberError {
    MemberError::new(pointer(error.field), error.reason.to_string())
}

/// Returns the JSON pointer of the member that carries the field.
fn pointer(field: Field) -> String {
    match field {
        Field::Query => "/q".to_owned(),
        field => format!("/{field}"),
    }
}
