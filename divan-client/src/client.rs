use std::fmt;
use std::sync::Arc;

use divan_core::clock::Clock;

use crate::handle::{AdminPanel, Handle, MiniApp};
use crate::tokens::TokenStore;
use crate::transport::Transport;

/// Client of one Divan server.
///
/// It holds a connection pool, so create one and clone it. Clones are cheap and share the pool and
/// the tokens of [`miniapp`](Self::miniapp) and [`admin`](Self::admin).
#[derive(Clone)]
pub struct Client {
    pub(crate) transport: Arc<Transport>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) miniapp: MiniApp,
    pub(crate) admin: AdminPanel,
}

impl Client {
    /// Returns the shared handle of the Mini App. Its tokens are in the client's
    /// [store](crate::ClientBuilder::miniapp_store), so all callers act as the same employee.
    ///
    /// For many users see [`login_session`](Self::login_session).
    pub fn miniapp(&self) -> MiniApp {
        self.miniapp.clone()
    }

    /// Returns the shared handle of the admin panel. Its tokens are in the client's
    /// [store](crate::ClientBuilder::admin_store), so all callers act as the same administrator.
    ///
    /// For many users see [`login_session`](Self::login_session).
    pub fn admin(&self) -> AdminPanel {
        self.admin.clone()
    }

    /// Returns a handle of the Mini App with a token store of its own, over the same connection
    /// pool. Create one handle per store and clone it: two handles of one store refresh
    /// independently.
    pub fn miniapp_with(&self, store: impl TokenStore + 'static) -> MiniApp {
        Handle::new(&self.transport, Box::new(store), &self.clock)
    }

    /// Returns a handle of the admin panel with a token store of its own; see
    /// [`miniapp_with`](Self::miniapp_with).
    pub fn admin_with(&self, store: impl TokenStore + 'static) -> AdminPanel {
        Handle::new(&self.transport, Box::new(store), &self.clock)
    }
}

impl fmt::Debug for Client {
    // The HTTP client is left out: a custom one may have secrets in its default headers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.transport.base_url.as_str())
            .finish_non_exhaustive()
    }
}
