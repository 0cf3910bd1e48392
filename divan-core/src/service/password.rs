use super::attempt::{ChargedAttempt, Failure, trusted_hash};
use super::validation::Validation;
use super::{CallerService, Field, IssuedTokens, ServiceError};
use crate::password::{HashPermit, PasswordHash, WeakPassword};
use crate::secret::Secret;
use crate::session::EndReason;
use crate::store::{Account, AccountUpdate, EndSessions, StoredDevice};
use crate::throttle::Attempt;
use crate::token::TokenError;
use crate::types::{Audience, AuditAction, AuthMethod};

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

/// The number of wrong passwords that ends the session.
const MAX_WRONG_PASSWORDS: u32 = 10;

/// # Password
impl CallerService<'_> {
    /// Changes the caller's password. All sessions of the caller end, and a new one begins for the
    /// same audience.
    ///
    /// # Errors
    /// [`ServiceError::InvalidCredentials`] when the current password is wrong, for the tenth time
    /// the session ends; [`ServiceError::TooManyAttempts`] after some wrong ones;
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
        service.check_new_password(Field::NewPassword, &new, caller.user())?;
        if new.as_str() == current.as_str() {
            return Err(ServiceError::WeakPassword {
                field: Field::NewPassword,
                reason: WeakPassword::Unchanged,
            });
        }

        let user = caller.user().id;
        let found = service.parts.store.account(user).await?;
        let (charged, permit) = self.begin_check(found.as_ref()).await?;
        let verified = service
            .verify_password(found, current, caller.user().role, permit)
            .await;
        if matches!(verified, Err(ServiceError::InvalidCredentials)) {
            let action = AuditAction::SignInFailed;
            self.record_wrong_proof(&charged, action).await?;
        }
        let verified = verified?;
        let password_hash = service
            .parts
            .hashes
            .hash(trusted_hash(Some(user)), new)
            .await?;
        let _invalidate = service.parts.cache.invalidate_on_drop(user, None);
        if let Some(session) = self
            .set_password(&verified.account, &charged, &password_hash)
            .await?
        {
            return Ok(session);
        }
        let again = service
            .verify_again(verified)
            .await?
            .ok_or(TokenError::NotAccepted)?;
        let tokens = self
            .set_password(&again.account, &charged, &password_hash)
            .await?;
        Ok(tokens.ok_or(TokenError::NotAccepted)?)
    }

    /// Counts a check of the current password.
    pub(super) async fn begin_check(
        self,
        found: Option<&Account>,
    ) -> Result<(ChargedAttempt, HashPermit), ServiceError> {
        let class = trusted_hash(Some(self.caller.user().id));
        let attempt = self.own_attempt();
        self.service.begin_attempt(attempt, class, found).await
    }

    /// Returns the attempt to prove the own identity in the session.
    pub(super) fn own_attempt(self) -> Attempt {
        let (keys, caller) = (&self.service.parts.attempts.keys, self.caller);
        let account = keys.of(caller.user(), caller.audience());
        keys.own_password(account, caller.user().id, caller.session())
    }

    /// Records a wrong password or code. The tenth one in a session ends the session.
    pub(super) async fn record_wrong_proof(
        self,
        charged: &ChargedAttempt,
        action: AuditAction,
    ) -> Result<(), ServiceError> {
        let (service, user) = (self.service, self.caller.user().id);
        let failure = Failure::of(action, Some(user));
        service.record_failure(charged, failure, self.client).await;
        let own = charged.attempt.keys().first().map(std::slice::from_ref);
        let counters = service
            .parts
            .store
            .counters(own.unwrap_or_default())
            .await?;
        let failures = counters.first().copied().flatten();
        if failures.is_none_or(|counter| counter.failures < MAX_WRONG_PASSWORDS) {
            return Ok(());
        }
        let action = AuditAction::WrongPasswordSignOut;
        let event = service.audit_event(action, Some(user), user, self.client)?;
        let session = Some(self.caller.session());
        service
            .sign_out(user, session, EndReason::WrongPassword, event)
            .await
            .map(drop)
    }

    /// Returns `None` if the account or the session of the caller was changed concurrently.
    async fn set_password(
        self,
        seen: &Account,
        charged: &ChargedAttempt,
        password_hash: &PasswordHash,
    ) -> Result<Option<IssuedTokens>, ServiceError> {
        let user = seen.user.id;
        let Self {
            service,
            caller,
            client,
        } = self;
        let mut session = service.new_session(user, caller.audience(), client)?;
        // The same client continues in the new session.
        let previous = service.parts.store.session(caller.session()).await?;
        if let Some((previous, _)) = previous {
            session.auth_methods = previous.auth_methods.with(AuthMethod::Password);
            // The password alone does not renew the proof of a second factor.
            if previous.auth_methods.has_second_factor() {
                session.authenticated_at = previous.authenticated_at;
            }
            session.telegram = previous.telegram;
        }
        let at = session.created_at;
        let action = AuditAction::PasswordChanged;
        let event = service.audit_event(action, Some(user), user, client)?;
        let settle = charged.attempt.settle(at);
        // The devices of the old password are no longer known.
        let device = match caller.audience() {
            Audience::Admin => Some(service.new_device(user, 0, client)?),
            Audience::MiniApp => None,
        };
        let change = |current: &mut Account| {
            // The rules for the new password are those of the role.
            let is_unchanged = current.password_hash == seen.password_hash
                && current.user.is_active
                && current.user.role == seen.user.role;
            if !is_unchanged {
                return Ok(None);
            }
            current.password_hash = password_hash.clone();
            current.password_version += 1;
            current.password_verified_at = None;
            current.password_expires_at = None;
            current.user.password_change_required = false;
            current.user.updated_at = at;
            let all = EndSessions::all(at, EndReason::PasswordChanged);
            let mut update = AccountUpdate::none()
                .require_live_session(caller.session())
                .end(all)
                .begin(session.clone())
                .settle(settle.clone())
                .event(event.clone());
            if let Some(device) = &device {
                update = update.keep_device(StoredDevice {
                    password_version: current.password_version,
                    ..device.clone()
                });
            }
            Ok(Some(update))
        };
        let updated = service.update_account(user, &change).await?;
        let Some(updated) = updated else {
            return Ok(None);
        };
        let version = updated.account.password_version;
        let mut tokens = service.issue_first(&session, updated)?;
        let device_keys = &service.parts.device_keys;
        tokens.device_token = device.map(|device| device_keys.issue(device.id, user, version));
        Ok(Some(tokens))
    }
}
