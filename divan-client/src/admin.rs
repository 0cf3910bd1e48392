use divan_core::api::{AdminLogin, AdminLoginRequest, Bootstrap, BootstrapRequest, Session};
use divan_core::secret::Secret;
use divan_core::types::User;

use crate::{Client, Error};

impl Client {
    /// Signs an administrator in, in the admin panel.
    ///
    /// # Errors
    /// [`Error::is_invalid_credentials`] when e-mail address and password do not open an account. See [`Error`] for
    /// the rest.
    pub async fn admin_login(&self, request: &AdminLoginRequest) -> Result<Session, Error> {
        self.call::<AdminLogin>(None, request).await
    }

    /// Creates the first administrator. Works exactly once; a server in its development default asks for no token.
    ///
    /// # Errors
    /// The [code](Error::code) is `already_bootstrapped` when there is one, and `bootstrap_token_required` when the
    /// token is missing or wrong; others tell what is wrong with the request. See [`Error`] for the rest.
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
        self.call::<Bootstrap>(bootstrap_token, request).await
    }
}
