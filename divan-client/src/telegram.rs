use divan_core::api::{Session, TelegramLogin, TelegramLoginRequest};

use crate::{Client, Error};

impl Client {
    /// Signs an employee in, inside the Mini App.
    ///
    /// # Errors
    /// [`Error::is_invalid_credentials`] when phone number and password do not open an account; other
    /// [codes](Error::code) tell what is wrong with the init data or the Telegram account. See [`Error`] for the rest.
    ///
    /// # Examples
    /// ```no_run
    /// use divan_client::api::TelegramLoginRequest;
    ///
    /// # async fn run(client: divan_client::Client, init_data: String) -> Result<(), divan_client::Error> {
    /// let login = TelegramLoginRequest::new("8 701 123 45 67", "tram under the plum", init_data);
    /// let session = client.telegram_login(&login).await?;
    /// let user = client.me(&session.access_token).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn telegram_login(&self, request: &TelegramLoginRequest) -> Result<Session, Error> {
        self.call::<TelegramLogin>(None, request).await
    }
}
