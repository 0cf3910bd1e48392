use std::fmt;
use std::time::Duration;

use divan_core::api::Problem;

use super::Error;
use crate::StoreError;

pub(super) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The line of an answer that says how it went.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
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
    #[error("nobody is signed in")]
    SignedOut,
    #[error(transparent)]
    Store(StoreError),
    #[error("could not connect to the server")]
    Connect { source: reqwest::Error },
    #[error("the server did not answer in time")]
    Timeout { source: Option<reqwest::Error> },
    #[error("the connection broke before the answer")]
    Unanswered { source: reqwest::Error },
    #[error("unexpected answer with status {}: {reason}", head.status)]
    Unexpected {
        head: Head,
        reason: String,
        source: Option<reqwest::Error>,
    },
    #[error("the server answered {} {}", head.status, problem.0.code().as_str())]
    Refused { head: Head, problem: Quiet },
}

/// A problem whose text does not show: a server may repeat in it what it was sent.
pub(super) struct Quiet(pub(super) Problem);

impl fmt::Debug for Quiet {
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

    pub(crate) fn signed_out() -> Self {
        Kind::SignedOut.into()
    }

    pub(crate) fn out_of_time() -> Self {
        Kind::Timeout { source: None }.into()
    }

    pub(crate) fn unanswered(cause: reqwest::Error) -> Self {
        let source = cause.without_url();
        if source.is_builder() {
            Self::setup_failed("the request cannot be written", source)
        } else if source.is_connect() {
            Kind::Connect { source }.into()
        } else if source.is_timeout() {
            Kind::Timeout {
                source: Some(source),
            }
            .into()
        } else {
            Kind::Unanswered { source }.into()
        }
    }

    pub(crate) fn cut_off(head: Head, cause: reqwest::Error) -> Self {
        let source = cause.without_url();
        if source.is_timeout() {
            return Kind::Timeout {
                source: Some(source),
            }
            .into();
        }
        Kind::Unexpected {
            head,
            reason: "cut off".to_owned(),
            source: Some(source),
        }
        .into()
    }

    /// Of the cause only the place is kept: its message may quote a token out of the body.
    pub(crate) fn misshapen(head: Head, cause: &serde_json::Error) -> Self {
        let what = if cause.is_data() {
            "JSON of another shape"
        } else {
            "not JSON"
        };
        let reason = format!("{what} at line {} column {}", cause.line(), cause.column());
        Kind::Unexpected {
            head,
            reason,
            source: None,
        }
        .into()
    }

    pub(crate) fn unexpected(head: Head, reason: &str) -> Self {
        Kind::Unexpected {
            head,
            reason: reason.to_owned(),
            source: None,
        }
        .into()
    }

    pub(crate) fn refused(head: Head, problem: Problem) -> Self {
        Kind::Refused {
            head,
            problem: Quiet(problem),
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
