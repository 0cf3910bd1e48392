//! The second step of a sign-in.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use time::Duration;
use zeroize::Zeroizing;

use super::{CheckedProof, ProofPurpose, SecondFactorMethod, SecondFactorProof};
use crate::secret::Secret;
use crate::service::attempt::{ChargedAttempt, Failure};
use crate::service::login::limited_until;
use crate::service::verified_password::VerifiedPassword;
use crate::service::{AttemptOutcome, ClientService, IssuedTokens, MessageKind, ServiceError};
use crate::store::{Account, AccountUpdate, MAX_CHALLENGE_ATTEMPTS, StoredChallenge, StoredDevice};
use crate::throttle::ThrottleKind;
use crate::types::{Audience, AuditAction, AuthMethods, DeviceId, PasskeyOptions, Role};

/// The time in which a sign-in must be completed.
const CHALLENGE_LIFE: Duration = Duration::minutes(5);

/// The first characters of every challenge.
const PREFIX: &str = "dvc1.";

/// Completes the sign-in of an administrator.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CompleteAdminLoginCommand {
    /// The challenge of [`ServiceError::SecondFactorRequired`].
    pub challenge: Secret,
    /// The code or passkey.
    pub proof: SecondFactorProof,
}

impl CompleteAdminLoginCommand {
    /// Creates the command.
    pub fn new(challenge: impl Into<Secret>, proof: SecondFactorProof) -> Self {
        Self {
            challenge: challenge.into(),
            proof,
        }
    }
}

/// # Sign-in with a second factor
impl ClientService<'_> {
    /// Completes the sign-in of an administrator whose password was correct. The challenge is valid for
    /// five minutes, five codes and one sign-in, as long as the password is not changed.
    ///
    /// # Errors
    /// - [`ServiceError::SecondFactorInvalid`]: the challenge is valid for another code.
    /// - [`ServiceError::ChallengeInvalid`]: sign in with the password again.
    /// - [`ServiceError::TooManyAttempts`]: each code counts as an attempt of the account, like each
    ///   password.
    ///
    /// ```
    /// use divan_core::service::{
    ///     AdminLoginCommand, ClientService, CompleteAdminLoginCommand, IssuedTokens, SecondFactorProof,
    ///     ServiceError,
    /// };
    ///
    /// async fn sign_in(client: ClientService<'_>, code: &str) -> Result<IssuedTokens, ServiceError> {
    ///     let command = AdminLoginCommand::new("admin@example.com", "tram under the plum");
    ///     match client.admin_login(&command).await {
    ///         Err(ServiceError::SecondFactorRequired { challenge, .. }) => {
    ///             let proof = SecondFactorProof::Code(code.into());
    ///             let command = CompleteAdminLoginCommand::new(challenge, proof);
    ///             client.complete_admin_login(&command).await
    ///         }
    ///         signed_in => signed_in,
    ///     }
    /// }
    /// ```
    pub async fn complete_admin_login(
        self,
        command: &CompleteAdminLoginCommand,
    ) -> Result<IssuedTokens, ServiceError> {
        let service = self.service;
        let Some((challenge, account)) = self.find_challenge(&command.challenge).await? else {
            // Challenges cannot be guessed. The limit bounds the work.
            let kind = ThrottleKind::Refresh;
            service.charge_address(kind, self.client).await?;
            return Err(ServiceError::ChallengeInvalid);
        };
        let device = match challenge.device {
            Some(id) => service.parts.store.device(id).await?,
            None => None,
        };
        let device = device.filter(|device| service.is_known(device, &account));
        let known = device.as_ref().map(|device| device.id);
        let key = service
            .parts
            .attempts
            .keys
            .of(&account.user, Audience::Admin);
        let attempt = self.admin_attempt(key, known, self.client.limited_address);
        let charged = service.begin_code_attempt(attempt).await?;
        let now = service.now();
        if !service
            .parts
            .store
            .count_challenge_attempt(&challenge.id, now)
            .await?
        {
            return Err(ServiceError::ChallengeInvalid);
        }
        let purpose = ProofPurpose::SignIn(challenge.id);
        let proof = service.check_proof(&command.proof, challenge.user, purpose, self.client);
        let completed = match proof.await {
            Ok(proof) => {
                self.complete_challenge(&challenge, &account, &charged, device, &proof)
                    .await
            }
            Err(error) => Err(error),
        };
        match &completed {
            Ok(_) => {
                let outcome = AttemptOutcome::Succeeded;
                service
                    .parts
                    .attempts
                    .count(charged.attempt.class(), outcome);
            }
            Err(ServiceError::SecondFactorInvalid) => {
                let failure = Failure::of(AuditAction::SecondFactorFailed, Some(challenge.user));
                service.record_failure(&charged, failure, self.client).await;
            }
            Err(ServiceError::Store(_)) => service.withdraw_attempt(&charged).await,
            Err(_) => {}
        }
        completed
    }

    /// Begins the second step after a correct password, which stays counted. Returns the error that
    /// contains the challenge, or the one that prevented it.
    pub(in crate::service) async fn require_second_factor(
        self,
        verified: &VerifiedPassword,
        charged: &ChargedAttempt,
        known: Option<DeviceId>,
    ) -> ServiceError {
        let begun = self.begin_challenge(verified, known).await;
        if matches!(begun, Err(ServiceError::Store(_))) {
            self.service.withdraw_attempt(charged).await;
        }
        match begun {
            Ok(challenge) => {
                let factor = &verified.account.second_factor;
                let methods = self.service.second_factors(factor);
                match self.passkey_options(&methods, &challenge, verified).await {
                    Ok(passkey) => ServiceError::SecondFactorRequired {
                        challenge,
                        methods,
                        passkey,
                    },
                    Err(error) => error,
                }
            }
            Err(error) => error,
        }
    }

    /// Returns the options for the browser, if a passkey can complete the sign-in.
    #[cfg_attr(
        not(feature = "passkeys"),
        expect(clippy::unused_async, reason = "the signature with passkeys")
    )]
    async fn passkey_options(
        self,
        methods: &[SecondFactorMethod],
        challenge: &Secret,
        verified: &VerifiedPassword,
    ) -> Result<Option<PasskeyOptions>, ServiceError> {
        if !methods.contains(&SecondFactorMethod::Passkey) {
            return Ok(None);
        }
        #[cfg(feature = "passkeys")]
        {
            let (purpose, user) = (
                ProofPurpose::SignIn(digest(challenge)),
                verified.account.user.id,
            );
            let options = self.service.passkey_request(user, purpose).await;
            options.map(Some)
        }
        #[cfg(not(feature = "passkeys"))]
        {
            let _ = (challenge, verified);
            Ok(None)
        }
    }

    async fn begin_challenge(
        self,
        verified: &VerifiedPassword,
        known: Option<DeviceId>,
    ) -> Result<Secret, ServiceError> {
        let (service, seen) = (self.service, &verified.account);
        let mut random = Zeroizing::new([0; 32]);
        service.parts.entropy.fill(random.as_mut_slice())?;
        let text = Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random)));
        let expires_at = service.now() + CHALLENGE_LIFE;
        let (user, version) = (seen.user.id, seen.password_version);
        let mut challenge = StoredChallenge::new(digest(&text), user, version, expires_at);
        challenge.device = known;
        challenge.address = self.client.limited_address;
        let change = |current: &mut Account| {
            if !is_current(&challenge, current) {
                return Ok(None);
            }
            if let Some(hash) = &verified.rehashed
                && current.password_hash == seen.password_hash
            {
                current.password_hash = hash.clone();
            }
            let update = AccountUpdate::none().begin_challenge(challenge.clone());
            Ok(Some(update))
        };
        let begun = service.update_account(user, &change).await?;
        begun.map(|_| text).ok_or(ServiceError::InvalidCredentials)
    }

    /// Finds a challenge that can still be completed, and its account.
    async fn find_challenge(
        self,
        challenge: &Secret,
    ) -> Result<Option<(StoredChallenge, Account)>, ServiceError> {
        let store = &self.service.parts.store;
        let Some(challenge) = store.challenge(&digest(challenge)).await? else {
            return Ok(None);
        };
        let is_open = self.service.now() < challenge.expires_at
            && challenge.attempts < MAX_CHALLENGE_ATTEMPTS;
        let account = store.account(challenge.user).await?;
        Ok(account
            .filter(|account| is_open && is_current(&challenge, account))
            .map(|account| (challenge, account)))
    }

    /// Compares the proof and stores the session, in one transaction.
    async fn complete_challenge(
        self,
        challenge: &StoredChallenge,
        seen: &Account,
        charged: &ChargedAttempt,
        device: Option<StoredDevice>,
        proof: &CheckedProof<'_>,
    ) -> Result<IssuedTokens, ServiceError> {
        let (service, user) = (self.service, challenge.user);
        let device = match device {
            Some(device) => device,
            None => service.new_device(user, 0, self.client)?,
        };
        let mut session = service.new_session(user, Audience::Admin, self.client)?;
        if let Some(end) = limited_until(seen) {
            session.ends_at = session.ends_at.min(end);
            session.expires_at = session.expires_at.min(end);
        }
        session.auth_methods = AuthMethods::PASSWORD.union(proof.methods());
        let now = session.created_at;
        let event = |action| service.audit_event(action, Some(user), user, self.client);
        let signed_in = event(AuditAction::SignedIn)?;
        let recovered = event(AuditAction::RecoveryCodeUsed)?;
        let account = charged.attempt.account();
        let first = self.admin_attempt(account, challenge.device, challenge.address);
        let settle = charged.attempt.settle_with(&first, now);
        let change = |current: &mut Account| {
            if !is_current(challenge, current) {
                return Err(ServiceError::ChallengeInvalid.into());
            }
            let update = service.use_second_factor(current, proof, AccountUpdate::none())?;
            current.user.last_login_at = Some(now);
            let mut update = update
                .complete_challenge(challenge.id)
                .begin(session.clone())
                .settle(settle.clone());
            update = self.keep_device(update, &device, current, now);
            if proof.is_recovery_code() {
                let kind = MessageKind::RecoveryCodeUsed;
                let message = service.message(current, kind, now);
                update = update.event(recovered.clone()).message(message);
            }
            Ok(Some(update.event(signed_in.clone())))
        };
        let updated = service.update_account(user, &change).await?;
        let updated = updated.ok_or(ServiceError::ChallengeInvalid)?;
        service.issue_on_device(&session, updated, device.id)
    }
}

/// Returns `true` if the password of the challenge is still that of the account, and the second factor
/// is still on.
fn is_current(challenge: &StoredChallenge, account: &Account) -> bool {
    account.password_version == challenge.password_version
        && account.user.is_active
        && account.user.role == Role::Admin
        && account.second_factor.is_on()
}

/// Returns the stored form of a challenge. It has 256 random bits, so a plain digest is enough.
fn digest(challenge: &Secret) -> [u8; 32] {
    Sha256::digest(challenge.expose()).into()
}
