//! A new proof of identity in a session.

use super::attempt::ChargedAttempt;
use super::second_factor::{ProofPurpose, SecondFactorProof};
use super::validation::Validation;
use super::{CallerService, Field, FreshToken, MessageKind, ServiceError};
use crate::secret::Secret;
use crate::store::{AccountUpdate, SessionProof};
use crate::types::{AuditAction, AuthMethods};

/// A proof of identity in a session.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StepUpProof {
    /// The password, for administrators without a second factor.
    Password(Secret),
    /// A code or passkey of the second factor.
    SecondFactor(SecondFactorProof),
}

/// # Step-up
impl CallerService<'_> {
    /// Proves the identity of a signed-in administrator again. Returns an access token with the time of
    /// the proof, which critical operations accept for five minutes. The refresh token stays; tokens that
    /// it is exchanged for have the same time.
    ///
    /// Administrators with a second factor prove their identity with a code or passkey, the others with the
    /// password.
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
    ///         Err(ServiceError::InsufficientAuthentication { second_factor }) if second_factor.is_empty() => {
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
            StepUpProof::SecondFactor(proof) => self.step_up_with_second_factor(proof).await,
        }
    }

    async fn step_up_with_password(self, typed: &Secret) -> Result<FreshToken, ServiceError> {
        let (service, caller) = (self.service, self.caller);
        let mut validation = Validation::default();
        let Some(password) = validation.password(Field::Password, typed) else {
            return Err(validation.into_error());
        };
        let found = service.parts.store.account(caller.user().id).await?;
        if let Some(account) = &found
            && account.second_factor.is_on()
        {
            return Err(ServiceError::InsufficientAuthentication {
                second_factor: service.second_factors(&account.second_factor),
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
        let proof = self.proof(AuthMethods::PASSWORD);
        let settle = charged.attempt.settle(proof.at);
        let proved = self.own_event(AuditAction::IdentityProved)?;
        self.change(&|account| {
            if account.password_version != seen.password_version || account.second_factor.is_on() {
                return Err(ServiceError::InvalidCredentials);
            }
            let update = AccountUpdate::none().prove(proof).settle(settle.clone());
            Ok(update.event(proved.clone()))
        })
        .await?;
        self.fresh_token(proof)
    }

    async fn step_up_with_second_factor(
        self,
        proof: &SecondFactorProof,
    ) -> Result<FreshToken, ServiceError> {
        let (service, user) = (self.service, self.caller.user().id);
        let account = service.parts.store.account(user).await?;
        if !account.is_some_and(|account| account.second_factor.is_on()) {
            let second_factor = Vec::new();
            return Err(ServiceError::InsufficientAuthentication { second_factor });
        }
        let charged = service.begin_code_attempt(self.own_attempt()).await?;
        let proved = self.prove_second_factor(proof, &charged).await;
        if matches!(proved, Err(ServiceError::SecondFactorInvalid)) {
            let action = AuditAction::SecondFactorFailed;
            self.record_wrong_proof(&charged, action).await?;
        }
        self.fresh_token(proved?)
    }

    async fn prove_second_factor(
        self,
        proof: &SecondFactorProof,
        charged: &ChargedAttempt,
    ) -> Result<SessionProof, ServiceError> {
        let (service, user) = (self.service, self.caller.user().id);
        let purpose = ProofPurpose::StepUp(self.caller.session());
        let checked = service
            .check_proof(proof, user, purpose, self.client)
            .await?;
        let proof = self.proof(checked.methods());
        let settle = charged.attempt.settle(proof.at);
        let recovered = self.own_event(AuditAction::RecoveryCodeUsed)?;
        let proved = self.own_event(AuditAction::IdentityProved)?;
        self.change(&|account| {
            let update = AccountUpdate::none().prove(proof).settle(settle.clone());
            let update = update.event(proved.clone());
            let update = service.use_second_factor(account, &checked, update)?;
            Ok(if checked.is_recovery_code() {
                let kind = MessageKind::RecoveryCodeUsed;
                let message = service.message(account, kind, proof.at);
                update.event(recovered.clone()).message(message)
            } else {
                update
            })
        })
        .await?;
        Ok(proof)
    }

    /// Returns the proof of the session with further methods, now.
    fn proof(self, methods: AuthMethods) -> SessionProof {
        let session = self.caller.stored_session();
        let methods = session.auth_methods.union(methods);
        SessionProof::new(session.id, self.service.now(), methods)
    }
}
