use divan_core::api::{
    ApprovePromotion, CreateUser, CreateUserRequest, CreatedUser, DeclinePromotion, DeleteUser,
    EndUserSessions, FailedSignIns, GeneratedPassword, GetFailedSignIns, GetUser, ListPromotions,
    ListUsersRequest, PromoteUser, PromoteUserRequest, PromotedUser, PromotionList, ResetPassword,
    SearchUsers, SessionList, UnlinkTelegram, UnlockUser, UpdateUser, UpdateUserRequest,
    UserInclude, UserPage, UserRequest, UserSessions,
};
use divan_core::types::{PromotionId, User, UserId};
use futures_util::Stream;

use crate::error::Error;
use crate::handle::AdminPanel;
use crate::pagination::paginate;
use crate::request::Request;

impl AdminPanel {
    /// Returns a page of users, newest first. The filters are sent in the body (`search_users`), so
    /// that phone numbers do not get into the logs of proxies.
    ///
    /// # Errors
    /// The [code](Error::code) is `validation_failed` when the cursor is invalid, and
    /// `admin_required` when the user is no longer an administrator. See [`Error`] for the rest.
    pub async fn list_users(&self, request: &ListUsersRequest) -> Result<UserPage, Error> {
        self.call::<SearchUsers>(Request::new(request)).await
    }

    /// Streams all users that match the request, newest first. Pages are fetched on demand. The
    /// stream ends after the first error.
    ///
    /// # Examples
    /// ```no_run
    /// use divan_client::api::ListUsersRequest;
    /// use futures_util::TryStreamExt;
    ///
    /// # async fn run(client: divan_client::Client) -> Result<(), divan_client::Error> {
    /// let mut request = ListUsersRequest::default();
    /// request.q = Some("iva".to_owned());
    /// let users: Vec<_> = client.admin().all_users(&request).try_collect().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn all_users(
        &self,
        request: &ListUsersRequest,
    ) -> impl Stream<Item = Result<User, Error>> + use<> {
        paginate(
            self.clone(),
            request.clone(),
            async |admin: &Self, request: &mut ListUsersRequest| {
                let page = admin.list_users(request).await?;
                request.cursor.clone_from(&page.next_cursor);
                Ok((page.items, page.next_cursor.is_some()))
            },
        )
    }

    /// Returns a user.
    ///
    /// # Errors
    /// As [`reset_password`](Self::reset_password), without `own_account`.
    pub async fn get_user(&self, id: UserId) -> Result<User, Error> {
        let request = UserRequest::default();
        self.call::<GetUser>(Request::new(&request).path_id(id))
            .await
    }

    /// Returns a user with the metadata.
    ///
    /// # Errors
    /// As [`get_user`](Self::get_user).
    pub async fn get_user_with_metadata(&self, id: UserId) -> Result<User, Error> {
        let request = UserRequest::including(UserInclude::Metadata);
        self.call::<GetUser>(Request::new(&request).path_id(id))
            .await
    }

    /// Creates a user. Without a password, the server generates one and returns it.
    ///
    /// # Errors
    /// The [code](Error::code) is `admin_required` when the user is no longer an administrator, and
    /// `phone_taken`, `email_taken`, `external_id_taken`, `weak_password` or `validation_failed` when
    /// the new user is invalid. After [`Error::is_timeout`] or [`Error::is_unexpected_response`] the user may have
    /// been created; another attempt then fails with `phone_taken` or `email_taken`. See [`Error`]
    /// for the rest.
    pub async fn create_user(&self, request: &CreateUserRequest) -> Result<CreatedUser, Error> {
        self.call::<CreateUser>(Request::new(request)).await
    }

    /// Updates a user: only the members that the request contains.
    ///
    /// # Errors
    /// The [code](Error::code) is `not_found` when there is no such user, `last_admin` when no
    /// active administrator would be left, `promotion_required` when an employee would become an
    /// administrator, `phone_taken`, `email_taken`, `external_id_taken` or `validation_failed` when
    /// the change is invalid, and `admin_required` when the user is no longer an administrator. See
    /// [`Error`] for the rest.
    ///
    /// # Examples
    /// ```no_run
    /// use divan_client::api::{UpdateUserRequest, UserId};
    ///
    /// # async fn run(client: divan_client::Client, id: UserId) -> Result<(), divan_client::Error> {
    /// let mut request = UpdateUserRequest::default();
    /// request.is_active = Some(false);
    /// client.admin().update_user(id, &request).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn update_user(
        &self,
        id: UserId,
        request: &UpdateUserRequest,
    ) -> Result<User, Error> {
        self.call::<UpdateUser>(Request::new(request).path_id(id))
            .await
    }

    /// Replaces a user's password with a generated one and ends the user's sessions. After
    /// [`Error::is_timeout`] or [`Error::is_unexpected_response`] the password may have changed:
    /// reset it again.
    ///
    /// # Errors
    /// The [code](Error::code) is `not_found` when there is no such user, `own_account` for the
    /// caller's own account, and `admin_required` when the caller is no longer an administrator. See
    /// [`Error`] for the rest.
    pub async fn reset_password(&self, id: UserId) -> Result<GeneratedPassword, Error> {
        self.call::<ResetPassword>(Request::new(&()).path_id(id))
            .await
    }

    /// Makes an employee an administrator, with a generated password, and ends the user's sessions.
    /// After [`Error::is_timeout`] or [`Error::is_unexpected_response`] the user may have been
    /// promoted; another attempt then fails with `already_admin`: reset the password.
    ///
    /// If the server requires an approval, nothing changes until another administrator
    /// [approves](Self::approve_promotion) the promotion, and the response contains no password.
    ///
    /// # Errors
    /// The [code](Error::code) is `not_found` when there is no such user, `already_admin` when the
    /// user is an administrator, `validation_failed` when the e-mail address is invalid or missing,
    /// `email_taken` when another user has it, and `admin_required` when the caller is no longer an
    /// administrator. See [`Error`] for the rest.
    ///
    /// # Examples
    /// ```no_run
    /// use divan_client::api::{PromoteUserRequest, UserId};
    ///
    /// # async fn run(client: divan_client::Client, id: UserId) -> Result<(), divan_client::Error> {
    /// let request = PromoteUserRequest::email("second@example.com");
    /// let promoted = client.admin().promote_user(id, &request).await?;
    /// match promoted.generated_password {
    ///     Some(password) => println!("{}", password.expose()),
    ///     None => println!("another administrator must approve the promotion"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn promote_user(
        &self,
        id: UserId,
        request: &PromoteUserRequest,
    ) -> Result<PromotedUser, Error> {
        self.call::<PromoteUser>(Request::new(request).path_id(id))
            .await
    }

    /// Lists the promotions that wait for the approval of another administrator, newest first.
    ///
    /// # Errors
    /// The [code](Error::code) is `admin_required` when the caller is no longer an administrator. See
    /// [`Error`] for the rest.
    pub async fn list_promotions(&self) -> Result<PromotionList, Error> {
        self.call::<ListPromotions>(Request::new(&())).await
    }

    /// Approves a promotion that another administrator requested. The user becomes an administrator, with a
    /// generated password. After [`Error::is_timeout`] or [`Error::is_unexpected_response`] the user may
    /// have been promoted; another attempt then fails with `not_found`: reset the password.
    ///
    /// # Errors
    /// The [code](Error::code) is `other_administrator_required` for the caller's own request, and
    /// `not_found` when the promotion was approved, declined or replaced, or has expired. See [`Error`] for
    /// the rest.
    pub async fn approve_promotion(&self, id: PromotionId) -> Result<GeneratedPassword, Error> {
        self.call::<ApprovePromotion>(Request::new(&()).path_id(id))
            .await
    }

    /// Declines a promotion, or withdraws the caller's own request.
    ///
    /// # Errors
    /// The [code](Error::code) is `not_found` as for [`approve_promotion`](Self::approve_promotion). See
    /// [`Error`] for the rest.
    pub async fn decline_promotion(&self, id: PromotionId) -> Result<(), Error> {
        self.call::<DeclinePromotion>(Request::new(&()).path_id(id))
            .await
    }

    /// Deletes a user with all personal data, sessions and known devices. It cannot be undone. After
    /// [`Error::is_timeout`] or [`Error::is_unexpected_response`] the user may have been deleted;
    /// another attempt then fails with `not_found`.
    ///
    /// # Errors
    /// The [code](Error::code) is `not_found` when there is no such user, `own_account` for the
    /// caller's own account, `last_admin` when no active administrator would be left, and
    /// `admin_required` when the caller is no longer an administrator. See [`Error`] for the rest.
    pub async fn delete_user(&self, id: UserId) -> Result<(), Error> {
        self.call::<DeleteUser>(Request::new(&()).path_id(id)).await
    }

    /// Unlinks a user's Telegram account, replaces the password with a generated one, and ends the
    /// user's sessions. After [`Error::is_timeout`] or [`Error::is_unexpected_response`] the account
    /// may have been unlinked; another attempt then fails with `telegram_not_linked`: reset the
    /// password.
    ///
    /// # Errors
    /// The [code](Error::code) is `telegram_not_linked` when no account is linked. Otherwise as
    /// [`reset_password`](Self::reset_password).
    pub async fn unlink_telegram(&self, id: UserId) -> Result<GeneratedPassword, Error> {
        self.call::<UnlinkTelegram>(Request::new(&()).path_id(id))
            .await
    }

    /// Returns the live sessions of a user, newest first.
    ///
    /// # Errors
    /// As [`get_user`](Self::get_user).
    pub async fn user_sessions(&self, id: UserId) -> Result<SessionList, Error> {
        self.call::<UserSessions>(Request::new(&()).path_id(id))
            .await
    }

    /// Ends all sessions of a user.
    ///
    /// # Errors
    /// As [`reset_password`](Self::reset_password), without `own_account`.
    pub async fn end_user_sessions(&self, id: UserId) -> Result<(), Error> {
        self.call::<EndUserSessions>(Request::new(&()).path_id(id))
            .await
    }

    /// Returns the failed sign-ins of a user.
    ///
    /// # Errors
    /// As [`unlink_telegram`](Self::unlink_telegram).
    pub async fn get_failed_sign_ins(&self, id: UserId) -> Result<FailedSignIns, Error> {
        self.call::<GetFailedSignIns>(Request::new(&()).path_id(id))
            .await
    }

    /// Clears the failed sign-ins and the limits of a user's account. The limits of Telegram accounts
    /// and addresses stay.
    ///
    /// # Errors
    /// As [`unlink_telegram`](Self::unlink_telegram).
    pub async fn unlock_user(&self, id: UserId) -> Result<(), Error> {
        self.call::<UnlockUser>(Request::new(&()).path_id(id)).await
    }
}
