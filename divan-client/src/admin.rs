use divan_core::api::{AdminLogin, AdminLoginRequest, Bootstrap, BootstrapRequest};
use divan_core::secret::Secret;
use divan_core::types::User;

use crate::call::Call;
use crate::{AdminPanel, Client, Error};

impl AdminPanel {
    /// Signs an administrator in with e-mail address and password. It is sent once: see
    /// [`Retries`](crate::Retries).
    ///
    /// Whoever was signed in here before is forgotten, but for a session on the server that lives
    /// until it expires.
    ///
    /// # Errors
    /// [`Error::is_invalid_credentials`] when e-mail address and password do not open an account.
    /// See [`Error`] for the rest.
    pub async fn login(&self, request: &AdminLoginRequest) -> Result<User, Error> {
        self.open::<AdminLogin>(request).await
    }
}

impl Client {
    /// Creates the first administrator. Works exactly once; a server in its development default
    /// asks for no token.
    ///
    /// # Errors
    /// The [code](Error::code) is `already_bootstrapped` when there is one, and
    /// `bootstrap_token_required` when the token is missing or wrong; others tell what is wrong
    /// with the request. See [`Error`] for the rest.
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
        self.wire
            .call::<Bootstrap>(&Call::of(request), bootstrap_token, self.wire.deadline())
            .await
    }
}
