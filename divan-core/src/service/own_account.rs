use super::{CallerService, ServiceError};
use crate::store::Account;
use crate::token::TokenError;
use crate::types::User;

/// # Own account
impl CallerService<'_> {
    /// Returns the caller, at most one second old.
    pub fn user(self) -> User {
        self.caller.user().clone()
    }

    /// Returns the caller as stored now, with the metadata.
    ///
    /// # Errors
    /// [`ServiceError::Token`] when the caller was deleted concurrently.
    pub async fn user_with_metadata(self) -> Result<User, ServiceError> {
        let id = self.caller.user().id;
        let found = self.service.parts.store.account(id).await?;
        found
            .map(Account::into_user_with_metadata)
            .ok_or(ServiceError::Token(TokenError::NotAccepted))
    }
}
