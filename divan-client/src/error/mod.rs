use std::sync::Arc;
use std::time::Duration;

use divan_core::api::{Problem, ProblemCode};
use divan_core::secret::Secret;

use self::kind::Kind;
pub(crate) use self::kind::ResponseParts;
pub use self::store::StoreError;

mod kind;
mod store;

/// Error of a call.
///
/// Each error answers one of these predicates with `true`:
///
/// | predicate | cause | was the request processed? |
/// |---|---|---|
/// | [`is_setup`](Self::is_setup) | the client or the request is invalid | no |
/// | [`is_signed_out`](Self::is_signed_out) | no user is signed in, or the session has ended | no |
/// | [`is_store`](Self::is_store) | the [`TokenStore`](crate::TokenStore) failed | perhaps |
/// | [`is_connect`](Self::is_connect) | no connection | no |
/// | [`is_timeout`](Self::is_timeout) | no complete response in time | perhaps, unless `is_connect` too |
/// | [`is_problem`](Self::is_problem) | the server returned a [`problem`](Self::problem) | see its code |
/// | [`is_unexpected_response`](Self::is_unexpected_response) | the response violates the contract | perhaps |
///
/// Neither `Display` nor `Debug` contains a secret, a body or a URL. The
/// [`source`](std::error::Error::source) is the cause. Concurrent callers that wait for the same
/// refresh receive clones of the same error.
///
/// # Examples
/// ```
/// use divan_client::Error;
/// use divan_client::api::ProblemCode;
///
/// fn advice(error: &Error) -> &'static str {
///     match error.code() {
///         Some(ProblemCode::InvalidCredentials) => "check phone number and password",
///         Some(ProblemCode::InitDataExpired) => "close the Mini App and open it again",
///         _ if error.is_signed_out() => "sign in",
///         _ if error.is_connect() || error.is_timeout() => "check the network",
///         _ => "ask the administrator",
///     }
/// }
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(Arc<Kind>);

impl Error {
    /// Returns `true` when nothing was sent because the base URL, a token, the content of the token
    /// store or the TLS configuration is invalid.
    pub fn is_setup(&self) -> bool {
        matches!(*self.0, Kind::Setup { .. })
    }

    /// Returns `true` when the user has to sign in: no tokens are stored, or their session has
    /// ended and they were removed from the store.
    pub fn is_signed_out(&self) -> bool {
        matches!(*self.0, Kind::NotSignedIn)
            || self.code() == Some(ProblemCode::RefreshTokenInvalid)
    }

    /// Returns `true` when the token store could not be read or written. After a sign-in, a change
    /// of the password or a refresh, the server has processed the request and the new tokens are lost.
    pub fn is_store(&self) -> bool {
        matches!(*self.0, Kind::Store(_))
    }

    /// Returns `true` when the connection could not be established: the host is unknown, the server
    /// refused it, TLS failed, or connecting timed out (then [`is_timeout`](Self::is_timeout) is `true`
    /// too).
    pub fn is_connect(&self) -> bool {
        matches!(*self.0, Kind::Connect { .. })
    }

    /// Returns `true` when the response was not complete in time.
    pub fn is_timeout(&self) -> bool {
        match &*self.0 {
            Kind::Timeout { .. } => true,
            Kind::Connect { source } => source.is_timeout(),
            _ => false,
        }
    }

    /// Returns `true` when the server returned a problem.
    pub fn is_problem(&self) -> bool {
        self.problem().is_some()
    }

    /// Returns `true` when the response violates the contract: none, truncated, too large, of
    /// another shape or not JSON, a redirect, or an error page of a proxy.
    pub fn is_unexpected_response(&self) -> bool {
        matches!(*self.0, Kind::NoResponse { .. } | Kind::Unexpected { .. })
    }

    /// Returns `true` when the status is 401: credentials, token or init data are missing or
    /// invalid.
    pub fn is_unauthorized(&self) -> bool {
        self.status() == Some(401)
    }

    /// Returns `true` when the phone number, the e-mail address or the password is wrong.
    pub fn is_invalid_credentials(&self) -> bool {
        self.code() == Some(ProblemCode::InvalidCredentials)
    }

    /// Returns `true` when the access token has expired. A [`Handle`](crate::Handle) has already
    /// tried to refresh it.
    pub fn is_token_expired(&self) -> bool {
        self.code() == Some(ProblemCode::TokenExpired)
    }

    /// Returns the problem of the response. Its texts are for developers; front ends translate by
    /// [`code`](Self::code).
    pub fn problem(&self) -> Option<&Problem> {
        match &*self.0 {
            Kind::Problem { problem, .. } => Some(&problem.0),
            _ => None,
        }
    }

    /// Returns the code of the problem; [`ProblemCode::Unknown`] for a code of a newer server.
    pub fn code(&self) -> Option<ProblemCode> {
        self.problem().map(Problem::code)
    }

    /// Returns the challenge of `second_factor_required`, to complete the sign-in with.
    pub fn challenge(&self) -> Option<&Secret> {
        self.problem()?.challenge()
    }

    /// Returns the HTTP status of the response, if there was one.
    pub fn status(&self) -> Option<u16> {
        self.response_parts().map(|parts| parts.status)
    }

    /// Returns the delay before the next attempt, if the response has a `Retry-After` in seconds.
    pub fn retry_after(&self) -> Option<Duration> {
        self.response_parts()?.retry_after
    }

    /// Returns `true` when a new access token may help.
    pub(crate) fn is_token_rejected(&self) -> bool {
        matches!(
            self.code(),
            Some(ProblemCode::TokenExpired | ProblemCode::TokenInvalid)
        )
    }

    /// Returns `true` when the same request may succeed later: the response is incomplete, or the
    /// server or a proxy is busy or restarting.
    pub(crate) fn is_transient(&self) -> bool {
        match &*self.0 {
            Kind::Timeout { .. }
            | Kind::NoResponse { .. }
            | Kind::Unexpected {
                source: Some(_), ..
            } => true,
            Kind::Unexpected { parts, .. } | Kind::Problem { parts, .. } => {
                matches!(parts.status, 429 | 502 | 503 | 504)
            }
            _ => false,
        }
    }

    fn response_parts(&self) -> Option<ResponseParts> {
        match *self.0 {
            Kind::Unexpected { parts, .. } | Kind::Problem { parts, .. } => Some(parts),
            _ => None,
        }
    }
}
