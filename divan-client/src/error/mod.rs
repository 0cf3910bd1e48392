use std::sync::Arc;
use std::time::Duration;

use divan_core::api::{Problem, ProblemCode};

pub(crate) use self::kind::Head;
use self::kind::Kind;

mod kind;

/// Why a call failed.
///
/// One of seven things happened, and each has its question:
///
/// | question | what happened | did the server act? |
/// |---|---|---|
/// | [`is_setup`](Self::is_setup) | the client cannot be built, or the call cannot be sent | no |
/// | [`is_signed_out`](Self::is_signed_out) | nobody is signed in, or no longer | no |
/// | [`is_store`](Self::is_store) | the [`TokenStore`](crate::TokenStore) failed | perhaps |
/// | [`is_connect`](Self::is_connect) | no connection | no |
/// | [`is_timeout`](Self::is_timeout) | no answer in time | perhaps, unless `is_connect` too |
/// | [`is_problem`](Self::is_problem) | the server refused, and [`problem`](Self::problem) says why | it says so |
/// | [`is_unexpected_answer`](Self::is_unexpected_answer) | what came back is not of this contract | perhaps |
///
/// Neither `Display` nor `Debug` shows a secret, a body or a URL. The
/// [`source`](std::error::Error::source) is the cause. Callers who wait for the same refresh are
/// given clones of the same error.
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
    /// Whether nothing was sent because the address, a token, what the token store holds or this
    /// machine's TLS cannot be used. The message says it.
    pub fn is_setup(&self) -> bool {
        matches!(*self.0, Kind::Setup { .. })
    }

    /// Whether one has to sign in: no tokens are stored, or the session of those that were has
    /// ended and they are stored no longer.
    pub fn is_signed_out(&self) -> bool {
        matches!(*self.0, Kind::SignedOut) || self.code() == Some(ProblemCode::RefreshTokenInvalid)
    }

    /// Whether the store of the tokens could not be read or written. After a sign-in, a change of
    /// the password or a refresh the server has acted, and its answer is lost.
    pub fn is_store(&self) -> bool {
        matches!(*self.0, Kind::Store(_))
    }

    /// Whether there was no connection to send the request over: no such host, nothing listens
    /// there, TLS failed, or it took too long (then [`is_timeout`](Self::is_timeout) too).
    pub fn is_connect(&self) -> bool {
        matches!(*self.0, Kind::Connect { .. })
    }

    /// Whether the time was up before the answer was complete.
    pub fn is_timeout(&self) -> bool {
        match &*self.0 {
            Kind::Timeout { .. } => true,
            Kind::Connect { source } => source.is_timeout(),
            _ => false,
        }
    }

    /// Whether the server answered with a problem.
    pub fn is_problem(&self) -> bool {
        self.problem().is_some()
    }

    /// Whether what came back is not of this contract: no answer at all, one that is cut off, too
    /// large, of another shape or not JSON, a redirect, or an error page of something between here
    /// and the server.
    pub fn is_unexpected_answer(&self) -> bool {
        matches!(*self.0, Kind::Unanswered { .. } | Kind::Unexpected { .. })
    }

    /// Whether the answer's status is 401: the credentials, the token or the init data are missing
    /// or wrong.
    pub fn is_unauthorized(&self) -> bool {
        self.status() == Some(401)
    }

    /// Whether name and password do not open an account.
    pub fn is_invalid_credentials(&self) -> bool {
        self.code() == Some(ProblemCode::InvalidCredentials)
    }

    /// Whether the life of the access token is over. A [`Handle`](crate::Handle) has tried to renew
    /// it by then.
    pub fn is_token_expired(&self) -> bool {
        self.code() == Some(ProblemCode::TokenExpired)
    }

    /// The problem that the server answered with. Its texts are the server's and are meant for
    /// developers; front ends translate by [`code`](Self::code).
    pub fn problem(&self) -> Option<&Problem> {
        match &*self.0 {
            Kind::Refused { problem, .. } => Some(&problem.0),
            _ => None,
        }
    }

    /// The code of the problem; [`ProblemCode::Unknown`] for one of a newer server.
    pub fn code(&self) -> Option<ProblemCode> {
        self.problem().map(Problem::code)
    }

    /// The HTTP status of the answer, where one came.
    pub fn status(&self) -> Option<u16> {
        self.head().map(|head| head.status)
    }

    /// How long to wait before the next try, where the answer's `Retry-After` says so in seconds.
    pub fn retry_after(&self) -> Option<Duration> {
        self.head()?.retry_after
    }

    /// Whether the server takes the access token no longer, so that a new one may help.
    pub(crate) fn is_token_refused(&self) -> bool {
        matches!(
            self.code(),
            Some(ProblemCode::TokenExpired | ProblemCode::TokenInvalid)
        )
    }

    /// Whether the same request may well be answered in a moment: nothing whole came back, or
    /// something between here and there is busy or restarts.
    pub(crate) fn is_passing(&self) -> bool {
        match &*self.0 {
            Kind::Timeout { .. }
            | Kind::Unanswered { .. }
            | Kind::Unexpected {
                source: Some(_), ..
            } => true,
            Kind::Unexpected { head, .. } | Kind::Refused { head, .. } => {
                matches!(head.status, 429 | 502 | 503 | 504)
            }
            _ => false,
        }
    }

    fn head(&self) -> Option<Head> {
        match *self.0 {
            Kind::Unexpected { head, .. } | Kind::Refused { head, .. } => Some(head),
            _ => None,
        }
    }
}
