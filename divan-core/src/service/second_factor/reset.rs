//! The second factors of other administrators.

use super::SecondFactorStatus;
use crate::service::{AdminService, MessageKind, ServiceError};
use crate::session::EndReason;
use crate::store::{Account, AccountUpdate, EndSessions, PasskeyChange};
use crate::types::{AuditAction, UserId};

/// # Second factors
impl AdminService<'_> {
    /// Returns the state of a user's second factor.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn second_factor_of(self, user: UserId) -> Result<SecondFactorStatus, ServiceError> {
        self.require_person()?;
        let found = self.service.parts.store.account(user).await?;
        let found = found.ok_or(ServiceError::NotFound)?;
        Ok(SecondFactorStatus::new(&found.second_factor))
    }

    /// Turns off the second factor of another administrator, whose authenticator app, passkeys and recovery
    /// codes are lost. All sessions of that administrator end. Check the identity of the person who asks for it.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], also if no second factor is on;
    /// [`ServiceError::OwnAccount`]: turn off your own with
    /// [`disable_second_factor`](crate::service::CallerService::disable_second_factor);
    /// [`ServiceError::InsufficientAuthentication`].
    pub async fn reset_second_factor(self, user: UserId) -> Result<(), ServiceError> {
        if self.admin.id() == Some(user) {
            return Err(ServiceError::OwnAccount);
        }
        self.require_fresh_proof().await?;
        let event = self
            .audit_event(AuditAction::SecondFactorReset, user)
            .await?;
        let end = EndSessions::all(event.at, EndReason::SecondFactorChanged);
        let change = |account: &mut Account| {
            let factor = std::mem::take(&mut account.second_factor);
            if !factor.is_on() {
                return Err(ServiceError::NotFound.into());
            }
            let kind = MessageKind::SecondFactorReset;
            let message = self.service.message(account, kind, event.at);
            let update = AccountUpdate::none().end(end).message(message);
            Ok(Some(
                update
                    .event(event.clone())
                    .passkey(PasskeyChange::DeleteAll),
            ))
        };
        let parts = &self.service.parts;
        let _invalidate = parts.cache.invalidate_on_drop(user, None);
        let updated = self.service.update_account(user, &change).await?;
        updated.map(drop).ok_or(ServiceError::NotFound)
    }

    /// Returns `true` if the administrator proved the own identity within the last five minutes. The
    /// operator does not need to, and services cannot: see
    /// [`require_allowed`](Self::require_allowed).
    pub(in crate::service) fn has_fresh_proof(self) -> bool {
        let caller = self.admin.caller();
        caller.is_none_or(|caller| self.service.has_fresh_proof(caller))
    }

    /// Checks that the administrator proved the own identity within the last five minutes. The operator
    /// does not need to.
    ///
    /// # Errors
    /// [`ServiceError::InsufficientAuthentication`], [`ServiceError::ServiceNotAllowed`].
    pub(in crate::service) async fn require_fresh_proof(self) -> Result<(), ServiceError> {
        self.require_person()?;
        self.require_fresh_proof_of_people().await
    }

    /// Checks the same for people only. For operations that services may use, on employees.
    pub(in crate::service) async fn require_fresh_proof_of_people(
        self,
    ) -> Result<(), ServiceError> {
        match self.admin.caller() {
            Some(caller) => self.service.require_fresh_proof(caller).await,
            None => Ok(()),
        }
    }
}
