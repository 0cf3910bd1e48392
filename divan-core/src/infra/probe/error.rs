use std::error::Error;

/// Source of a [`ProbeError`], for the log. Boxed, because each dependency has its own error types.
pub type Cause = Box<dyn Error + Send + Sync>;

/// Reason why a dependency cannot be used, with a remedy.
///
/// Messages are for operators. Neither they nor their sources contain a key or a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// The host is unknown, or nothing listens on the port.
    #[error("no connection to this address: check host and port, and that the service runs")]
    Unreachable(#[source] Cause),
    /// The dependency rejects the key or password.
    #[error("the credentials are rejected: check user and password, or the key")]
    CredentialsRejected(#[source] Cause),
    /// A setting is wrong. The text names the problem and the remedy.
    #[error("{0}")]
    Misconfigured(&'static str, #[source] Option<Cause>),
    /// The dependency did not respond within the deadline.
    #[error(
        "no response in time: the service hangs or is overloaded, or a firewall drops the packets"
    )]
    Slow,
    /// The dependency returned an error, or a response that cannot be understood.
    #[error("the service returned an error: see its log")]
    Failed(#[source] Cause),
}
