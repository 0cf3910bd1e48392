use divan_core::api::Me;
use divan_core::secret::Secret;
use divan_core::types::User;

use crate::{Client, Error};

impl Client {
    /// Answers whose access token this is: the way to check one.
    ///
    /// # Errors
    /// [`Error::is_unauthorized`] when the token is refused, and [`Error::is_token_expired`] when that is because its
    /// life is over. See [`Error`] for the rest.
    pub async fn me(&self, token: &Secret) -> Result<User, Error> {
        self.call::<Me>(Some(token), &()).await
    }
}
