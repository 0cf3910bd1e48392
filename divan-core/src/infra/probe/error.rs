use std::error::Error;

/// What lies below a [`ProbeError`], for the log. Boxed, since each dependency has errors of its
/// own.
pub type Cause = Box<dyn Error + Send + Sync>;

/// Why a dependency cannot be used, and what to do about it.
///
/// Messages are for operators. None of them, nor any cause below, holds a key or a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// Nobody listens at the address, or no such host is known.
    #[error("nothing answers at this address: check host and port, and that the service runs")]
    Unreachable(#[source] Cause),
    /// It answers, and does not take the key or password.
    #[error("the credentials are refused: check user and password, or the key")]
    Refused(#[source] Cause),
    /// It answers, and something is set wrong; the text says what, and how to put it right.
    #[error("{0}")]
    Misconfigured(&'static str, #[source] Option<Cause>),
    /// It did not answer within the deadline.
    #[error(
        "no answer in time: the service hangs or is overloaded, or a firewall swallows what is sent to it"
    )]
    Slow,
    /// It answers that it cannot work now, or with what nobody can make sense of.
    #[error("the service answers with an error of its own: see its log")]
    Failed(#[source] Cause),
}
