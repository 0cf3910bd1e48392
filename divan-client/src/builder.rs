use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

use crate::base_url::{BaseUrl, PlainHttp};
use crate::{Client, Error};

const USER_AGENT: &str = concat!("divan-client/", env!("CARGO_PKG_VERSION"));

/// The settings of a [`Client`]; made by [`Client::builder`].
///
/// A proxy named by the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`) is used, but never for a
/// loopback address.
#[must_use]
pub struct ClientBuilder {
    base_url: String,
    plain_http: PlainHttp,
    timeout: Duration,
    connect_timeout: Duration,
    http_client: Option<reqwest::Client>,
}

impl ClientBuilder {
    pub(crate) fn new(base_url: &str) -> Self {
        Self {
            base_url: base_url.to_owned(),
            plain_http: PlainHttp::Loopback,
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            http_client: None,
        }
    }

    /// How long a call may take, from connecting to the last byte of the answer. Default: 30 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long connecting may take, TLS included. Default: 10 seconds.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sends over this HTTP client. Default: one of its own.
    ///
    /// For a proxy, a certificate authority or a connection pool of your own; it is one of `reqwest` 0.13. All that the
    /// default client takes care of is then yours: time-outs ([`timeout`](Self::timeout) and [`connect_timeout`](Self::connect_timeout) have no
    /// effect), TLS, proxies and redirects. Switch redirects off: a client that follows them sends the password on to
    /// wherever the answer points.
    pub fn http_client(mut self, http_client: reqwest::Client) -> Self {
        self.http_client = Some(http_client);
        self
    }

    /// Takes an `http` address of any host. Default: `http` on loopback only, `https` everywhere else.
    ///
    /// Everybody between here and there reads the passwords and tokens. Right inside a network that is encrypted by
    /// other means, such as a service mesh, and nowhere else.
    pub fn dangerously_allow_http(mut self) -> Self {
        self.plain_http = PlainHttp::Anywhere;
        self
    }

    /// The client.
    ///
    /// # Errors
    /// [`Error::is_setup`] when the address of the server is not a URL, is neither `https` nor `http`, is `http` on a
    /// host that is not loopback (`localhost`, `*.localhost`, `127.0.0.0/8`, `[::1]`), or has a user name, password,
    /// query or fragment in it; and when the operating system has no certificates to trust.
    pub fn build(self) -> Result<Client, Error> {
        let base = BaseUrl::parse(&self.base_url, self.plain_http)?;
        let http = match self.http_client {
            Some(http_client) => http_client,
            None => default_http_client(&base, self.timeout, self.connect_timeout)?,
        };
        Ok(Client { http, base })
    }
}

impl fmt::Debug for ClientBuilder {
    // Without the address, which is not checked for a password yet, and without the HTTP client's headers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("plain_http", &self.plain_http)
            .field("timeout", &self.timeout)
            .field("connect_timeout", &self.connect_timeout)
            .finish_non_exhaustive()
    }
}

fn default_http_client(
    base: &BaseUrl,
    timeout: Duration,
    connect_timeout: Duration,
) -> Result<reqwest::Client, Error> {
    let tls = tls(base).map_err(|cause| Error::setup_failed("TLS cannot be set up", cause))?;
    let mut http = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .timeout(timeout)
        .connect_timeout(connect_timeout)
        .redirect(reqwest::redirect::Policy::none())
        .tls_backend_preconfigured(tls);
    if base.is_loopback() {
        // The loopback of a proxy is another machine, and plain HTTP would show it the password.
        http = http.no_proxy();
    }
    if let Some(name) = base.loopback_name() {
        // A resolver that does not know RFC 6761 would ask the network about `divan.localhost`, and believe it. Port 0
        // stands for the port of the URL.
        let loopback = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), (Ipv6Addr::LOCALHOST, 0).into()];
        http = http.resolve_to_addrs(name, &loopback);
    }
    http.build().map_err(|cause| Error::setup_failed("the HTTP client cannot be set up", cause))
}

fn tls(base: &BaseUrl) -> Result<ClientConfig, rustls::Error> {
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?;
    // Plain HTTP trusts nobody: it must work in a container without certificates.
    let tls = if base.is_https() {
        tls.with_platform_verifier()?
    } else {
        tls.with_root_certificates(RootCertStore::empty())
    };
    let mut tls = tls.with_no_client_auth();
    // reqwest names its protocols only to a configuration that it makes itself.
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(tls)
}
