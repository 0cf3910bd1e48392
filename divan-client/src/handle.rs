use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use divan_core::api::{Endpoint, TokenResponse};
use divan_core::clock::Clock;
use divan_core::secret::Secret;
use divan_core::types::User;

use crate::audience::{self, OnAudience};
use crate::call::Call;
use crate::tokens::{TokenSource, TokenStore, Tokens};
use crate::wire::Wire;
use crate::{Client, Error};

/// An employee in the Mini App; made by [`Client::miniapp`].
pub type MiniApp = Handle<audience::MiniApp>;

/// An administrator in the admin panel; made by [`Client::admin`].
pub type AdminPanel = Handle<audience::Admin>;

/// One person on one audience: calls in that person's name, with tokens that it looks after itself.
///
/// Clones are cheap and share the person. A token never leaves the handle but to the server that it
/// is from, and that of one audience cannot get to the other: the handles are of different types,
/// and a store of one is refused by the other.
///
/// # How it stays signed in
///
/// - The access token is renewed ahead of its expiry, somewhere between 80 and 90 % of its life,
///   and when the server says that it is over; then the call is made once more. Calls that need it
///   at the same time share one refresh.
/// - A refresh is given up after 14 seconds, all tries included, and a pair younger than 16 seconds
///   is not refreshed. Under these rules the server can tell a second tab and a lost answer from a
///   thief.
/// - A new pair is stored before it is used. When the [store](TokenStore) holds another pair than
///   before (a second process has refreshed), that one is used.
/// - When the server says that the session is over, the store is emptied, and
///   [`Error::is_signed_out`] says that one has to sign in again. From then on nothing is sent.
///
/// # Examples
/// ```
/// use divan_client::{AdminPanel, Error, MiniApp, types::UserId};
///
/// async fn name(miniapp: &MiniApp) -> Result<String, Error> {
///     Ok(miniapp.me().await?.full_name)
/// }
///
/// async fn sign_out_everywhere(admin: &AdminPanel, id: UserId) -> Result<(), Error> {
///     admin.end_user_sessions(id).await
/// }
/// ```
/// An employee's tokens do not get to where an administrator's belong:
/// ```compile_fail,E0599
/// # async fn run(client: divan_client::Client, id: divan_client::types::UserId) {
/// client.miniapp().end_user_sessions(id).await;
/// # }
/// ```
pub struct Handle<S> {
    pub(crate) source: Arc<TokenSource>,
    audience: PhantomData<S>,
}

impl<S: OnAudience> Handle<S> {
    pub(crate) fn new(wire: Arc<Wire>, store: Box<dyn TokenStore>, clock: Arc<dyn Clock>) -> Self {
        let source = Arc::new(TokenSource::new(wire, S::AUDIENCE, store, clock));
        Self {
            source,
            audience: PhantomData,
        }
    }

    /// Whether there are tokens in the store. Nobody is asked whether they are still good.
    ///
    /// # Errors
    /// [`Error::is_store`] when that cannot be told; [`Error::is_setup`] when the store is another
    /// server's or audience's.
    pub async fn is_signed_in(&self) -> Result<bool, Error> {
        Ok(self.source.stored().await?.is_some())
    }

    /// An access token with some life left, renewed if need be: to call a service of your own that
    /// takes them.
    ///
    /// # Errors
    /// [`Error::is_signed_out`] when one has to sign in first. See [`Error`] for the rest.
    pub async fn access_token(&self) -> Result<Secret, Error> {
        let deadline = self.source.wire.deadline();
        Ok(self.source.fresh(deadline).await?.access_token().clone())
    }

    /// Makes a call in the person's name, and once more with new tokens when these are refused.
    pub(crate) async fn call<E: Endpoint>(&self, call: Call<'_, E>) -> Result<E::Response, Error> {
        self.call_with_pair(call).await?.1
    }

    /// The same, with the pair of tokens that was used in the end.
    pub(crate) async fn call_with_pair<E: Endpoint>(
        &self,
        call: Call<'_, E>,
    ) -> Result<(Tokens, Result<E::Response, Error>), Error> {
        let (source, deadline) = (&self.source, self.source.wire.deadline());
        let held = source.fresh(deadline).await?;
        let refused = match source
            .wire
            .call(&call, Some(held.access_token()), deadline)
            .await
        {
            Err(error) if error.is_token_refused() => error,
            answered => return Ok((held, answered)),
        };
        Ok(match source.another(&held, deadline).await? {
            Some(next) => {
                let answered = source
                    .wire
                    .call(&call, Some(next.access_token()), deadline)
                    .await;
                (next, answered)
            }
            None => (held, Err(refused)),
        })
    }

    /// Signs in: makes a call that is answered with a new session, and keeps its tokens.
    pub(crate) async fn open<E: Endpoint<Response = TokenResponse>>(
        &self,
        request: &E::Request,
    ) -> Result<User, Error> {
        let wire = &self.source.wire;
        // Before the password is sent: a session whose tokens cannot be kept helps nobody.
        self.source.stored().await?;
        let session = wire
            .call::<E>(&Call::of(request), None, wire.deadline())
            .await?;
        self.source.keep(&session).await?;
        Ok(session.user)
    }
}

impl Client {
    /// The employee in the Mini App: always the same one, whose tokens are in the client's
    /// [store](crate::ClientBuilder::miniapp_store).
    pub fn miniapp(&self) -> MiniApp {
        self.miniapp.clone()
    }

    /// The administrator in the admin panel: always the same one, whose tokens are in the client's
    /// [store](crate::ClientBuilder::admin_store).
    pub fn admin(&self) -> AdminPanel {
        self.admin.clone()
    }

    /// Another employee, whose tokens are in this store: for a program that acts for many people
    /// over one pool of connections. Keep the handle, or its clones, as long as the person is
    /// there.
    pub fn miniapp_with(&self, store: impl TokenStore + 'static) -> MiniApp {
        Handle::new(
            Arc::clone(&self.wire),
            Box::new(store),
            Arc::clone(&self.clock),
        )
    }

    /// Another administrator, whose tokens are in this store; see
    /// [`miniapp_with`](Self::miniapp_with).
    pub fn admin_with(&self, store: impl TokenStore + 'static) -> AdminPanel {
        Handle::new(
            Arc::clone(&self.wire),
            Box::new(store),
            Arc::clone(&self.clock),
        )
    }
}

impl<S> Clone for Handle<S> {
    fn clone(&self) -> Self {
        Self {
            source: Arc::clone(&self.source),
            audience: PhantomData,
        }
    }
}

impl<S: OnAudience> fmt::Debug for Handle<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = self.source.wire.base.as_str();
        f.debug_struct("Handle")
            .field("audience", &S::AUDIENCE)
            .field("base_url", &base)
            .finish_non_exhaustive()
    }
}
