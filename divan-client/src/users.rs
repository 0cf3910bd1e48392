use divan_core::api::{
    CreateUser, CreateUserRequest, CreatedUser, EndUserSessions, UnlinkTelegram, UpdateUser,
    UpdateUserRequest,
};
use divan_core::types::{User, UserId};

use crate::call::Call;
use crate::{AdminPanel, Error};

impl AdminPanel {
    /// Creates a user.
    ///
    /// # Errors
    /// The [code](Error::code) is `admin_required` when the person is no administrator any more, and `phone_taken`,
    /// `email_taken`, `weak_password` or `validation_failed` when the user cannot be created like this. After
    /// [`Error::is_timeout`] or [`Error::is_unexpected_answer`] the user may exist all the same: asking again then
    /// answers `phone_taken` or `email_taken`. See [`Error`] for the rest.
    pub async fn create_user(&self, request: &CreateUserRequest) -> Result<CreatedUser, Error> {
        self.call::<CreateUser>(Call::of(request)).await
    }

    /// Changes a user: the members of the request that are there, and nothing else.
    ///
    /// # Errors
    /// The [code](Error::code) is `not_found` when there is no such user, `last_admin` when no active administrator would be
    /// left, `phone_taken`, `email_taken` or `validation_failed` when the user cannot be changed like this, and
    /// `admin_required` when the person is no administrator any more. See [`Error`] for the rest.
    ///
    /// # Examples
    /// ```no_run
    /// use divan_client::api::{UpdateUserRequest, UserId};
    ///
    /// # async fn run(client: divan_client::Client, id: UserId) -> Result<(), divan_client::Error> {
    /// let mut leaves = UpdateUserRequest::default();
    /// leaves.is_active = Some(false);
    /// client.admin().update_user(id, &leaves).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn update_user(&self, id: UserId, request: &UpdateUserRequest) -> Result<User, Error> {
        self.call::<UpdateUser>(Call::of(request).about(id)).await
    }

    /// Forgets the Telegram account that a user is bound to, and ends the user's sessions.
    ///
    /// # Errors
    /// The [code](Error::code) is `not_found` when there is no such user, and `admin_required` when the person is no
    /// administrator any more. See [`Error`] for the rest.
    pub async fn unlink_telegram(&self, id: UserId) -> Result<User, Error> {
        self.call::<UnlinkTelegram>(Call::of(&()).about(id)).await
    }

    /// Signs a user out everywhere.
    ///
    /// # Errors
    /// As [`unlink_telegram`](Self::unlink_telegram).
    pub async fn end_user_sessions(&self, id: UserId) -> Result<(), Error> {
        self.call::<EndUserSessions>(Call::of(&()).about(id)).await
    }
}
