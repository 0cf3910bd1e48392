//! A new proof of identity in a session.

use super::second_factor::SecondFactorProof;
use super::validation::Validation;
use super::{CallerService, Field, FreshToken, ServiceError};
use crate::secret::Secret;
use crate::store::{Account, AccountUpdate, SessionProof};
use crate::types::{AuditAction, AuthMethod};

/// A proof of identity in a session.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StepUpProof {
    /// The password, for administrators without a second factor.
    Password(Secret),
    /// A code of the second factor.
    SecondFactor(SecondFactorProof),
}

/// # Step-up
impl CallerService<'_> {
    /// Proves the identity of a signed-in administrator again. Returns an access token with the time of
    /// the proof, which critical operations accept for five minutes. The refresh token stays; tokens that
    /// it is exchanged for have the same time.
    ///
    /// Administrators with a second factor prove their identity with a code, the others with the password.
    ///
    /// # Errors
    /// - [`ServiceError::InsufficientAuthentication`] for a password, if a second factor is on,
    /// - [`ServiceError::InvalidCredentials`] for a wrong password, [`ServiceError::SecondFactorInvalid`]
    ///   for a wrong code: for the tenth time the session ends,
    /// - [`ServiceError::TooManyAttempts`], [`ServiceError::AdminRequired`].
    ///
    /// ```
    /// use divan_core::service::{AdminService, CallerService, FreshToken, ServiceError, StepUpProof};
    /// use divan_core::types::UserId;
    ///
    /// async fn reset(
    ///     admin: AdminService<'_>,
    ///     caller: CallerService<'_>,
    ///     user: UserId,
    /// ) -> Result<Option<FreshToken>, ServiceError> {
    ///     match admin.reset_password(user).await {
    ///         Err(ServiceError::InsufficientAuthentication { second_factor: false }) => {
    ///             let proof = StepUpProof::Password("tram under the plum".into());
    ///             caller.step_up(&proof).await.map(Some)
    ///         }
    ///         other => other.map(|_| None),
    ///     }
    /// }
    /// ```
    pub async fn step_up(self, proof: &StepUpProof) -> Result<FreshToken, ServiceError> {
        self.caller.require_admin_any_scope()?;
        match proof {
            StepUpProof::Password(password) => self.step_up_with_password(password).await,
            StepUpProof::SecondFactor(proof) => self.step_up_with_code(proof).await,
        }
    }

    async fn step_up_with_password(self, typed: &Secret) -> Result<FreshToken, ServiceError> {
        let (service, caller) = (self.service, self.caller);
        let mut validation = Validation::default();
        let Some(password) = validation.password(Field::Password, typed) else {
            return Err(validation.into_error());
        };
        let found = service.parts.store.account(caller.user().id).await?;
        if found.as_ref().is_some_and(has_second_factor) {
            return Err(ServiceError::InsufficientAuthentication {
                second_factor: true,
            });
        }
        let (charged, permit) = self.begin_check(found.as_ref()).await?;
        let role = caller.user().role;
        let verified = service.verify_password(found, password, role, permit).await;
        if matches!(verified, Err(ServiceError::InvalidCredentials)) {
            let action = AuditAction::SignInFailed;
            self.record_wrong_proof(&charged, action).await?;
        }
        let seen = verified?.account;
        let proof = self.proof(AuthMethod::Password);
        let settle = charged.attempt.settle(proof.at);
        self.change(&|account| {
            if account.password_version != seen.password_version || has_second_factor(account) {
                return Err(ServiceError::InvalidCredentials);
            }
            Ok(AccountUpdate::none().prove(proof).settle(settle.clone()))
        })
        .await?;
        self.fresh_token(proof)
    }

    async fn step_up_with_code(self, code: &SecondFactorProof) -> Result<FreshToken, ServiceError> {
        let service = self.service;
        let charged = service.begin_code_attempt(self.own_attempt()).await?;
        let proof = self.proof(code.method());
        let settle = charged.attempt.settle(proof.at);
        let user = self.caller.user().id;
        let recovered = AuditAction::RecoveryCodeUsed;
        let recovered = service.audit_event(recovered, Some(user), user, self.client)?;
        let updated = self
            .change(&|account| {
                service.use_second_factor(account, code)?;
                let update = AccountUpdate::none().prove(proof).settle(settle.clone());
                Ok(match code.method() {
                    AuthMethod::RecoveryCode => update.event(recovered.clone()),
                    _ => update,
                })
            })
            .await;
        if matches!(updated, Err(ServiceError::SecondFactorInvalid)) {
            let action = AuditAction::SecondFactorFailed;
            self.record_wrong_proof(&charged, action).await?;
        }
        updated?;
        self.fresh_token(proof)
    }

    /// Returns the proof of the session with a further method, now.
    fn proof(self, method: AuthMethod) -> SessionProof {
        let session = self.caller.stored_session();
        let methods = session.auth_methods.with(method);
        SessionProof::new(session.id, self.service.now(), methods)
    }
}

fn has_second_factor(account: &Account) -> bool {
    account.second_factor.totp.is_some()
}
