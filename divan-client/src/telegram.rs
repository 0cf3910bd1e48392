use divan_core::api::{AutoLogin, AutoLoginRequest, TelegramLogin, TelegramLoginRequest};
use divan_core::types::User;

use crate::{Error, MiniApp};

impl MiniApp {
    /// Signs an employee in with phone number and password. It is sent once: see
    /// [`Retries`](crate::Retries).
    ///
    /// Whoever was signed in here before is forgotten, but for a session on the server that lives
    /// until it expires.
    ///
    /// # Errors
    /// [`Error::is_invalid_credentials`] when phone number and password do not open an account;
    /// other
    /// [codes](Error::code) tell what is wrong with the init data or the Telegram account. See
    /// [`Error`] for the rest.
    ///
    /// # Examples
    /// ```no_run
    /// use divan_client::api::TelegramLoginRequest;
    ///
    /// # async fn run(client: divan_client::Client, init_data: String) -> Result<(), divan_client::Error> {
    /// let login = TelegramLoginRequest::new("8 701 123 45 67", "tram under the plum", init_data);
    /// let user = client.miniapp().login(&login).await?;
    /// assert_eq!(client.miniapp().me().await?.id, user.id);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn login(&self, request: &TelegramLoginRequest) -> Result<User, Error> {
        self.open::<TelegramLogin>(request).await
    }

    /// Signs an employee in again by the Telegram account alone: to be tried first when the Mini
    /// App opens.
    ///
    /// # Errors
    /// The [code](Error::code) is `password_required` when that is not enough now; others tell what
    /// is wrong with the init data. See [`Error`] for the rest.
    ///
    /// # Examples
    /// ```no_run
    /// use divan_client::api::{AutoLoginRequest, ProblemCode};
    ///
    /// # async fn run(client: divan_client::Client, init_data: String) -> Result<(), divan_client::Error> {
    /// match client.miniapp().auto_login(&AutoLoginRequest::new(init_data)).await {
    ///     Ok(user) => println!("hello again, {}", user.full_name),
    ///     Err(error) if error.code() == Some(ProblemCode::PasswordRequired) => println!("ask for the password"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn auto_login(&self, request: &AutoLoginRequest) -> Result<User, Error> {
        self.open::<AutoLogin>(request).await
    }
}
