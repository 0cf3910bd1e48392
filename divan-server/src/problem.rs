mod oauth;
mod service;
mod telegram;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use divan_core::api::{self, MemberError, ProblemCode, ProofMethod};
use divan_core::secret::Secret;
use divan_core::types::{PasskeyOptions, ServiceScope};

pub(crate) use telegram::Refusal;

pub(crate) use oauth::{OAuthError, OAuthErrorResponse};

/// An error response. The only place where an error becomes HTTP.
#[derive(Clone, Debug)]
pub struct Problem {
    body: Box<api::Problem>,
    /// For the log only.
    cause: Option<Arc<dyn Error + Send + Sync>>,
    /// The time to wait, where the code alone does not determine it.
    retry_after: Option<Duration>,
    /// The reason of refused init data.
    refusal: Option<Refusal>,
    /// The scope that a service lacks.
    scope: Option<ServiceScope>,
}

impl Problem {
    /// The problem of a code.
    pub fn new(code: ProblemCode) -> Self {
        Self {
            body: Box::new(api::Problem::new(code)),
            cause: None,
            retry_after: None,
            refusal: None,
            scope: None,
        }
    }

    /// Sets the `detail`: the remedy, in English for developers. Default: none.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<String>) -> Self {
        self.map_body(|body| body.with_detail(detail))
    }

    /// Sets the members at fault. Default: none.
    #[must_use]
    pub fn with_errors(self, errors: impl Into<Vec<MemberError>>) -> Self {
        self.map_body(|body| body.with_errors(errors))
    }

    /// Sets the sign-in to complete. Default: none.
    #[must_use]
    pub(crate) fn with_challenge(self, challenge: Secret) -> Self {
        self.map_body(|body| body.with_challenge(challenge))
    }

    /// Sets the accepted proofs. Default: none.
    #[must_use]
    pub(crate) fn with_methods(self, methods: impl Into<Vec<ProofMethod>>) -> Self {
        self.map_body(|body| body.with_methods(methods))
    }

    /// Sets the options for the browser to use a passkey. Default: none.
    #[must_use]
    pub(crate) fn with_passkey(self, options: PasskeyOptions) -> Self {
        self.map_body(|body| body.with_passkey(options))
    }

    /// Sets the cause, for the log. Default: none.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Arc::new(cause));
        self
    }

    /// Sets the time after which to retry. Default: that of the code.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Sets the scope that a service lacks. Default: none.
    #[must_use]
    pub(crate) fn with_scope(mut self, scope: ServiceScope) -> Self {
        self.scope = Some(scope);
        self
    }

    /// Sets the id under which the log has the cause; on errors of the server only.
    #[must_use]
    pub(crate) fn with_request_id(self, id: &str) -> Self {
        if self.body.status() >= 500 {
            self.map_body(|body| body.with_request_id(id))
        } else {
            self
        }
    }

    /// Adds the bot that the server expects to the detail, if the signature is the fault.
    pub(crate) fn naming_bot(self, expected: Option<i64>) -> Option<Self> {
        let is_signature = self
            .refusal
            .is_some_and(|refusal| refusal.reason == "signature");
        let expected = expected.filter(|_| is_signature)?;
        let detail = self.body.detail().unwrap_or_default();
        let detail = format!("{detail} This server expects data of the bot {expected}.");
        Some(self.with_detail(detail.trim_start()))
    }

    pub(crate) fn body(&self) -> &api::Problem {
        &self.body
    }

    pub(crate) fn code(&self) -> ProblemCode {
        self.body.code()
    }

    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.refusal
    }

    pub(crate) fn cause(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.cause.as_deref()
    }

    fn map_body(self, change: impl FnOnce(api::Problem) -> api::Problem) -> Self {
        Self {
            body: Box::new(change(*self.body)),
            cause: self.cause,
            retry_after: self.retry_after,
            refusal: self.refusal,
            scope: self.scope,
        }
    }
}

impl From<ProblemCode> for Problem {
    fn from(code: ProblemCode) -> Self {
        Self::new(code)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.body.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let json = serde_json::to_vec(&self.body).unwrap_or_default();
        let content_type = HeaderValue::from_static("application/problem+json");
        let mut response = (status, [(CONTENT_TYPE, content_type)], json).into_response();
        let challenge = match self.scope {
            Some(scope) => Some(missing_scope(scope)),
            None => challenge(self.code()).map(HeaderValue::from_static),
        };
        if let Some(challenge) = challenge {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        let seconds = match self.retry_after {
            Some(wait) => Some(HeaderValue::from(wait.as_secs())),
            None => retry_after(self.code()).map(HeaderValue::from_static),
        };
        if let Some(seconds) = seconds {
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        // The middleware logs it and adds the request id.
        response.extensions_mut().insert(self);
        response
    }
}

/// The challenge of a 403 for a missing scope (RFC 6750 §3.1).
fn missing_scope(scope: ServiceScope) -> HeaderValue {
    let challenge = format!(
        r#"Bearer error="insufficient_scope", scope="{}""#,
        scope.as_str()
    );
    HeaderValue::try_from(challenge).unwrap_or(HeaderValue::from_static("Bearer"))
}

/// The challenge of a 401 (RFC 9110 §11.6.1): a bearer token (RFC 6750 §3), a recent proof of identity
/// (RFC 9470 §3), or init data.
pub(crate) fn challenge(code: ProblemCode) -> Option<&'static str> {
    match code {
        ProblemCode::TokenInvalid | ProblemCode::TokenExpired => {
            Some(r#"Bearer error="invalid_token""#)
        }
        ProblemCode::InsufficientUserAuthentication => {
            Some(r#"Bearer error="insufficient_user_authentication", max_age=300"#)
        }
        ProblemCode::InvalidClient => Some(r#"Basic realm="divan", charset="UTF-8""#),
        ProblemCode::InsufficientScope => Some(r#"Bearer error="insufficient_scope", scope="…""#),
        ProblemCode::InitDataMissing
        | ProblemCode::InitDataInvalid
        | ProblemCode::InitDataExpired => Some("tma"),
        code if code.status() == 401 => Some("Bearer"),
        _ => None,
    }
}

/// The number of seconds after which to retry (RFC 9110 §10.2.3). That of `too_many_attempts` is an
/// example: it depends on the attempts.
pub(crate) fn retry_after(code: ProblemCode) -> Option<&'static str> {
    match code {
        ProblemCode::Overloaded | ProblemCode::Unavailable => Some("5"),
        ProblemCode::TooManyAttempts => Some("30"),
        _ => None,
    }
}
