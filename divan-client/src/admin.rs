use divan_core::api::{
    AdminLogin, AdminLoginRequest, Bootstrap, BootstrapRequest, BootstrapState, GetBootstrap,
};
use divan_core::secret::Secret;
use divan_core::types::User;

use crate::client::Client;
use crate::error::Error;
use crate::handle::AdminPanel;
use crate::request::Request;

impl AdminPanel {
    /// Signs an administrator in with e-mail address and password. The request is not retried once
    /// it may have been sent; see [`Retries`](crate::Retries).
    ///
    /// Replaces the tokens of a previous sign-in. That session stays valid on the server until it
    /// expires.
    ///
    /// The device token of the response is kept in the [store](crate::TokenStore), also after a
    /// sign-out. It is sent with the next sign-in with the same e-mail address, unless the request has
    /// one: failed sign-ins from elsewhere then do not delay this one. After `too_many_attempts`, wait
    /// for [`Error::retry_after`].
    ///
    /// # Errors
    /// [`Error::is_invalid_credentials`] when e-mail address or password is wrong. See [`Error`]
    /// for the rest.
    pub async fn login(&self, request: &AdminLoginRequest) -> Result<User, Error> {
        let mut request = request.clone();
        if request.device_token.is_none() {
            request.device_token = self.source.device_token(&request.email).await?;
        }
        self.start_session::<AdminLogin>(&request).await
    }
}

impl Client {
    /// Creates the first administrator. It succeeds exactly once. A server in development mode
    /// may require no token: see `DIVAN_BOOTSTRAP_TOKEN` in its configuration.
    ///
    /// # Errors
    /// The [code](Error::code) is `already_bootstrapped` when an administrator exists,
    /// `bootstrap_token_required` when the token is missing or wrong, and `weak_password` or
    /// `validation_failed` when the request is invalid. See [`Error`] for the rest.
    ///
    /// # Examples
    /// ```no_run
    /// use divan_client::Secret;
    /// use divan_client::api::BootstrapRequest;
    ///
    /// # async fn run(client: divan_client::Client, token: Secret) -> Result<(), divan_client::Error> {
    /// let first = BootstrapRequest::new("admin@example.com", "tram under the plum");
    /// let admin = client.bootstrap(Some(&token), &first).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn bootstrap(
        &self,
        bootstrap_token: Option<&Secret>,
        request: &BootstrapRequest,
    ) -> Result<User, Error> {
        self.transport
            .call::<Bootstrap>(&Request::new(request), bootstrap_token)
            .await
    }
    /// Returns whether the first administrator can be created.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn get_bootstrap(&self) -> Result<BootstrapState, Error> {
        self.transport
            .call::<GetBootstrap>(&Request::new(&()), None)
            .await
    }
}
