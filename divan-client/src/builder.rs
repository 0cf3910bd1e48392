use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use divan_core::clock::{Clock, SystemClock};

use crate::base_url::{BaseUrl, PlainHttp};
use crate::handle::Handle;
use crate::tokens::{MemoryStore, TokenStore};
use crate::wire::Wire;
use crate::{Client, Error, Retries, http};

/// The settings of a [`Client`]; made by [`Client::builder`].
///
/// A proxy named by the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`) is used,
/// but never for a loopback address.
#[must_use]
pub struct ClientBuilder {
    base_url: String,
    plain_http: PlainHttp,
    timeout: Duration,
    connect_timeout: Duration,
    http_client: Option<reqwest::Client>,
    retries: Retries,
    miniapp_store: Box<dyn TokenStore>,
    admin_store: Box<dyn TokenStore>,
    clock: Arc<dyn Clock>,
}

impl ClientBuilder {
    pub(crate) fn new(base_url: &str) -> Self {
        Self {
            base_url: base_url.to_owned(),
            plain_http: PlainHttp::Loopback,
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            http_client: None,
            retries: Retries::default(),
            miniapp_store: Box::new(MemoryStore::new()),
            admin_store: Box::new(MemoryStore::new()),
            clock: Arc::new(SystemClock),
        }
    }

    /// How long a call may take, from connecting to the last byte of the answer, with all that it
    /// is sent again and a refresh that it waits for. Default: 30 seconds.
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
    /// For a proxy, a certificate authority or a connection pool of your own; it is one of
    /// `reqwest` 0.13. All that the default client takes care of is then yours: TLS, proxies,
    /// redirects, its own retries and the time for connecting
    /// ([`connect_timeout`](Self::connect_timeout) has no effect). Switch redirects off
    /// (`redirect::Policy::none()`): a client that follows them sends the password on to wherever
    /// the answer points. Switch its retries off (`retry::never()`), or a sign-in may be sent
    /// twice.
    pub fn http_client(mut self, http_client: reqwest::Client) -> Self {
        self.http_client = Some(http_client);
        self
    }

    /// When a call is sent again by itself. Default: [`Retries::default`], three times at most.
    pub fn retries(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

    /// Where the tokens of [`Client::miniapp`] are kept. Default: a [`MemoryStore`].
    pub fn miniapp_store(mut self, store: impl TokenStore + 'static) -> Self {
        self.miniapp_store = Box::new(store);
        self
    }

    /// Where the tokens of [`Client::admin`] are kept. Default: a [`MemoryStore`].
    pub fn admin_store(mut self, store: impl TokenStore + 'static) -> Self {
        self.admin_store = Box::new(store);
        self
    }

    /// Where the time comes from by which tokens are renewed. Default: the [`SystemClock`].
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Takes an `http` address of any host. Default: `http` on loopback only, `https` everywhere
    /// else.
    ///
    /// Everybody between here and there reads the passwords and tokens. Right inside a network that
    /// is encrypted by other means, such as a service mesh, and nowhere else.
    pub fn dangerously_allow_http(mut self) -> Self {
        self.plain_http = PlainHttp::Anywhere;
        self
    }

    /// The client.
    ///
    /// # Errors
    /// [`Error::is_setup`] when the address of the server is not a URL, is neither `https` nor
    /// `http`, is `http` on a host that is not loopback (`localhost`, `*.localhost`, `127.0.0.0/8`,
    /// `[::1]`), or has a user name, password, query or fragment in it; and when the operating
    /// system has no certificates to trust.
    pub fn build(self) -> Result<Client, Error> {
        let base = BaseUrl::parse(&self.base_url, self.plain_http)?;
        let http = match self.http_client {
            Some(http_client) => http_client,
            None => http::default_client(&base, self.connect_timeout)?,
        };
        let wire = Arc::new(Wire {
            http,
            base,
            timeout: self.timeout,
            retries: self.retries,
        });
        let clock = self.clock;
        Ok(Client {
            miniapp: Handle::new(Arc::clone(&wire), self.miniapp_store, Arc::clone(&clock)),
            admin: Handle::new(Arc::clone(&wire), self.admin_store, Arc::clone(&clock)),
            wire,
            clock,
        })
    }
}

impl fmt::Debug for ClientBuilder {
    // Without the address, which is not checked for a password yet, and without the HTTP client's
    // headers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("plain_http", &self.plain_http)
            .field("timeout", &self.timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}
