use std::fmt;
use std::time::Duration;

use divan_core::api::{Problem, ProblemCode};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a call failed.
///
/// One of five things happened, and each has its question:
///
/// | question | what happened | did the server act? |
/// |---|---|---|
/// | [`is_setup`](Self::is_setup) | the client cannot be built, or the call cannot be sent | no |
/// | [`is_connect`](Self::is_connect) | no connection | no |
/// | [`is_timeout`](Self::is_timeout) | no answer in time | perhaps, unless `is_connect` too |
/// | [`is_problem`](Self::is_problem) | the server refused, and [`problem`](Self::problem) says why | it says so |
/// | [`is_unexpected_answer`](Self::is_unexpected_answer) | what came back is not of this contract | perhaps |
///
/// Neither `Display` nor `Debug` shows a secret, a body or a URL. The [`source`](std::error::Error::source) is the cause.
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
///         _ if error.is_connect() || error.is_timeout() => "check the network",
///         _ => "ask the administrator",
///     }
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<Kind>);

/// The line of an answer that says how it went.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
}

#[derive(Debug, thiserror::Error)]
enum Kind {
    #[error("{reason}")]
    Setup { reason: &'static str, source: Option<Cause> },
    #[error("could not connect to the server")]
    Connect { source: reqwest::Error },
    #[error("the server did not answer in time")]
    Timeout { source: reqwest::Error },
    #[error("the connection broke before the answer")]
    Unanswered { source: reqwest::Error },
    #[error("unexpected answer with status {}: {reason}", head.status)]
    Unexpected { head: Head, reason: String, source: Option<reqwest::Error> },
    #[error("the server answered {} {}", head.status, problem.0.code().as_str())]
    Refused { head: Head, problem: Quiet },
}

/// A problem whose text does not show: a server may repeat in it what it was sent.
struct Quiet(Problem);

impl fmt::Debug for Quiet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0.code())
    }
}

impl Error {
    /// Whether nothing was sent because the address, a token or this machine's TLS cannot be used. The message says it.
    pub fn is_setup(&self) -> bool {
        matches!(*self.0, Kind::Setup { .. })
    }

    /// Whether there was no connection to send the request over: no such host, nothing listens there, TLS failed, or
    /// it took too long (then [`is_timeout`](Self::is_timeout) too).
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

    /// Whether what came back is not of this contract: no answer at all, one that is cut off, too large, of another
    /// shape or not JSON, a redirect, or an error page of something between here and the server.
    pub fn is_unexpected_answer(&self) -> bool {
        matches!(*self.0, Kind::Unanswered { .. } | Kind::Unexpected { .. })
    }

    /// Whether the answer's status is 401: the credentials, the token or the init data are missing or wrong.
    pub fn is_unauthorized(&self) -> bool {
        self.status() == Some(401)
    }

    /// Whether name and password do not open an account.
    pub fn is_invalid_credentials(&self) -> bool {
        self.code() == Some(ProblemCode::InvalidCredentials)
    }

    /// Whether the life of the access token is over, so that signing in again helps.
    pub fn is_token_expired(&self) -> bool {
        self.code() == Some(ProblemCode::TokenExpired)
    }

    /// The problem that the server answered with. Its texts are the server's and are meant for developers; front ends
    /// translate by [`code`](Self::code).
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

    fn head(&self) -> Option<Head> {
        match *self.0 {
            Kind::Unexpected { head, .. } | Kind::Refused { head, .. } => Some(head),
            _ => None,
        }
    }

    pub(crate) fn setup(reason: &'static str) -> Self {
        Kind::Setup { reason, source: None }.into()
    }

    pub(crate) fn setup_failed(reason: &'static str, cause: impl Into<Cause>) -> Self {
        Kind::Setup { reason, source: Some(cause.into()) }.into()
    }

    pub(crate) fn unanswered(cause: reqwest::Error) -> Self {
        let source = cause.without_url();
        if source.is_builder() {
            Self::setup_failed("the request cannot be written", source)
        } else if source.is_connect() {
            Kind::Connect { source }.into()
        } else if source.is_timeout() {
            Kind::Timeout { source }.into()
        } else {
            Kind::Unanswered { source }.into()
        }
    }

    pub(crate) fn cut_off(head: Head, cause: reqwest::Error) -> Self {
        let source = cause.without_url();
        if source.is_timeout() {
            return Kind::Timeout { source }.into();
        }
        Kind::Unexpected { head, reason: "cut off".to_owned(), source: Some(source) }.into()
    }

    /// Of the cause only the place is kept: its message may quote a token out of the body.
    pub(crate) fn misshapen(head: Head, cause: &serde_json::Error) -> Self {
        let what = if cause.is_data() { "JSON of another shape" } else { "not JSON" };
        let reason = format!("{what} at line {} column {}", cause.line(), cause.column());
        Kind::Unexpected { head, reason, source: None }.into()
    }

    pub(crate) fn unexpected(head: Head, reason: &str) -> Self {
        Kind::Unexpected { head, reason: reason.to_owned(), source: None }.into()
    }

    pub(crate) fn refused(head: Head, problem: Problem) -> Self {
        Kind::Refused { head, problem: Quiet(problem) }.into()
    }
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        Self(Box::new(kind))
    }
}
