use std::fmt;
use std::sync::Arc;

use divan_core::clock::Clock;

use crate::wire::Wire;
use crate::{AdminPanel, ClientBuilder, Error, MiniApp};

/// A client of one Divan server.
///
/// What needs somebody to be signed in is called on [`miniapp`](Self::miniapp) or
/// [`admin`](Self::admin), the rest on the client itself. It holds a pool of connections, so make
/// one and clone it: clones are cheap, and share the pool and whoever is signed in.
#[derive(Clone)]
pub struct Client {
    pub(crate) wire: Arc<Wire>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) miniapp: MiniApp,
    pub(crate) admin: AdminPanel,
}

impl Client {
    /// A client of the server at this address, with the default settings.
    ///
    /// A path in the address is kept, with or without a `/` at its end: behind
    /// `https://example.com/prefix` the client asks `https://example.com/prefix/auth/me`.
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

    /// A client of the server at this address, with settings of your own.
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
        ClientBuilder::new(base_url)
    }
}

impl fmt::Debug for Client {
    // Without the HTTP client: one that the caller brought may have secrets among its default
    // headers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.wire.base.as_str())
            .finish_non_exhaustive()
    }
}
