//! Classification of TLS errors.

use rustls::CertificateError::{
    self, BadEncoding, BadSignature, Expired, ExpiredContext, NotValidForName,
    NotValidForNameContext, NotValidYet, NotValidYetContext, UnknownIssuer,
};
use rustls::{AlertDescription, Error};

/// Returns the problem and the remedy of a failed handshake.
pub(crate) fn advice(error: &Error) -> &'static str {
    match error {
        Error::InvalidCertificate(error) => certificate(error),
        Error::InvalidMessage(_) => {
            "the service at this address does not use TLS: use its TLS port, or turn TLS off"
        }
        Error::AlertReceived(
            AlertDescription::CertificateRequired | AlertDescription::BadCertificate,
        ) => "the service at this address requires a certificate of the client",
        Error::AlertReceived(AlertDescription::ProtocolVersion) | Error::PeerIncompatible(_) => {
            "the service at this address supports neither TLS 1.2 nor TLS 1.3 with current ciphers: update it"
        }
        _ => "the TLS handshake failed: check that this is the TLS port",
    }
}

fn certificate(error: &CertificateError) -> &'static str {
    match error {
        Expired | ExpiredContext { .. } => {
            "the certificate at this address has expired: renew it (or set this machine's clock)"
        }
        NotValidYet | NotValidYetContext { .. } => {
            "the certificate at this address is not valid yet: set the clocks of both machines"
        }
        NotValidForName | NotValidForNameContext { .. } => {
            "the certificate at this address is for another host name: use that name in the address (only names in \
             `subjectAltName` count)"
        }
        // A bad signature: an issuer of the same name with another key is trusted.
        UnknownIssuer | BadSignature => UNKNOWN_ISSUER,
        BadEncoding => "the certificate at this address cannot be read: issue it again",
        error if format!("{error:?}").contains("CaUsedAsEndEntity") => {
            "the certificate at this address is the one of an authority (`CA:TRUE`): let it issue a certificate for \
             the server, and use that"
        }
        error if format!("{error:?}").contains("UnsupportedCertVersion") => {
            "the certificate at this address has X.509 version 1: issue it again with the host name as `subjectAltName`, \
             which makes it version 3"
        }
        _ => "the certificate at this address is not acceptable: issue it again",
    }
}

const UNKNOWN_ISSUER: &str = "this machine does not trust the issuer of the certificate at this address: install the issuer's \
     certificate, or name it with SSL_CERT_FILE";

/// [`advice`] for a connection to PostgreSQL.
#[cfg(feature = "postgres")]
pub(crate) fn postgres_advice(error: &Error) -> &'static str {
    match advice(error) {
        UNKNOWN_ISSUER => {
            "this machine does not trust the issuer of the certificate of the server: name the issuer's certificate \
             with `sslrootcert` in DATABASE_URL, or with SSL_CERT_FILE"
        }
        advice => advice,
    }
}
