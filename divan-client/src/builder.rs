use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use divan_core::clock::{Clock, SystemClock};

use crate::base_url::{BaseUrl, HttpPolicy};
use crate::client::Client;
use crate::error::Error;
use crate::handle::Handle;
use crate::http_client;
use crate::retry::Retries;
use crate::tokens::{MemoryStore, TokenStore};
use crate::transport::Transport;

/// Settings of a [`Client`]; created by [`Client::builder`].
///
/// A proxy from the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`) is used,
/// except for loopback addresses.
#[must_use]
pub struct ClientBuilder {
    base_url: String,
    http_policy: HttpPolicy,
    timeout: Duration,
    connect_timeout: Duration,
    http_client: Option<reqwest::Client>,
    retries: Retries,
    miniapp_store: Box<dyn TokenStore>,
    admin_store: Box<dyn TokenStore>,
    clock: Arc<dyn Clock>,
}

impl Client {
    /// Creates a client of the server at `base_url`, with default settings.
    ///
    /// A path in `base_url` is a prefix, with or without a trailing `/`: with
    /// `https://example.com/prefix`, requests go to `https://example.com/prefix/auth/me`.
    ///
    /// # Errors
    /// As [`ClientBuilder::build`].
    ///
    /// # Examples
    /// ```
    /// use divan_client::Client;
    ///
    /// # fn main() -> Result<(), divan_client::Error> {
    /// let local = Client::new("http://divan.localhost:8000/")?;
    /// assert!(Client::new("http://example.com/").is_err(), "passwords are not sent in the clear");
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(base_url: &str) -> Result<Self, Error> {
        Self::builder(base_url).build()
    }

    /// Returns a builder for a client of the server at `base_url`.
    ///
    /// # Examples
    /// ```
    /// use divan_client::Client;
    /// use std::time::Duration;
    ///
    /// # fn main() -> Result<(), divan_client::Error> {
    /// let client = Client::builder("http://localhost:8000").timeout(Duration::from_secs(5)).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder(base_url: &str) -> ClientBuilder {
        ClientBuilder {
            base_url: base_url.to_owned(),
            http_policy: HttpPolicy::LoopbackOnly,
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            http_client: None,
            retries: Retries::default(),
            miniapp_store: Box::new(MemoryStore::new()),
            admin_store: Box::new(MemoryStore::new()),
            clock: Arc::new(SystemClock),
        }
    }
}

impl ClientBuilder {
    /// Sets the time limit of a call, from connecting to the last byte of the response, including
    /// retries and a token refresh. Default: 30 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the time limit for connecting, including TLS. Default: 10 seconds.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets the HTTP client (`reqwest` 0.13). Default: a client created by [`build`](Self::build).
    ///
    /// Use this for your own proxy, certificate authority or connection pool. You are then
    /// responsible for TLS, proxies, redirects, retries and the connect timeout
    /// ([`connect_timeout`](Self::connect_timeout) has no effect). Disable redirects
    /// (`redirect::Policy::none()`); otherwise the password is sent to any URL that a response names.
    /// Disable retries (`retry::never()`); otherwise a sign-in may be sent twice.
    pub fn http_client(mut self, http_client: reqwest::Client) -> Self {
        self.http_client = Some(http_client);
        self
    }

    /// Sets the retry policy. Default: [`Retries::default`], at most three attempts.
    pub fn retries(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

    /// Sets the token store of [`Client::miniapp`]. Default: a [`MemoryStore`].
    pub fn miniapp_store(mut self, store: impl TokenStore + 'static) -> Self {
        self.miniapp_store = Box::new(store);
        self
    }

    /// Sets the token store of [`Client::admin`]. Default: a [`MemoryStore`].
    pub fn admin_store(mut self, store: impl TokenStore + 'static) -> Self {
        self.admin_store = Box::new(store);
        self
    }

    /// Sets the clock that decides when tokens are refreshed. Default: the [`SystemClock`].
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Allows `http` for any host. Default: `http` for loopback only.
    ///
    /// Everyone on the network path can read the passwords and tokens. Use it only inside a network
    /// that is encrypted by other means, such as a service mesh.
    pub fn dangerously_allow_http(mut self) -> Self {
        self.http_policy = HttpPolicy::AnyHost;
        self
    }

    /// Creates the client.
    ///
    /// # Errors
    /// [`Error::is_setup`] when the base URL is invalid, is neither `https` nor `http`, is `http`
    /// on a host that is not loopback (`localhost`, `*.localhost`, `127.0.0.0/8`, `[::1]`), or
    /// contains a user name, password, query or fragment; and when the operating system has no
    /// trusted certificates.
    pub fn build(self) -> Result<Client, Error> {
        let base_url = BaseUrl::parse(&self.base_url, self.http_policy)?;
        let http = match self.http_client {
            Some(http_client) => http_client,
            None => http_client::default_client(&base_url, self.connect_timeout)?,
        };
        let transport = Arc::new(Transport {
            http,
            base_url,
            timeout: self.timeout,
            retries: self.retries,
        });
        Ok(Client {
            miniapp: Handle::new(&transport, self.miniapp_store, &self.clock),
            admin: Handle::new(&transport, self.admin_store, &self.clock),
            transport,
            clock: self.clock,
        })
    }
}

impl fmt::Debug for ClientBuilder {
    // The base URL is left out because it may contain a password, the HTTP client because of its
    // default headers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("http_policy", &self.http_policy)
            .field("timeout", &self.timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}
