//! TLS with ring and the certificates that the operating system trusts, without a process-wide
//! crypto provider.

use rustls::CertificateError::{Expired, ExpiredContext, NotValidForName, NotValidForNameContext};
use rustls::Error;

/// Trusted certificates.
#[cfg(any(feature = "qdrant", feature = "reconnecting"))]
#[derive(Clone, Copy, Debug)]
pub(super) enum Trust {
    /// The certificates of the operating system; on Linux the files that `SSL_CERT_FILE` and
    /// `SSL_CERT_DIR` name, or else the usual ones.
    System,
    /// None, for connections without TLS, which must work in a container without certificates.
    #[cfg(feature = "qdrant")]
    None,
}

/// Creates the TLS configuration of a client.
#[cfg(any(feature = "qdrant", feature = "reconnecting"))]
pub(super) fn client(trust: Trust) -> Result<rustls::ClientConfig, Error> {
    use rustls_platform_verifier::BuilderVerifierExt;

    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?;
    let tls = match trust {
        Trust::System => tls.with_platform_verifier()?,
        #[cfg(feature = "qdrant")]
        Trust::None => tls.with_root_certificates(rustls::RootCertStore::empty()),
    };
    Ok(tls.with_no_client_auth())
}

/// Returns the problem and the remedy of a failed handshake.
pub(super) fn advice(error: &Error) -> &'static str {
    match error {
        Error::InvalidCertificate(Expired | ExpiredContext { .. }) => {
            "the certificate at this address has expired: renew it (or set this machine's clock)"
        }
        Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }) => {
            "the certificate at this address is for another host name: use that name in the address"
        }
        Error::InvalidCertificate(_) => {
            "this machine does not trust the issuer of the certificate at this address: install the issuer's \
             certificate, or name it with SSL_CERT_FILE"
        }
        Error::InvalidMessage(_) => {
            "the service at this address does not use TLS: use its TLS port, or turn TLS off"
        }
        _ => "the TLS handshake failed: check that this is the TLS port",
    }
}
