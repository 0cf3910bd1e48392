//! TLS of clients: ring and the certificates that the operating system trusts, without a
//! process-wide crypto provider.

use std::error;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::{ClientConfig, Error, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

use crate::error_sources;

/// Creates the TLS configuration of a client.
///
/// On Linux the trusted certificates are those in the files that `SSL_CERT_FILE` and `SSL_CERT_DIR`
/// name, or else the usual ones. Without encryption none are loaded, so that plain HTTP works in a
/// container without certificates.
///
/// # Errors
/// When the trusted certificates cannot be read.
pub fn client_config(is_encrypted: bool) -> Result<ClientConfig, Error> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?;
    let config = if is_encrypted {
        config.with_platform_verifier()?
    } else {
        config.with_root_certificates(RootCertStore::empty())
    };
    Ok(config.with_no_client_auth())
}

/// Returns `true` if a TLS connection failed with this error: the certificate is not trusted, or the service
/// does not use TLS.
pub fn is_tls_error(error: &(dyn error::Error + 'static)) -> bool {
    error_sources::find::<Error>(error).is_some()
}
