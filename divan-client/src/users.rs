use divan_core::api::{CreateUser, CreateUserRequest, CreatedUser};
use divan_core::secret::Secret;

use crate::{Client, Error};

impl Client {
    /// Creates a user, on behalf of the administrator whose access token this is.
    ///
    /// # Errors
    /// [`Error::is_unauthorized`] when the token is refused; the [code](Error::code) is `admin_required` when it is not
    /// an administrator's, and `phone_taken`, `email_taken`, `weak_password` or `validation_failed` when the user cannot
    /// be created like this. After [`Error::is_timeout`] or [`Error::is_unexpected_answer`] the user may exist all the
    /// same: asking again then answers `phone_taken` or `email_taken`. See [`Error`] for the rest.
    pub async fn create_user(
        &self,
        token: &Secret,
        request: &CreateUserRequest,
    ) -> Result<CreatedUser, Error> {
        self.call::<CreateUser>(Some(token), request).await
    }
}
