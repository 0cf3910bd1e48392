use super::input::{Input, check_new_password};
use super::{Admin, AuthService, ServiceError};
use crate::api::CreateUserRequest;
use crate::session::EndReason;
use crate::store::Account;
use crate::types::{User, UserId};

impl AuthService {
    /// Creates a user. That an [`Admin`] asks for it is the permission.
    ///
    /// # Errors
    /// What is wrong with the request, all of it at once; or that the phone number or address is somebody else's.
    pub async fn create_user(
        &self,
        admin: &Admin,
        request: &CreateUserRequest,
    ) -> Result<User, ServiceError> {
        let mut input = Input::default();
        let full_name = input.full_name(&request.full_name);
        let phone = request.phone.as_deref().and_then(|typed| input.phone(typed, self.parts.region));
        let email = request.email.as_deref().and_then(|typed| input.email(typed));
        let password = input.password("/password", &request.password);
        input.sign_in_name(request.role, request.phone.is_some(), request.email.is_some());
        let (Some(full_name), Some(password), true) = (full_name, password, input.is_valid()) else {
            return Err(input.into_error());
        };

        let id = UserId::generate(self.parts.clock.as_ref(), self.parts.entropy.as_ref())?;
        let mut user = User::new(id, request.role, full_name, self.now());
        user.phone = phone;
        user.email = email;
        check_new_password("/password", &password, &user)?;
        let account = Account::new(user, self.parts.hashes.hash(password).await?);
        self.still_admin(admin).await?;
        self.parts.store.insert_user(&account).await?;
        Ok(account.user)
    }
    /// Forgets the Telegram account that a user is bound to, and signs the user out everywhere. The next sign-in binds
    /// another one.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn unlink_telegram(&self, admin: &Admin, user: UserId) -> Result<User, ServiceError> {
        self.still_admin(admin).await?;
        let now = self.now();
        let unlink = |account: &mut Account| {
            account.user.telegram_id = None;
            account.user.telegram_username = None;
            account.user.updated_at = now;
        };
        let unlinked = self.change_and_sign_out(user, None, EndReason::TelegramUnlinked, &unlink).await?;
        unlinked.ok_or(ServiceError::NotFound)
    }

    /// Signs a user out everywhere.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn end_user_sessions(&self, admin: &Admin, user: UserId) -> Result<(), ServiceError> {
        self.still_admin(admin).await?;
        let signed_out = self.sign_out(user, None, EndReason::SignedOutByAdmin).await?;
        signed_out.map(drop).ok_or(ServiceError::NotFound)
    }
}
