//! Changes of a user that replace the password with a generated one.

use super::attempt::trusted_hash;
use super::promotion::{Promotion, promotion};
use super::users::expiry_of_generated;
use super::validation::Validation;
use super::{AdminService, MessageKind, ServiceError};
use crate::password::Password;
use crate::secret::Secret;
use crate::session::EndReason;
use crate::store::{Account, AccountUpdate, EndSessions};
use crate::types::{AuditAction, AuditEvent, UserId};

/// A change of an account in addition to the password. It names the changed fields in the event.
pub(super) type Change<'a> =
    &'a (dyn Fn(&mut Account, &mut AuditEvent) -> Result<(), ServiceError> + Send + Sync);

/// # Generated passwords
///
/// Each of these methods replaces the password with a generated one, ends all sessions of the user,
/// and clears the failed sign-ins. A generated password is valid for 72 hours and must be changed at
/// the next sign-in. It is not stored and cannot be shown again.
///
/// They require a proof of identity of the last five minutes
/// ([`ServiceError::InsufficientAuthentication`]).
///
/// Administrators cannot call them for their own account, because the holder of a stolen access token
/// would then know the password.
impl AdminService<'_> {
    /// Replaces the password of a user with a generated one.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], [`ServiceError::OwnAccount`].
    pub async fn reset_password(self, user: UserId) -> Result<Secret, ServiceError> {
        let event = self.audit_event(AuditAction::PasswordReset, user).await?;
        self.replace_password(event, user, EndReason::PasswordReset, &|_, _| Ok(()))
            .await
    }

    /// Unlinks the Telegram account of a user and replaces the password with a generated one,
    /// because the next sign-in links the Telegram account that it comes from.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], [`ServiceError::OwnAccount`], and
    /// [`ServiceError::TelegramNotLinked`] if no account is linked: a second call changes nothing.
    pub async fn unlink_telegram(self, user: UserId) -> Result<Secret, ServiceError> {
        let event = self
            .audit_event(AuditAction::TelegramUnlinked, user)
            .await?;
        let unlink = |account: &mut Account, _: &mut AuditEvent| {
            account.user.telegram_username = None;
            account.telegram_client = None;
            account.seen_devices.clear();
            let linked = account.user.telegram_id.take();
            linked.map(drop).ok_or(ServiceError::TelegramNotLinked)
        };
        let update = AccountUpdate::none().delete_messages();
        self.replace_password_with(event, user, EndReason::TelegramUnlinked, &unlink, update)
            .await
    }

    /// Makes an employee an administrator, and replaces the password with a generated one, because the
    /// rules for administrators are stricter. `email` is the address to sign in with; it replaces an
    /// existing one. Without it, the user must have one.
    ///
    /// A linked Telegram account stays linked, but administrators cannot sign in to the Mini App.
    ///
    /// If new administrators need [an approval](crate::service::AuthServiceBuilder::admin_approval),
    /// nothing changes until a second administrator [approves](Self::approve_promotion) the promotion,
    /// within 24 hours. Another request replaces the first one.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], [`ServiceError::AlreadyAdmin`], [`ServiceError::Invalid`] if the
    /// e-mail address is invalid or missing, or [`ServiceError::Store`] if another user has it.
    pub async fn promote_user(
        self,
        user: UserId,
        email: Option<&str>,
    ) -> Result<Promotion, ServiceError> {
        self.require_person()?;
        let mut validation = Validation::default();
        let email = email.and_then(|typed| validation.email(typed));
        if !validation.is_valid() {
            return Err(validation.into_error());
        }
        if self.needs_approval() {
            let pending = self.request_promotion(user, email).await?;
            return Ok(Promotion::Pending(Box::new(pending)));
        }
        let event = self.audit_event(AuditAction::RoleChanged, user).await?;
        let promote = promotion(email.as_ref());
        let password = self
            .replace_password(event, user, EndReason::RoleChanged, &promote)
            .await?;
        Ok(Promotion::Done(password))
    }

    async fn replace_password(
        self,
        event: AuditEvent,
        user: UserId,
        reason: EndReason,
        change: Change<'_>,
    ) -> Result<Secret, ServiceError> {
        let update = AccountUpdate::none();
        self.replace_password_with(event, user, reason, change, update)
            .await
    }

    /// Replaces the password together with another update.
    pub(super) async fn replace_password_with(
        self,
        event: AuditEvent,
        user: UserId,
        reason: EndReason,
        change: Change<'_>,
        update: AccountUpdate,
    ) -> Result<Secret, ServiceError> {
        self.require_fresh_proof_of_people().await?;
        let parts = &self.service.parts;
        let found = parts.store.account(user).await?;
        let mut found = found.ok_or(ServiceError::NotFound)?;
        self.require_allowed(found.user.role)?;
        // An invalid change computes no hash.
        change(&mut found, &mut event.clone())?;
        if self.admin.id() == Some(user) {
            return Err(ServiceError::OwnAccount);
        }
        let password = Password::generate(parts.entropy.as_ref())?;
        let generated = password.to_secret();
        let hash = parts
            .hashes
            .hash(trusted_hash(self.admin.id()), password)
            .await?;
        let now = event.at;
        let replace = |account: &mut Account| {
            self.require_allowed(account.user.role)?;
            let mut event = event.clone();
            let mut counters = parts.attempts.keys.all_of(&account.user);
            change(account, &mut event)?;
            self.require_allowed(account.user.role)?;
            counters.extend(parts.attempts.keys.all_of(&account.user));
            account.password_hash = hash.clone();
            account.password_version += 1;
            account.password_verified_at = None;
            account.password_expires_at = Some(expiry_of_generated(now));
            account.user.password_change_required = true;
            account.user.updated_at = now;
            let kind = MessageKind::PasswordReset;
            Ok(Some(
                update
                    .clone()
                    .message(self.service.message(account, kind, now))
                    .end(EndSessions::all(now, reason))
                    .clear_counters(counters)
                    .event(event),
            ))
        };
        let _invalidate = parts.cache.invalidate_on_drop(user, None);
        let updated = self.service.update_account(user, &replace).await?;
        updated.map(|_| generated).ok_or(ServiceError::NotFound)
    }
}
