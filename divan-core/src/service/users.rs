use super::input::Input;
use super::{Admin, AuthService, ServiceError};
use crate::api::CreateUserRequest;
use crate::password::PasswordPolicy;
use crate::store::Account;
use crate::types::{Role, User, UserId};

impl AuthService {
    /// Creates a user. That an [`Admin`] asks for it is the permission.
    ///
    /// # Errors
    /// What is wrong with the request, all of it at once; or that the phone number or address is somebody else's.
    pub async fn create_user(&self, _: &Admin, request: &CreateUserRequest) -> Result<User, ServiceError> {
        let mut input = Input::default();
        let full_name = input.full_name(&request.full_name);
        let phone = request.phone.as_deref().and_then(|typed| input.phone(typed, self.region));
        let email = request.email.as_deref().and_then(|typed| input.email(typed));
        let password = input.password(&request.password);
        match request.role {
            Role::Employee if request.phone.is_none() => {
                input.wrong("/phone", "is missing: an employee signs in with it");
            }
            Role::Admin if request.email.is_none() => {
                input.wrong("/email", "is missing: an administrator signs in with it");
            }
            _ => {}
        }
        let (Some(full_name), Some(password), true) = (full_name, password, input.is_valid()) else {
            return Err(input.into_error());
        };

        let policy = match request.role {
            Role::Employee => PasswordPolicy::SECOND_FACTOR,
            Role::Admin => PasswordPolicy::SINGLE_FACTOR,
        };
        let details =
            [Some(full_name.as_str()), phone.as_ref().map(AsRef::as_ref), email.as_ref().map(AsRef::as_ref)];
        policy.check(&password, &details.into_iter().flatten().collect::<Vec<_>>())?;

        let id = UserId::generate(self.clock.as_ref(), self.entropy.as_ref())?;
        let mut user = User::new(id, request.role, full_name, self.now());
        user.phone = phone;
        user.email = email;
        let password_hash = self.hashes.hash(password).await?;
        let account = Account { user, password_hash };
        self.store.insert_user(&account).await?;
        Ok(account.user)
    }
}
