//! Setting up second factors on the command line.

use super::enrolment::TotpEnrolment;
use crate::second_factor::TotpSecret;
use crate::secret::Secret;
use crate::service::{AdminService, MessageKind, ServiceError};
use crate::session::EndReason;
use crate::store::{Account, AccountUpdate, EndSessions, PasskeyChange, SecondFactor, StoredTotp};
use crate::types::{AuditAction, Role, User, UserId};

/// # Second factors, set up by the operator
///
/// For the command line, before the first sign-in to a server that requires a second factor. They are only for
/// [`Admin::operator`](crate::service::Admin::operator), because the secret is known where it is shown.
impl AdminService<'_> {
    /// Generates the secret of an authenticator app for an administrator. Nothing is stored.
    ///
    /// # Errors
    /// [`ServiceError::OperatorRequired`], or if no randomness is available.
    pub fn new_totp(self, user: &User) -> Result<TotpEnrolment, ServiceError> {
        self.require_operator()?;
        let secret = TotpSecret::generate(self.service.parts.entropy.as_ref())?;
        Ok(self.service.totp_enrolment(&secret, user))
    }

    /// Turns the second factor of an administrator on, with a secret of [`new_totp`](Self::new_totp) and a
    /// code of the authenticator app. Replaces an earlier app, all passkeys and recovery codes, ends all sessions of
    /// the administrator, and returns the recovery codes, which cannot be shown again.
    ///
    /// # Errors
    /// [`ServiceError::SecondFactorInvalid`] for a wrong code or secret, [`ServiceError::NotFound`],
    /// [`ServiceError::AdminRequired`] if the user is an employee, [`ServiceError::OperatorRequired`].
    pub async fn enable_totp(
        self,
        user: UserId,
        secret: &Secret,
        code: &Secret,
    ) -> Result<Vec<Secret>, ServiceError> {
        self.require_operator()?;
        let (service, parts) = (self.service, &self.service.parts);
        let secret: TotpSecret = secret
            .expose()
            .parse()
            .map_err(|_| ServiceError::SecondFactorInvalid)?;
        let step = secret.accepted_step(code.expose(), parts.clock.unix_seconds(), 0);
        let step = step.ok_or(ServiceError::SecondFactorInvalid)?;
        let keys = &parts.second_factor_keys;
        let sealed = keys.seal(&secret, user, parts.entropy.as_ref())?;
        let (codes, digests) = service.new_recovery_codes(user)?;
        let event = self
            .audit_event(AuditAction::SecondFactorEnabled, user)
            .await?;
        let end = EndSessions::all(event.at, EndReason::SecondFactorChanged);
        let enable = |account: &mut Account| {
            if account.user.role != Role::Admin {
                return Err(ServiceError::AdminRequired.into());
            }
            account.second_factor = SecondFactor::default();
            account.second_factor.totp = Some(StoredTotp::new(sealed.clone(), event.at, step));
            account.second_factor.recovery_codes.clone_from(&digests);
            let kind = MessageKind::SecondFactorReset;
            let message = service.message(account, kind, event.at);
            let update = AccountUpdate::none().end(end).message(message);
            let update = update.passkey(PasskeyChange::DeleteAll);
            Ok(Some(update.event(event.clone())))
        };
        let _invalidate = parts.cache.invalidate_on_drop(user, None);
        let updated = self.service.update_account(user, &enable).await?;
        updated.map(|_| codes).ok_or(ServiceError::NotFound)
    }

    fn require_operator(self) -> Result<(), ServiceError> {
        if self.admin.is_operator() {
            Ok(())
        } else {
            Err(ServiceError::OperatorRequired)
        }
    }
}
