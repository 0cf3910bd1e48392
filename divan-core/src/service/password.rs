use super::validation::{Validation, check_new_password};
use super::{AuthService, Caller, ClientInfo, Field, ServiceError};
use crate::api::{ChangePasswordRequest, TokenResponse};
use crate::password::{PasswordHash, WeakPassword};
use crate::session::EndReason;
use crate::store::{Account, AccountUpdate, EndSessions};
use crate::token::TokenError;
use crate::types::AuditAction;

impl AuthService {
    /// Changes the caller's password. All of the caller's sessions end, and a new one begins, on
    /// the same audience.
    ///
    /// # Errors
    /// [`ServiceError::InvalidCredentials`] when the current password is wrong,
    /// [`ServiceError::WeakPassword`] when the new one breaks a rule, [`ServiceError::Token`] when
    /// the caller was signed out meanwhile. Nothing has changed then.
    pub async fn change_password(
        &self,
        caller: &Caller,
        request: &ChangePasswordRequest,
        client: &ClientInfo,
    ) -> Result<TokenResponse, ServiceError> {
        let mut validation = Validation::default();
        let current = validation.password(Field::CurrentPassword, &request.current_password);
        let new = validation.password(Field::NewPassword, &request.new_password);
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
        let found = self.parts.store.account(user).await?;
        let verified = self
            .check_password(found, current, caller.user().role)
            .await?;
        let password_hash = self.parts.hashes.hash(new).await?;
        let _forget = self.parts.cache.forget_on_drop(user, None);
        if let Some(session) = self
            .set_password(caller, &verified.account, &password_hash, client)
            .await?
        {
            return Ok(session);
        }
        // Whoever was signed out meanwhile would otherwise be in again.
        let again = self
            .check_again(verified)
            .await?
            .ok_or(TokenError::NotForUs)?;
        let changed = self
            .set_password(caller, &again.account, &password_hash, client)
            .await?;
        Ok(changed.ok_or(TokenError::NotForUs)?)
    }

    /// `None` when the account or the session of the caller changed meanwhile.
    async fn set_password(
        &self,
        caller: &Caller,
        seen: &Account,
        password_hash: &PasswordHash,
        client: &ClientInfo,
    ) -> Result<Option<TokenResponse>, ServiceError> {
        let user = seen.user.id;
        let session = self.new_session(user, caller.audience(), client)?;
        let at = session.created_at;
        let record = self.record(AuditAction::PasswordChanged, Some(user), user, client)?;
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
            let all = EndSessions {
                only: None,
                at,
                reason: EndReason::PasswordChanged,
            };
            Ok(Some(
                AccountUpdate::none()
                    .require_live_session(caller.session())
                    .end(all)
                    .begin(session.clone())
                    .record(record.clone()),
            ))
        };
        let updated = self.parts.store.update_account(user, &change).await?;
        updated
            .map(|updated| self.begun(&session, updated))
            .transpose()
    }
}
