use divan_core::api::{
    AdminLogin, AdminLoginRequest, AutoLogin, AutoLoginRequest, Endpoint, TelegramLogin,
    TelegramLoginRequest, TokenResponse,
};
use divan_core::types::User;

use crate::audience::{self, AudienceMarker};
use crate::client::Client;
use crate::error::Error;
use crate::handle::Handle;
use crate::tokens::MemoryStore;

/// A request that signs a user in; sealed.
pub trait LoginRequest: sealed::Sealed + Sized {
    /// The audience that the user signs in to.
    type Audience: AudienceMarker;
    /// The endpoint that takes the request.
    type Endpoint: Endpoint<Request = Self, Response = TokenResponse>;
}

impl LoginRequest for TelegramLoginRequest {
    type Audience = audience::MiniApp;
    type Endpoint = TelegramLogin;
}

impl LoginRequest for AutoLoginRequest {
    type Audience = audience::MiniApp;
    type Endpoint = AutoLogin;
}

impl LoginRequest for AdminLoginRequest {
    type Audience = audience::Admin;
    type Endpoint = AdminLogin;
}

/// Signed-in user with a handle of its own; returned by [`Client::login_session`].
#[derive(Debug)]
#[non_exhaustive]
pub struct LoginSession<A: AudienceMarker> {
    /// The user who signed in.
    pub user: User,
    /// The handle that holds the session's tokens in memory.
    pub handle: Handle<A>,
}

impl Client {
    /// Signs a user in and returns a handle with tokens of its own.
    ///
    /// It shares only the connection pool with other handles, so a back end serves many users with
    /// one client. The tokens are in memory; to keep them elsewhere, sign in on
    /// [`miniapp_with`](Self::miniapp_with) or [`admin_with`](Self::admin_with).
    ///
    /// # Errors
    /// As the `login` of the handle, for example [`MiniApp::login`](crate::MiniApp::login).
    ///
    /// # Examples
    /// ```no_run
    /// use divan_client::MiniApp;
    /// use divan_client::api::TelegramLoginRequest;
    ///
    /// # async fn run(client: divan_client::Client, init_data: String) -> Result<(), divan_client::Error> {
    /// let request = TelegramLoginRequest::new("8 701 123 45 67", "tram under the plum", init_data);
    /// let session = client.login_session(&request).await?;
    /// let handle: MiniApp = session.handle;
    /// assert_eq!(handle.me().await?.id, session.user.id);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn login_session<R: LoginRequest>(
        &self,
        request: &R,
    ) -> Result<LoginSession<R::Audience>, Error> {
        let handle = Handle::new(&self.transport, Box::new(MemoryStore::new()), &self.clock);
        let user = handle.start_session::<R::Endpoint>(request).await?;
        Ok(LoginSession { user, handle })
    }
}

mod sealed {
    use divan_core::api::{AdminLoginRequest, AutoLoginRequest, TelegramLoginRequest};

    pub trait Sealed {}
    impl Sealed for TelegramLoginRequest {}
    impl Sealed for AutoLoginRequest {}
    impl Sealed for AdminLoginRequest {}
}
