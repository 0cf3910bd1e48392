//! Files with certificates and keys that a database URL names.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::PostgresUrl;

/// Maximum size in bytes. A larger or endless file was named by mistake.
const MAX_BYTES: u64 = 1024 * 1024;

/// Error of a file that a parameter of a database URL names. Does not contain the path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("names a file in `{parameter}` that {reason}")]
#[non_exhaustive]
pub struct InvalidCertificateFile {
    /// Name of the parameter.
    pub parameter: &'static str,
    /// The problem; continues "a file that".
    pub reason: String,
}

/// Trusted certificates in PEM form.
#[derive(Clone)]
pub(super) struct RootCertificates(Arc<[u8]>);

redacted_debug!(RootCertificates {});

impl PostgresUrl {
    /// Reads and checks the files of `sslrootcert`, `sslcert` and `sslkey`. Trusted certificates are kept,
    /// so that each connection uses the same ones; otherwise each connection reads the file.
    ///
    /// ```
    /// use divan_core::database_url::DatabaseUrl;
    ///
    /// let url: DatabaseUrl = "postgres://divan@db/divan?sslmode=verify-full&sslrootcert=/nowhere".parse()?;
    /// let DatabaseUrl::Postgres(mut url) = url else { unreachable!() };
    /// let error = url.read_certificates().unwrap_err();
    /// assert_eq!(error.to_string(), "names a file in `sslrootcert` that does not exist");
    /// # Ok::<(), divan_core::database_url::InvalidDatabaseUrl>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidCertificateFile`] if a file cannot be read, or contains no certificate or key.
    pub fn read_certificates(&mut self) -> Result<(), InvalidCertificateFile> {
        if let Some(path) = &self.ssl_root_cert {
            let pem = checked("sslrootcert", path, check_certificates)?;
            self.root_pem = Some(RootCertificates(Arc::from(pem.as_slice())));
        }
        if let Some(path) = &self.ssl_cert {
            checked("sslcert", path, check_certificates)?;
        }
        if let Some(path) = &self.ssl_key {
            checked("sslkey", path, check_key)?;
        }
        Ok(())
    }

    /// Trusted certificates, if they were read.
    pub(crate) fn root_certificates(&self) -> Option<&[u8]> {
        self.root_pem.as_ref().map(|pem| &*pem.0)
    }
}

/// Checks a file of trusted certificates. Returns the problem, which continues "a file that".
#[cfg(feature = "infra")]
pub(crate) fn check_trusted(path: &Path) -> Result<(), String> {
    let checked = checked("", path, check_certificates);
    checked.map(drop).map_err(|error| error.reason)
}

fn checked(
    parameter: &'static str,
    path: &Path,
    check: fn(&[u8]) -> Result<(), &'static str>,
) -> Result<Zeroizing<Vec<u8>>, InvalidCertificateFile> {
    let pem = read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "does not exist".to_owned(),
        io::ErrorKind::FileTooLarge => format!("is larger than {} KiB", MAX_BYTES / 1024),
        kind => format!("cannot be read: {kind}"),
    });
    pem.and_then(|pem| check(&pem).map(|()| pem).map_err(str::to_owned))
        .map_err(|reason| InvalidCertificateFile { parameter, reason })
}

fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    File::open(path)?
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

fn check_certificates(pem: &[u8]) -> Result<(), &'static str> {
    use rustls::RootCertStore;
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let is_valid = certificate.is_ok_and(|certificate| store.add(certificate).is_ok());
        if !is_valid {
            return Err("contains a certificate that cannot be read");
        }
    }
    if store.is_empty() {
        return Err("contains no certificate in PEM form");
    }
    Ok(())
}

fn check_key(pem: &[u8]) -> Result<(), &'static str> {
    use rustls::pki_types::PrivateKeyDer;
    use rustls::pki_types::pem::PemObject;

    PrivateKeyDer::from_pem_slice(pem)
        .map(drop)
        .map_err(|_| "contains no private key in PEM form without a password")
}
