use super::{AdminService, ServiceError};
use crate::store::{Account, AccountUpdate};
use crate::types::{AuditAction, UserId};

/// # Deletion of users
impl AdminService<'_> {
    /// Deletes a user with all personal data: name, phone number, e-mail address, Telegram account,
    /// external id, metadata, password, sessions, known devices and failed sign-ins. The id and the
    /// audit events stay. Phone number, e-mail address, Telegram account and external id can be
    /// used again.
    ///
    /// All sessions end within a second. A deletion cannot be undone: deactivate a user who may
    /// return.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], [`ServiceError::OwnAccount`] for the caller's own account,
    /// [`ServiceError::InsufficientAuthentication`] without a proof of identity of the last five minutes, or
    /// [`ServiceError::Store`] if no active administrator would be left.
    ///
    /// ```
    /// use divan_core::service::{AdminService, ServiceError};
    /// use divan_core::types::UserId;
    ///
    /// async fn forget(admin: AdminService<'_>, user: UserId) -> Result<(), ServiceError> {
    ///     admin.delete_user(user).await
    /// }
    /// ```
    pub async fn delete_user(self, user: UserId) -> Result<(), ServiceError> {
        if self.admin.id() == Some(user) {
            return Err(ServiceError::OwnAccount);
        }
        self.require_fresh_proof_of_people().await?;
        let parts = &self.service.parts;
        let event = self.audit_event(AuditAction::UserDeleted, user).await?;
        let change = |account: &mut Account| {
            self.require_allowed(account.user.role)?;
            account.user.is_active = false;
            let accounts = parts.attempts.keys.all_of(&account.user);
            let update = AccountUpdate::none().delete_user();
            Ok(Some(update.clear_counters(accounts).event(event.clone())))
        };
        let _invalidate = parts.cache.invalidate_on_drop(user, None);
        let deleted = self.service.update_account(user, &change).await?;
        deleted.map(drop).ok_or(ServiceError::NotFound)
    }
}
