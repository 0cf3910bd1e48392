//! Classification of TLS errors.

use rustls::CertificateError::{Expired, ExpiredContext, NotValidForName, NotValidForNameContext};
use rustls::Error;

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
