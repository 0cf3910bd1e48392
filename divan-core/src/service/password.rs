use super::validation::{Validation, check_new_password};
use super::{CallerService, Field, IssuedTokens, ServiceError};
use crate::password::{HashClass, PasswordHash, WeakPassword};
use crate::secret::Secret;
use crate::session::EndReason;
use crate::store::{Account, AccountUpdate, EndSessions};
use crate::token::TokenError;
use crate::types::AuditAction;

/// Changes the caller's password.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChangePasswordCommand {
    /// The current password.
    pub current_password: Secret,
    /// The new password.
    pub new_password: Secret,
}

impl ChangePasswordCommand {
    /// Creates the command.
    pub fn new(current_password: impl Into<Secret>, new_password: impl Into<Secret>) -> Self {
        Self {
            current_password: current_password.into(),
            new_password: new_password.into(),
        }
    }
}

/// # Password
impl CallerService<'_> {
    /// Changes the caller's password. All sessions of the caller end, and a new one begins for the
    /// same audience.
    ///
    /// # Errors
    /// [`ServiceError::InvalidCredentials`] when the current password is wrong,
    /// [`ServiceError::WeakPassword`] when the new one breaks a rule, [`ServiceError::Token`] when
    /// the caller was signed out concurrently. Nothing is changed then.
    pub async fn change_password(
        self,
        command: &ChangePasswordCommand,
    ) -> Result<IssuedTokens, ServiceError> {
        let Self {
            service, caller, ..
        } = self;
        let mut validation = Validation::default();
        let current = validation.password(Field::CurrentPassword, &command.current_password);
        let new = validation.password(Field::NewPassword, &command.new_password);
        let (Some(current), Some(new)) = (current, new) else {
            return Err(validation.into_error());
        };
        check_new_password(Field::NewPassword, &new, caller.user())?;
        if new.as_str() == current.as_str() {
            return Err(ServiceError::WeakPassword {
                field: Field::NewPassword,
                reason: WeakPassword::Unchanged,
            });
        }

        let user = caller.user().id;
        let found = service.parts.store.account(user).await?;
        let verified = service
            .verify_password(found, current, caller.user().role, HashClass::Trusted)
            .await?;
        let password_hash = service.parts.hashes.hash(HashClass::Trusted, new).await?;
        let _invalidate = service.parts.cache.invalidate_on_drop(user, None);
        if let Some(session) = self.set_password(&verified.account, &password_hash).await? {
            return Ok(session);
        }
        let again = service
            .verify_again(verified)
            .await?
            .ok_or(TokenError::NotAccepted)?;
        let changed = self.set_password(&again.account, &password_hash).await?;
        Ok(changed.ok_or(TokenError::NotAccepted)?)
    }

    /// Returns `None` if the account or the session of the caller was changed concurrently.
    async fn set_password(
        self,
        seen: &Account,
        password_hash: &PasswordHash,
    ) -> Result<Option<IssuedTokens>, ServiceError> {
        let user = seen.user.id;
        let Self {
            service,
            caller,
            client,
        } = self;
        let session = service.new_session(user, caller.audience(), client)?;
        let at = session.created_at;
        let action = AuditAction::PasswordChanged;
        let event = service.audit_event(action, Some(user), user, client)?;
        let change = |current: &mut Account| {
            // The rules for the new password are those of the role.
            let is_unchanged = current.password_hash == seen.password_hash
                && current.user.is_active
                && current.user.role == seen.user.role;
            if !is_unchanged {
                return Ok(None);
            }
            current.password_hash = password_hash.clone();
            current.password_verified_at = None;
            current.password_expires_at = None;
            current.user.password_change_required = false;
            current.user.updated_at = at;
            let all = EndSessions::all(at, EndReason::PasswordChanged);
            Ok(Some(
                AccountUpdate::none()
                    .require_live_session(caller.session())
                    .end(all)
                    .begin(session.clone())
                    .event(event.clone()),
            ))
        };
        let updated = service.parts.store.update_account(user, &change).await?;
        updated
            .map(|updated| service.issue_first(&session, updated))
            .transpose()
    }
}
