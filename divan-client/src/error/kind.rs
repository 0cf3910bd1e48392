use std::fmt;
use std::time::Duration;

use divan_core::api::Problem;

use super::{Error, StoreError};

pub(super) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Status and `Retry-After` of a response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResponseParts {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum Kind {
    #[error("{reason}")]
    Setup {
        reason: &'static str,
        source: Option<Cause>,
    },
    #[error("no user is signed in")]
    NotSignedIn,
    #[error(transparent)]
    Store(StoreError),
    #[error("could not connect to the server")]
    Connect { source: reqwest::Error },
    #[error("the request timed out")]
    Timeout { source: Option<reqwest::Error> },
    #[error("the connection was closed before the response")]
    NoResponse { source: reqwest::Error },
    #[error("unexpected response with status {}: {reason}", parts.status)]
    Unexpected {
        parts: ResponseParts,
        reason: String,
        source: Option<reqwest::Error>,
    },
    #[error("the server returned {} {}", parts.status, problem.0.code().as_str())]
    Problem {
        parts: ResponseParts,
        problem: Redacted,
    },
}

/// Problem whose `Debug` shows only the code, because a server may repeat secrets in its texts.
pub(super) struct Redacted(pub(super) Problem);

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0.code())
    }
}

impl Error {
    pub(crate) fn setup(reason: &'static str) -> Self {
        Kind::Setup {
            reason,
            source: None,
        }
        .into()
    }

    pub(crate) fn setup_failed(reason: &'static str, cause: impl Into<Cause>) -> Self {
        Kind::Setup {
            reason,
            source: Some(cause.into()),
        }
        .into()
    }

    pub(crate) fn not_signed_in() -> Self {
        Kind::NotSignedIn.into()
    }

    pub(crate) fn timed_out() -> Self {
        Kind::Timeout { source: None }.into()
    }

    pub(crate) fn from_send(cause: reqwest::Error) -> Self {
        let source = cause.without_url();
        if source.is_builder() {
            Self::setup_failed("cannot serialize the request", source)
        } else if source.is_connect() {
            Kind::Connect { source }.into()
        } else if source.is_timeout() {
            Kind::Timeout {
                source: Some(source),
            }
            .into()
        } else {
            Kind::NoResponse { source }.into()
        }
    }

    pub(crate) fn truncated(parts: ResponseParts, cause: reqwest::Error) -> Self {
        let source = Some(cause.without_url());
        if source.as_ref().is_some_and(reqwest::Error::is_timeout) {
            return Kind::Timeout { source }.into();
        }
        Kind::Unexpected {
            parts,
            reason: "truncated".to_owned(),
            source,
        }
        .into()
    }

    /// Keeps only the position of the cause: its message may quote a token from the body.
    pub(crate) fn invalid_body(parts: ResponseParts, cause: &serde_json::Error) -> Self {
        let what = if cause.is_data() {
            "JSON of another shape"
        } else {
            "not JSON"
        };
        let (line, column) = (cause.line(), cause.column());
        Self::unexpected(parts, &format!("{what} at line {line} column {column}"))
    }

    pub(crate) fn unexpected(parts: ResponseParts, reason: &str) -> Self {
        Kind::Unexpected {
            parts,
            reason: reason.to_owned(),
            source: None,
        }
        .into()
    }

    pub(crate) fn from_problem(parts: ResponseParts, problem: Problem) -> Self {
        Kind::Problem {
            parts,
            problem: Redacted(problem),
        }
        .into()
    }
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        Self(kind.into())
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Kind::Store(error).into()
    }
}
