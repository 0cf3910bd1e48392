use divan_core::api::{
    CreateUser, CreateUserRequest, CreatedUser, EndUserSessions, GeneratedPassword, GetUser,
    ListUsers, ListUsersRequest, ResetPassword, UnlinkTelegram, UpdateUser, UpdateUserRequest,
    UserPage,
};
use divan_core::types::{User, UserId};
use futures_util::Stream;

use crate::call::Call;
use crate::pages::every;
use crate::{AdminPanel, Error};

impl AdminPanel {
    /// A page of the list of users, the newest first.
    ///
    /// # Errors
    /// The [code](Error::code) is `validation_failed` when there is no such page, and
    /// `admin_required` when the person is no administrator any more. See [`Error`] for the rest.
    pub async fn list_users(&self, request: &ListUsersRequest) -> Result<UserPage, Error> {
        self.call::<ListUsers>(Call::of(request)).await
    }

    /// All users that the request names, the newest first, page by page as they are asked for. It
    /// ends with the first error.
    ///
    /// # Examples
    /// ```no_run
    /// use divan_client::api::ListUsersRequest;
    /// use futures_util::TryStreamExt;
    ///
    /// # async fn run(client: divan_client::Client) -> Result<(), divan_client::Error> {
    /// let mut request = ListUsersRequest::default();
    /// request.q = Some("iva".to_owned());
    /// let users: Vec<_> = client.admin().all_users(request).try_collect().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn all_users(
        &self,
        request: ListUsersRequest,
    ) -> impl Stream<Item = Result<User, Error>> + use<> {
        every(
            self.clone(),
            request,
            async |admin: &Self, request: &mut ListUsersRequest| {
                let page = admin.list_users(request).await?;
                request.cursor.clone_from(&page.next_cursor);
                Ok((page.items, page.next_cursor.is_some()))
            },
        )
    }

    /// Reads a user.
    ///
    /// # Errors
    /// As [`unlink_telegram`](Self::unlink_telegram).
    pub async fn get_user(&self, id: UserId) -> Result<User, Error> {
        self.call::<GetUser>(Call::of(&()).about(id)).await
    }

    /// Creates a user; without a password one is generated, which the answer holds.
    ///
    /// # Errors
    /// The [code](Error::code) is `admin_required` when the person is no administrator any more,
    /// and `phone_taken`, `email_taken`, `weak_password` or `validation_failed` when the user
    /// cannot be created like this. After
    /// [`Error::is_timeout`] or [`Error::is_unexpected_answer`] the user may exist all the same:
    /// asking again then answers `phone_taken` or `email_taken`. See [`Error`] for the rest.
    pub async fn create_user(&self, request: &CreateUserRequest) -> Result<CreatedUser, Error> {
        self.call::<CreateUser>(Call::of(request)).await
    }

    /// Changes a user: the members of the request that are there, and nothing else.
    ///
    /// # Errors
    /// The [code](Error::code) is `not_found` when there is no such user, `last_admin` when no
    /// active administrator would be left, `phone_taken`, `email_taken` or `validation_failed` when
    /// the user cannot be changed like this, and `admin_required` when the person is no
    /// administrator any more. See [`Error`] for the rest.
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
    pub async fn update_user(
        &self,
        id: UserId,
        request: &UpdateUserRequest,
    ) -> Result<User, Error> {
        self.call::<UpdateUser>(Call::of(request).about(id)).await
    }

    /// Gives a user a generated password, and ends the user's sessions. After [`Error::is_timeout`]
    /// or
    /// [`Error::is_unexpected_answer`] the user may have a password that nobody knows: ask again.
    ///
    /// # Errors
    /// As [`unlink_telegram`](Self::unlink_telegram).
    pub async fn reset_password(&self, id: UserId) -> Result<GeneratedPassword, Error> {
        self.call::<ResetPassword>(Call::of(&()).about(id)).await
    }

    /// Forgets the Telegram account that a user is bound to, and ends the user's sessions.
    ///
    /// # Errors
    /// The [code](Error::code) is `not_found` when there is no such user, and `admin_required` when
    /// the person is no administrator any more. See [`Error`] for the rest.
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
