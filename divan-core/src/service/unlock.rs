use super::{AdminService, ServiceError};
use crate::store::{Account, AccountUpdate};
use crate::throttle::{Counter, Decision, ThrottleKey, ThrottleKind};
use crate::types::{AuditAction, UserId};

/// The failed sign-ins of a user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedSignIns {
    /// [Untrusted](crate::throttle::AttemptClass::Untrusted) failures in a row.
    pub untrusted: u32,
    /// [Trusted](crate::throttle::AttemptClass::Trusted) failures in a row.
    pub trusted: u32,
    /// Untrusted sign-ins are refused now, for some time or until an unlock. A single Telegram
    /// account or address may be refused although this is `false`.
    pub is_untrusted_refused: bool,
    /// Trusted sign-ins are refused until an unlock. A single Telegram account or device may have to
    /// wait although this is `false`.
    pub is_trusted_refused: bool,
}

/// # Failed sign-ins
impl AdminService<'_> {
    /// Returns the failed sign-ins of a user.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn failed_sign_ins(self, user: UserId) -> Result<FailedSignIns, ServiceError> {
        self.require_person()?;
        let user = self.get_user(user).await?;
        let (parts, now) = (&self.service.parts, self.service.now());
        let mut failed = FailedSignIns::default();
        for account in parts.attempts.keys.all_of(&user) {
            let kinds = ThrottleKind::OF_ACCOUNT;
            let keys = kinds.map(|kind| ThrottleKey::new(kind, account.0));
            let counters = parts.store.counters(&keys).await?;
            for (kind, counter) in kinds.into_iter().zip(counters) {
                let counter = counter.unwrap_or(Counter::new(now));
                let is_refused = counter.check(kind.rule(), now) != Decision::Allowed;
                if kind == ThrottleKind::TrustedTotal {
                    failed.trusted = failed.trusted.max(counter.failures);
                    failed.is_trusted_refused |= is_refused;
                } else {
                    failed.untrusted = failed.untrusted.max(counter.failures);
                    failed.is_untrusted_refused |= is_refused;
                }
            }
        }
        Ok(failed)
    }

    /// Clears the failed sign-ins and the limits of a user's account. The limits of Telegram
    /// accounts, addresses and sessions stay.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; [`ServiceError::OwnAccount`] and
    /// [`ServiceError::InsufficientAuthentication`]: the holder of a stolen access token could otherwise
    /// guess passwords and codes without limit.
    pub async fn unlock_user(self, user: UserId) -> Result<(), ServiceError> {
        if self.admin.id() == Some(user) {
            return Err(ServiceError::OwnAccount);
        }
        self.require_fresh_proof_of_people().await?;
        let event = self.audit_event(AuditAction::UserUnlocked, user).await?;
        let parts = &self.service.parts;
        let change = |account: &mut Account| {
            self.require_allowed(account.user.role)?;
            let accounts = parts.attempts.keys.all_of(&account.user);
            let update = AccountUpdate::none().clear_counters(accounts);
            Ok(Some(update.event(event.clone())))
        };
        let updated = self.service.update_account(user, &change).await?;
        updated.map(drop).ok_or(ServiceError::NotFound)
    }
}
