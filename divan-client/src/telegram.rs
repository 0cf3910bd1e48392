use divan_core::api::{
    AutoLogin, AutoLoginRequest, MiniAppConfig, TelegramConfig, TelegramLogin, TelegramLoginRequest,
};
use divan_core::types::User;

use crate::client::Client;
use crate::error::Error;
use crate::handle::MiniApp;
use crate::request::Request;

impl MiniApp {
    /// Signs an employee in with phone number (or shared contact) and password. The request is not
    /// retried once it may have been sent; see [`Retries`](crate::Retries).
    ///
    /// Replaces the tokens of a previous sign-in. That session stays valid on the server until it
    /// expires.
    ///
    /// # Errors
    /// [`Error::is_invalid_credentials`] when phone number or password is wrong; other
    /// [codes](Error::code) report invalid init data or a mismatched Telegram account. See
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
        self.start_session::<TelegramLogin>(request).await
    }

    /// Signs an employee in by the linked Telegram account, without a password. Try this first when
    /// the Mini App opens.
    ///
    /// # Errors
    /// The [code](Error::code) is `password_required` when the password is needed; other codes
    /// report invalid init data. See [`Error`] for the rest.
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
        self.start_session::<AutoLogin>(request).await
    }
}

impl Client {
    /// Returns the public configuration of the Mini App's page.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn telegram_config(&self) -> Result<MiniAppConfig, Error> {
        self.transport
            .call::<TelegramConfig>(&Request::new(&()), None)
            .await
    }
}
