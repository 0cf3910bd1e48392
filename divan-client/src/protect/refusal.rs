use divan_core::token::TokenError;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};

/// Reason of a refused request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The request has no access token.
    #[error("the request has no access token")]
    TokenMissing,
    /// The access token is not valid, or was revoked.
    #[error("the access token is not valid")]
    TokenInvalid(#[source] TokenError),
    /// The user has another role, or the token is for another audience.
    #[error("the role or the audience of the access token is not sufficient")]
    Insufficient,
    /// Neither usable keys nor a response of the server are available.
    #[error("access tokens cannot be verified at the moment")]
    Unavailable,
}

impl Refusal {
    /// Returns the HTTP status: 401, 403 or 503.
    pub const fn status(&self) -> u16 {
        match self {
            Self::TokenMissing | Self::TokenInvalid(_) => 401,
            Self::Insufficient => 403,
            Self::Unavailable => 503,
        }
    }

    /// Returns the value of `WWW-Authenticate` (RFC 6750 §3); `None` for 503.
    pub const fn www_authenticate(&self) -> Option<&'static str> {
        match self {
            Self::TokenMissing => Some("Bearer"),
            Self::TokenInvalid(_) => Some(r#"Bearer error="invalid_token""#),
            Self::Insufficient => Some(r#"Bearer error="insufficient_scope""#),
            Self::Unavailable => None,
        }
    }

    /// Returns the value of `Retry-After` in seconds; only for 503.
    pub const fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Unavailable => Some(5),
            _ => None,
        }
    }

    /// Returns the response, with an empty body.
    pub fn to_response<B: Default>(&self) -> Response<B> {
        let mut response = Response::new(B::default());
        *response.status_mut() =
            StatusCode::from_u16(self.status()).unwrap_or(StatusCode::UNAUTHORIZED);
        let headers = response.headers_mut();
        if let Some(challenge) = self.www_authenticate() {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = self.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
