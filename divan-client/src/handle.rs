use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use divan_core::api::{Endpoint, TokenResponse};
use divan_core::clock::Clock;
use divan_core::secret::Secret;
use divan_core::types::User;

use crate::audience::{self, AudienceMarker};
use crate::error::Error;
use crate::request::Request;
use crate::tokens::{TokenSource, TokenStore, Tokens};
use crate::transport::Transport;

/// Handle of an employee in the Mini App; see [`Client::miniapp`](crate::Client::miniapp).
pub type MiniApp = Handle<audience::MiniApp>;

/// Handle of an administrator in the admin panel; see [`Client::admin`](crate::Client::admin).
pub type AdminPanel = Handle<audience::Admin>;

/// Authenticated calls as one user on one audience. It manages the user's tokens.
///
/// Clones are cheap and share the tokens. Tokens are sent only to the server that issued them, and
/// never to the other audience: the handles have different types, and a token store with the tokens
/// of one audience is rejected by the other.
///
/// # Token refresh
///
/// - The access token is refreshed at a random point between 80 and 90 % of its lifetime, and when
///   the server reports that it has expired or is invalid; the call is then repeated once.
///   Concurrent calls share one refresh.
/// - A refresh is abandoned after 14 seconds, including retries, and tokens younger than 16 seconds
///   are not refreshed. With these limits, the server does not treat a lost response, or a second
///   client of the same store, as a stolen token.
/// - New tokens are stored before they are used. When the [store](TokenStore) contains other tokens
///   than expected (a second process has refreshed), those are used.
/// - When the server reports that the session has ended, the store is cleared and
///   [`Error::is_signed_out`] is returned. From then on no request is sent until the next sign-in.
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
/// Administrative calls do not exist on the handle of an employee:
/// ```compile_fail,E0599
/// # async fn run(client: divan_client::Client, id: divan_client::types::UserId) {
/// client.miniapp().end_user_sessions(id).await;
/// # }
/// ```
pub struct Handle<A> {
    pub(crate) source: Arc<TokenSource>,
    audience: PhantomData<A>,
}

impl<A: AudienceMarker> Handle<A> {
    pub(crate) fn new(
        transport: &Arc<Transport>,
        store: Box<dyn TokenStore>,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        let (transport, clock) = (Arc::clone(transport), Arc::clone(clock));
        Self {
            source: Arc::new(TokenSource::new(transport, A::AUDIENCE, store, clock)),
            audience: PhantomData,
        }
    }

    /// Returns `true` if the store contains tokens. No request is sent, so the session may have ended
    /// on the server.
    ///
    /// # Errors
    /// [`Error::is_store`] when the store cannot be read; [`Error::is_setup`] when it contains
    /// tokens of another server or audience.
    pub async fn is_signed_in(&self) -> Result<bool, Error> {
        Ok(self.source.stored().await?.is_some())
    }

    /// Returns a valid access token, refreshed if necessary, to call a service of your own that
    /// accepts them.
    ///
    /// # Errors
    /// [`Error::is_signed_out`] when no user is signed in. See [`Error`] for the rest.
    pub async fn access_token(&self) -> Result<Secret, Error> {
        let deadline = self.source.transport.deadline();
        let tokens = self.source.valid_tokens(deadline).await?;
        Ok(tokens.access_token().clone())
    }

    /// Sends an authenticated request; repeats it once with new tokens when the server rejects the
    /// access token.
    pub(crate) async fn call<E: Endpoint>(
        &self,
        request: Request<'_, E>,
    ) -> Result<E::Response, Error> {
        self.call_with_tokens(request).await?.1
    }

    /// Like [`call`](Self::call); also returns the tokens of the last attempt.
    pub(crate) async fn call_with_tokens<E: Endpoint>(
        &self,
        request: Request<'_, E>,
    ) -> Result<(Tokens, Result<E::Response, Error>), Error> {
        let (source, deadline) = (&self.source, self.source.transport.deadline());
        let send = async |tokens: &Tokens| {
            let credential = Some(tokens.access_token());
            source.transport.send(&request, credential, deadline).await
        };
        let tokens = source.valid_tokens(deadline).await?;
        let rejected = match send(&tokens).await {
            Err(error) if error.is_token_rejected() => error,
            result => return Ok((tokens, result)),
        };
        Ok(match source.replacement(&tokens, deadline).await? {
            Some(new) => {
                let result = send(&new).await;
                (new, result)
            }
            None => (tokens, Err(rejected)),
        })
    }

    /// Sends a sign-in request and stores the tokens of the response.
    pub(crate) async fn start_session<E: Endpoint<Response = TokenResponse>>(
        &self,
        request: &E::Request,
    ) -> Result<User, Error> {
        // Fail before the password is sent when the tokens could not be stored.
        self.source.stored().await?;
        let response = self
            .source
            .transport
            .call::<E>(&Request::new(request), None)
            .await?;
        self.source.store_response(&response).await?;
        Ok(response.user)
    }
}

impl<A> Clone for Handle<A> {
    fn clone(&self) -> Self {
        Self {
            source: Arc::clone(&self.source),
            audience: PhantomData,
        }
    }
}

impl<A: AudienceMarker> fmt::Debug for Handle<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("audience", &A::AUDIENCE)
            .field("base_url", &self.source.transport.base_url.as_str())
            .finish_non_exhaustive()
    }
}
