//! Errors of the OAuth2 endpoints, in the form of RFC 6749.

use axum::Json;
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use divan_core::api::ProblemCode;
use divan_core::service::ServiceError;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Problem, challenge};

/// The body of an error of an OAuth2 endpoint (RFC 6749 §5.2).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OAuthErrorResponse {
    /// `invalid_request`: the form is invalid. `invalid_grant`: the credentials or the refresh token
    /// are invalid. `invalid_client`: the service is unknown, or its secret or address is not accepted.
    /// `invalid_scope`: the service does not have a requested scope. `unsupported_grant_type`: the endpoint does
    /// not support this grant type. `unsupported_token_type`: an access token of a service cannot be revoked.
    #[schema(example = "invalid_grant")]
    error: &'static str,
    /// The reason, in English for developers.
    #[schema(example = "the phone number, e-mail address or password is wrong")]
    error_description: String,
}

/// An error of an OAuth2 endpoint.
#[derive(Clone, Debug)]
pub(crate) struct OAuthError {
    /// The body of a 400 or 401; `None` where the response is the problem.
    body: Option<OAuthErrorResponse>,
    /// With a body only for the access log and the metrics.
    problem: Box<Problem>,
}

impl OAuthError {
    /// The form is invalid.
    pub(crate) fn invalid_request(description: impl Into<String>) -> Self {
        Self::new(
            "invalid_request",
            description,
            ProblemCode::ValidationFailed,
        )
    }

    /// The endpoint does not support this grant type.
    pub(crate) fn unsupported_grant_type(description: impl Into<String>) -> Self {
        let error = "unsupported_grant_type";
        Self::new(error, description, ProblemCode::ValidationFailed)
    }

    fn new(
        error: &'static str,
        description: impl Into<String>,
        problem: impl Into<Problem>,
    ) -> Self {
        let body = OAuthErrorResponse {
            error,
            error_description: description.into(),
        };
        Self {
            body: Some(body),
            problem: Box::new(problem.into()),
        }
    }
}

impl From<Problem> for OAuthError {
    fn from(problem: Problem) -> Self {
        if problem.code() == ProblemCode::MalformedBody {
            let description = "the body is incomplete or not UTF-8";
            return Self::new("invalid_request", description, problem);
        }
        Self {
            body: None,
            problem: Box::new(problem),
        }
    }
}

impl From<ServiceError> for OAuthError {
    fn from(error: ServiceError) -> Self {
        let kind = match &error {
            ServiceError::InvalidClient => "invalid_client",
            ServiceError::InvalidScope => "invalid_scope",
            ServiceError::UnsupportedToken => "unsupported_token_type",
            _ => "invalid_grant",
        };
        let description = match &error {
            // An invalid e-mail address or password is one that no administrator has.
            ServiceError::Invalid(_) => ServiceError::InvalidCredentials.to_string(),
            ServiceError::SecondFactorRequired { .. } => {
                "a second factor is on: send a one-time code or a recovery code as `client_secret`"
                    .to_owned()
            }
            ServiceError::InvalidCredentials
            | ServiceError::SecondFactorInvalid
            | ServiceError::ChallengeInvalid
            | ServiceError::InvalidClient
            | ServiceError::InvalidScope
            | ServiceError::UnsupportedToken
            | ServiceError::PasswordExpired
            | ServiceError::RefreshToken => error.to_string(),
            _ => return Problem::from(error).into(),
        };
        Self::new(kind, description, error)
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let Some(body) = self.body else {
            return (*self.problem).into_response();
        };
        // Of all problems with a body, only that of an unknown service is a 401 (RFC 6749 §5.2).
        let challenge = match self.problem.code() {
            ProblemCode::InvalidClient => challenge(ProblemCode::InvalidClient),
            _ => None,
        };
        let mut response = (StatusCode::BAD_REQUEST, Json(body)).into_response();
        if let Some(challenge) = challenge {
            *response.status_mut() = StatusCode::UNAUTHORIZED;
            let challenge = HeaderValue::from_static(challenge);
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response.extensions_mut().insert(*self.problem);
        response
    }
}
