//! The second factor of administrators.

mod enrolment;
mod login;
mod operator;
mod reset;

use time::OffsetDateTime;

#[cfg(feature = "passkeys")]
use super::passkeys::UsedPasskey;
use super::{AuthService, Caller, ClientInfo, ServiceError};
use crate::second_factor::RecoveryCode;
use crate::secret::Secret;
use crate::store::{Account, AccountUpdate, SecondFactor, StoredSession};
use crate::types::{Audience, AuthMethod, AuthMethods, PasskeyCredential, SessionId, UserId};

pub use enrolment::{EnabledSecondFactor, TotpEnrolment};
pub use login::CompleteAdminLoginCommand;

/// The maximum age of the proof of identity that critical operations require, in seconds.
const MAX_PROOF_AGE: u64 = 300;

/// The rule for the second factor of administrators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecondFactorPolicy {
    /// Administrators may turn on a second factor.
    Optional,
    /// An administrator without a second factor can only set one up.
    Required,
}

named_enum! {
    /// A way to complete a sign-in after the password.
    pub enum SecondFactorMethod {
        /// A one-time code of an authenticator app.
        Totp = "totp",
        /// A passkey.
        Passkey = "passkey",
        /// A recovery code.
        RecoveryCode = "recovery_code",
    }
}

/// A proof of the second factor. It is accepted once.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SecondFactorProof {
    /// A one-time code of the authenticator app.
    Code(Secret),
    /// A recovery code.
    RecoveryCode(Secret),
    /// A passkey: the result of `navigator.credentials.get()`.
    Passkey(PasskeyCredential),
}

/// A proof that was checked as far as that is possible before the account is locked.
pub(super) enum CheckedProof<'a> {
    Code(&'a Secret),
    RecoveryCode(&'a Secret),
    #[cfg(feature = "passkeys")]
    Passkey(UsedPasskey),
}

impl CheckedProof<'_> {
    pub(super) fn methods(&self) -> AuthMethods {
        match self {
            Self::Code(_) => AuthMethods::NONE.with(AuthMethod::OneTimeCode),
            Self::RecoveryCode(_) => AuthMethods::NONE.with(AuthMethod::RecoveryCode),
            #[cfg(feature = "passkeys")]
            Self::Passkey(used) => used.methods(),
        }
    }

    pub(super) fn is_recovery_code(&self) -> bool {
        matches!(self, Self::RecoveryCode(_))
    }
}

/// The operation for which a passkey signs.
#[cfg_attr(
    not(feature = "passkeys"),
    expect(dead_code, reason = "only passkeys read it")
)]
#[derive(Clone, Copy, Debug)]
pub(super) enum ProofPurpose {
    StepUp(SessionId),
    SignIn([u8; 32]),
}

/// The state of a user's second factor.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecondFactorStatus {
    /// The time at which the authenticator app was confirmed; `None` without one.
    pub confirmed_at: Option<OffsetDateTime>,
    /// The number of unused recovery codes.
    pub recovery_codes: usize,
    /// The number of passkeys.
    pub passkeys: u32,
}

impl SecondFactorStatus {
    fn new(factor: &SecondFactor) -> Self {
        Self {
            confirmed_at: factor.totp.as_ref().map(|totp| totp.confirmed_at),
            recovery_codes: factor.recovery_codes.len(),
            passkeys: factor.passkeys,
        }
    }
}

impl AuthService {
    /// Returns `true` if the user of the session can only set up a second factor.
    pub(super) fn lacks_second_factor(&self, session: &StoredSession) -> bool {
        self.parts.second_factor == SecondFactorPolicy::Required
            && session.audience == Audience::Admin
            && !session.auth_methods.has_second_factor()
    }

    /// Returns `true` if the caller proved the own identity within the last five minutes, with the second
    /// factor if one is on.
    pub(super) fn has_fresh_proof(&self, caller: &Caller) -> bool {
        let claims = caller.claims();
        let second_factor = caller.stored_session().auth_methods.has_second_factor();
        let is_sufficient = claims.auth_methods.has_second_factor() || !second_factor;
        let now = self.parts.clock.unix_seconds();
        let age = now.saturating_sub(claims.auth_time.unwrap_or_default());
        is_sufficient && age <= MAX_PROOF_AGE
    }

    /// Requires [`has_fresh_proof`](Self::has_fresh_proof).
    pub(super) async fn require_fresh_proof(&self, caller: &Caller) -> Result<(), ServiceError> {
        if self.has_fresh_proof(caller) {
            return Ok(());
        }
        let found = self.parts.store.account(caller.user().id).await?;
        let found = found.map(|account| self.second_factors(&account.second_factor));
        Err(ServiceError::InsufficientAuthentication {
            second_factor: found.unwrap_or_default(),
        })
    }

    /// Returns the ways in which the second factor can be proved; none if it is off.
    pub(super) fn second_factors(&self, factor: &SecondFactor) -> Vec<SecondFactorMethod> {
        let mut methods = Vec::new();
        if factor.totp.is_some() {
            methods.push(SecondFactorMethod::Totp);
        }
        if factor.passkeys > 0 && self.has_passkeys() {
            methods.push(SecondFactorMethod::Passkey);
        }
        if factor.is_on() && !factor.recovery_codes.is_empty() {
            methods.push(SecondFactorMethod::RecoveryCode);
        }
        methods
    }

    /// Checks a proof as far as that is possible before the account is locked.
    #[cfg_attr(
        not(feature = "passkeys"),
        expect(clippy::unused_async, reason = "the signature with passkeys")
    )]
    pub(super) async fn check_proof<'a>(
        &self,
        proof: &'a SecondFactorProof,
        user: UserId,
        purpose: ProofPurpose,
        client: &ClientInfo,
    ) -> Result<CheckedProof<'a>, ServiceError> {
        match proof {
            SecondFactorProof::Code(code) => Ok(CheckedProof::Code(code)),
            SecondFactorProof::RecoveryCode(code) => Ok(CheckedProof::RecoveryCode(code)),
            #[cfg(feature = "passkeys")]
            SecondFactorProof::Passkey(credential) => {
                let checked = self.check_passkey(credential, user, purpose, client).await;
                checked.map(CheckedProof::Passkey)
            }
            #[cfg(not(feature = "passkeys"))]
            SecondFactorProof::Passkey(_) => {
                let _ = (user, purpose, client);
                Err(ServiceError::SecondFactorInvalid)
            }
        }
    }

    #[cfg(not(feature = "passkeys"))]
    #[expect(clippy::unused_self, reason = "the signature with the feature")]
    fn has_passkeys(&self) -> bool {
        false
    }

    /// Compares a proof with the second factor of a locked account, and uses it up.
    pub(super) fn use_second_factor(
        &self,
        account: &mut Account,
        proof: &CheckedProof<'_>,
        update: AccountUpdate,
    ) -> Result<AccountUpdate, ServiceError> {
        match proof {
            CheckedProof::Code(code) => self.use_code(account, code)?,
            CheckedProof::RecoveryCode(code) => self.use_recovery_code(account, code)?,
            #[cfg(feature = "passkeys")]
            CheckedProof::Passkey(used) => return Ok(used.store_with(update)),
        }
        Ok(update)
    }

    fn use_code(&self, account: &mut Account, code: &Secret) -> Result<(), ServiceError> {
        let (keys, user) = (&self.parts.second_factor_keys, account.user.id);
        let totp = account.second_factor.totp.as_mut();
        let totp = totp.ok_or(ServiceError::SecondFactorInvalid)?;
        let secret = keys.open(&totp.sealed_secret, user)?;
        let now = self.parts.clock.unix_seconds();
        totp.last_step = secret
            .accepted_step(code.expose(), now, totp.last_step)
            .ok_or(ServiceError::SecondFactorInvalid)?;
        if !keys.is_current(&totp.sealed_secret) {
            totp.sealed_secret = keys.seal(&secret, user, self.parts.entropy.as_ref())?;
        }
        Ok(())
    }

    fn use_recovery_code(&self, account: &mut Account, code: &Secret) -> Result<(), ServiceError> {
        let (keys, user) = (&self.parts.second_factor_keys, account.user.id);
        let code = RecoveryCode::parse(code.expose()).ok_or(ServiceError::SecondFactorInvalid)?;
        let digests = &mut account.second_factor.recovery_codes;
        let position = digests
            .iter()
            .position(|digest| keys.is_digest_of(digest, &code, user))
            .ok_or(ServiceError::SecondFactorInvalid)?;
        digests.remove(position);
        Ok(())
    }
}
