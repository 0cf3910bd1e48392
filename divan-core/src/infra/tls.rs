//! TLS with ring and the certificates that the operating system trusts; nothing is installed in the
//! process.

use rustls::CertificateError::{Expired, ExpiredContext, NotValidForName, NotValidForNameContext};
use rustls::Error;

/// Whose certificates count.
#[cfg(any(feature = "qdrant", feature = "reconnecting"))]
#[derive(Clone, Copy, Debug)]
pub(super) enum Trust {
    /// Those that the operating system trusts; on Linux the files that `SSL_CERT_FILE` and
    /// `SSL_CERT_DIR` name, or else the usual ones.
    System,
    /// Nobody's, for what is not encrypted: that must work in a container without certificates.
    #[cfg(feature = "qdrant")]
    Nobody,
}

/// A client's side.
#[cfg(any(feature = "qdrant", feature = "reconnecting"))]
pub(super) fn client(trust: Trust) -> Result<rustls::ClientConfig, Error> {
    use rustls_platform_verifier::BuilderVerifierExt;

    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?;
    let tls = match trust {
        Trust::System => tls.with_platform_verifier()?,
        #[cfg(feature = "qdrant")]
        Trust::Nobody => tls.with_root_certificates(rustls::RootCertStore::empty()),
    };
    Ok(tls.with_no_client_auth())
}

/// What to do about a handshake that failed.
pub(super) fn advice(error: &Error) -> &'static str {
    match error {
        Error::InvalidCertificate(Expired | ExpiredContext { .. }) => {
            "the certificate at this address has expired: renew it (or set this machine's clock)"
        }
        Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }) => {
            "the certificate at this address is for another name: use the name that it is for"
        }
        Error::InvalidCertificate(_) => {
            "the certificate at this address is signed by nobody whom this machine trusts: install the certificate of \
             its authority, or name it with SSL_CERT_FILE"
        }
        Error::InvalidMessage(_) => {
            "what answers at this address speaks no TLS: use the port that does, or no TLS"
        }
        _ => "no encrypted connection can be agreed on: check that this is the port for TLS",
    }
}
