mod service;

use std::error::Error;
use std::sync::Arc;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use divan_core::api::{self, MemberError, ProblemCode};

/// Everything that is not a success. The only place where an error becomes HTTP.
#[derive(Clone, Debug)]
pub struct Problem {
    body: Box<api::Problem>,
    /// For the log alone.
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl Problem {
    /// The problem of a code.
    pub fn new(code: ProblemCode) -> Self {
        Self {
            body: Box::new(api::Problem::new(code)),
            cause: None,
        }
    }

    /// Says what to do about it.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.body.detail = Some(detail.into());
        self
    }

    /// Names the members that are at fault.
    #[must_use]
    pub fn errors(mut self, errors: impl Into<Vec<MemberError>>) -> Self {
        self.body.errors = errors.into();
        self
    }

    /// Keeps what caused it, for the log.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Arc::new(cause));
        self
    }

    pub(crate) fn body(&self) -> &api::Problem {
        &self.body
    }

    pub(crate) fn code(&self) -> ProblemCode {
        self.body.code()
    }

    pub(crate) fn cause(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.cause.as_deref()
    }

    /// Adds the id that the log has the cause under; on errors of the server only.
    pub(crate) fn request_id(mut self, id: &str) -> Self {
        if self.body.status >= 500 {
            self.body.request_id = Some(id.to_owned());
        }
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.body.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let json = serde_json::to_vec(&self.body).unwrap_or_default();
        let content_type = HeaderValue::from_static("application/problem+json");
        let mut response = (status, [(CONTENT_TYPE, content_type)], json).into_response();
        if let Some(challenge) = challenge(self.code()) {
            response
                .headers_mut()
                .insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = retry_after(self.code()) {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        // The edge logs it and adds the request id.
        response.extensions_mut().insert(self);
        response
    }
}

/// What a 401 asks for (RFC 9110 §11.6.1): a bearer token (RFC 6750 §3), or init data.
pub(crate) fn challenge(code: ProblemCode) -> Option<&'static str> {
    match code {
        ProblemCode::TokenInvalid | ProblemCode::TokenExpired => {
            Some(r#"Bearer error="invalid_token""#)
        }
        ProblemCode::InitDataMissing
        | ProblemCode::InitDataInvalid
        | ProblemCode::InitDataExpired => Some("tma"),
        code if code.status() == 401 => Some("Bearer"),
        _ => None,
    }
}

/// After how many seconds the same request may succeed (RFC 9110 §10.2.3).
pub(crate) fn retry_after(code: ProblemCode) -> Option<&'static str> {
    matches!(code, ProblemCode::Overloaded | ProblemCode::Unavailable).then_some("5")
}
