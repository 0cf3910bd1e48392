//! What an error of the network means to an operator.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::probe::{Cause, ProbeError};
use super::tls;

/// How long a connection may take to be made, TLS and sign-in included.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a dependency may take to answer one request.
#[cfg(any(feature = "s3", feature = "qdrant", feature = "redis"))]
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// The fault behind a connection that could not be made, or that broke.
pub(super) fn fault(cause: impl Into<Cause>) -> ProbeError {
    let cause = cause.into();
    if let Some(refusal) = find::<rustls::Error>(cause.as_ref()) {
        return ProbeError::Misconfigured(tls::advice(refusal), Some(cause));
    }
    #[cfg(any(feature = "s3", feature = "qdrant"))]
    if is_no_http(cause.as_ref()) {
        let advice = "what answers at this address speaks no HTTP: check host and port";
        return ProbeError::Misconfigured(advice, Some(cause));
    }
    match find::<io::Error>(cause.as_ref()) {
        Some(error) if error.kind() == io::ErrorKind::TimedOut => ProbeError::Slow,
        _ => ProbeError::Unreachable(cause),
    }
}

/// Whether something else than HTTP was answered.
#[cfg(any(feature = "s3", feature = "qdrant"))]
pub(super) fn is_no_http(error: &(dyn Error + 'static)) -> bool {
    // What speaks first, before anything was asked, has no predicate of its own.
    let speaks_first =
        |error: &hyper::Error| error.to_string() == "received unexpected message from connection";
    find::<hyper::Error>(error).is_some_and(|error| error.is_parse() || speaks_first(error))
}

/// Looks for an error of this type along the sources, and inside of `io::Error` and `Arc`, which do
/// not name what they hold as their source.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        if let Some(found) = held(error).and_then(find) {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// What is inside of a wrapper.
fn held<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return error.get_ref().map(|held| held as _);
    }
    if let Some(error) = error.downcast_ref::<Arc<io::Error>>() {
        return Some(&**error);
    }
    error
        .downcast_ref::<Arc<dyn Error + Send + Sync>>()
        .map(|held| &**held as _)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_nobody_trusts_is_found_below_other_errors() {
        let refusal = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let below = io::Error::new(io::ErrorKind::InvalidData, refusal);
        let error = fault(io::Error::other(Arc::new(below)));
        assert!(
            matches!(&error, ProbeError::Misconfigured(advice, Some(_)) if advice.contains("SSL_CERT_FILE"))
        );
    }

    #[test]
    fn a_time_out_is_slow_and_a_refusal_is_unreachable() {
        assert!(matches!(
            fault(io::Error::from(io::ErrorKind::TimedOut)),
            ProbeError::Slow
        ));
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert!(matches!(fault(refused), ProbeError::Unreachable(_)));
    }
}
