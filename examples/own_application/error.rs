use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use divan_core::service::ServiceError;
use divan_core::store::StoreErrorKind;

/// Errors of the handlers.
pub(crate) enum ApiError {
    Service(ServiceError),
    Database(sqlx::Error),
}

impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        Self::Service(error)
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl IntoResponse for ApiError {
    #[expect(clippy::print_stderr, reason = "the log of an example")]
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Service(error) => status(error),
            Self::Database(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        match self {
            Self::Service(error) if !status.is_server_error() => {
                (status, error.to_string()).into_response()
            }
            // The cause of an internal error is for the log only.
            Self::Service(error) => {
                eprintln!("{error:?}");
                status.into_response()
            }
            Self::Database(error) => {
                eprintln!("{error:?}");
                status.into_response()
            }
        }
    }
}

/// Returns the HTTP status of a service error.
fn status(error: &ServiceError) -> StatusCode {
    match error {
        ServiceError::InvalidCredentials
        | ServiceError::PasswordExpired
        | ServiceError::InitData(_)
        | ServiceError::Token(_)
        | ServiceError::RefreshToken => StatusCode::UNAUTHORIZED,
        ServiceError::AdminRequired
        | ServiceError::PasswordChangeRequired
        | ServiceError::TelegramAccountMismatch
        | ServiceError::TelegramAccountTaken => StatusCode::FORBIDDEN,
        ServiceError::NotFound => StatusCode::NOT_FOUND,
        ServiceError::Invalid(_) | ServiceError::Contact(_) | ServiceError::WeakPassword { .. } => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        ServiceError::Store(error) if matches!(error.kind(), StoreErrorKind::Conflict(_)) => {
            StatusCode::CONFLICT
        }
        ServiceError::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
