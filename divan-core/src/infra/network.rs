//! Timeouts of connections, and classification of their errors.

#[cfg(any(feature = "s3", feature = "qdrant"))]
use std::error::Error;
use std::io;
use std::time::Duration;

use super::probe::{Cause, ProbeError};
use crate::error_sources::find;
use crate::tls_error;

/// Maximum duration of a connection attempt, including TLS and authentication.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum wait for the response to a request.
#[cfg(any(feature = "s3", feature = "qdrant", feature = "redis"))]
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Classifies the error of a connection that could not be established, or that broke.
pub(super) fn probe_error(cause: impl Into<Cause>) -> ProbeError {
    let cause = cause.into();
    if let Some(error) = find::<rustls::Error>(cause.as_ref()) {
        return ProbeError::Misconfigured(tls_error::advice(error), Some(cause));
    }
    #[cfg(any(feature = "s3", feature = "qdrant"))]
    if is_not_http(cause.as_ref()) {
        let advice = "the service at this address does not use HTTP, or only with TLS (`https://`): check host and port";
        return ProbeError::Misconfigured(advice, Some(cause));
    }
    match find::<io::Error>(cause.as_ref()) {
        Some(error) if error.kind() == io::ErrorKind::TimedOut => ProbeError::Slow,
        _ => ProbeError::Unreachable(cause),
    }
}

/// Adds the advice to use TLS to the error of a connection that was `encrypted` or not: some servers
/// close a connection without TLS if they expect it.
#[cfg(feature = "reconnecting")]
pub(super) async fn advise_tls(
    error: ProbeError,
    host: &str,
    port: u16,
    encrypted: bool,
) -> ProbeError {
    match error {
        ProbeError::Unreachable(cause)
            if !encrypted && super::stream::speaks_tls(host, port).await =>
        {
            let advice =
                "the service at this address expects TLS: turn TLS on, or use its port without TLS";
            ProbeError::Misconfigured(advice, Some(cause))
        }
        error => error,
    }
}

/// Returns `true` if the error is a response that is not HTTP.
#[cfg(any(feature = "s3", feature = "qdrant"))]
pub(super) fn is_not_http(error: &(dyn Error + 'static)) -> bool {
    // A server that sends data before the request has no predicate in `hyper`.
    let is_unexpected =
        |error: &hyper::Error| error.to_string() == "received unexpected message from connection";
    find::<hyper::Error>(error).is_some_and(|error| error.is_parse() || is_unexpected(error))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn an_untrusted_certificate_is_found_inside_other_errors() {
        let untrusted = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let inner = io::Error::new(io::ErrorKind::InvalidData, untrusted);
        let error = probe_error(io::Error::other(Arc::new(inner)));
        assert!(
            matches!(&error, ProbeError::Misconfigured(advice, Some(_)) if advice.contains("SSL_CERT_FILE"))
        );
    }

    #[test]
    fn a_timeout_is_slow_and_a_refused_connection_is_unreachable() {
        assert!(matches!(
            probe_error(io::Error::from(io::ErrorKind::TimedOut)),
            ProbeError::Slow
        ));
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert!(matches!(probe_error(refused), ProbeError::Unreachable(_)));
    }
}
