//! What goes wrong with TLS.

use rustls::CertificateError::{Expired, ExpiredContext, NotValidForName, NotValidForNameContext};
use rustls::Error;

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
