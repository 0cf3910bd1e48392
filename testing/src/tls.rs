use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, KeyPair, date_time_ymd};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use crate::in_process::InProcess;

/// A certificate for `localhost` that is not trusted, unless `SSL_CERT_FILE` names its file.
#[derive(Debug)]
pub struct TestCertificate {
    certificate: Certificate,
    key: KeyPair,
    folder: tempfile::TempDir,
}

impl TestCertificate {
    /// Creates a certificate.
    ///
    /// # Panics
    /// If it cannot be created or written.
    pub fn make() -> Self {
        Self::with(|_| ())
    }

    /// Creates a certificate that has expired.
    ///
    /// # Panics
    /// If it cannot be created or written.
    pub fn expired() -> Self {
        Self::with(|params| params.not_after = date_time_ymd(2001, 2, 3))
    }

    /// Creates a certificate of an authority, as `openssl req -x509` does.
    ///
    /// # Panics
    /// If it cannot be created or written.
    pub fn of_an_authority() -> Self {
        Self::with(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained))
    }

    fn with(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let made = Self {
            certificate: params.self_signed(&key).expect("a certificate"),
            key,
            folder: tempfile::tempdir().expect("a temporary folder"),
        };
        std::fs::write(made.file(), made.certificate.pem()).expect("the folder can be written to");
        made
    }

    /// The certificate and its private key, in PEM form.
    pub(crate) fn pem(&self) -> [String; 2] {
        [self.certificate.pem(), self.key.serialize_pem()]
    }

    /// The file with the certificate.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    fn acceptor(&self, protocol: &str) -> TlsAcceptor {
        let key = PrivatePkcs8KeyDer::from(self.key.serialize_der());
        let mut tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring knows them")
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.der().clone()], key.into())
            .expect("the key of the certificate");
        tls.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        TlsAcceptor::from(Arc::new(tls))
    }
}

/// A TLS proxy in front of a server without TLS. Stops when it is dropped.
#[derive(Debug)]
pub struct TlsFront(InProcess);

impl TlsFront {
    /// Starts a proxy for this port of the loopback address. The protocol of the server (`http/1.1`,
    /// `h2`) is announced to clients that support ALPN.
    ///
    /// # Panics
    /// If it does not start.
    pub fn of(port: u16, protocol: &str, certificate: &TestCertificate) -> Self {
        let mut front = InProcess::new();
        let acceptor = certificate.acceptor(protocol);
        front.start(|listener| serve(listener, acceptor, port));
        Self(front)
    }

    /// Its own port.
    pub fn port(&self) -> u16 {
        self.0.port()
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, port: u16) {
    while let Ok((outside, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let mut outside = acceptor.accept(outside).await?;
            let mut inside = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
            copy_bidirectional(&mut outside, &mut inside).await
        });
    }
}
