//! The second factor of administrators.

mod enrolment;
mod login;
mod operator;
mod reset;

use time::OffsetDateTime;

use super::{AuthService, Caller, ServiceError};
use crate::second_factor::RecoveryCode;
use crate::secret::Secret;
use crate::store::{Account, SecondFactor, StoredSession};
use crate::types::{Audience, AuthMethod};

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
        /// A recovery code.
        RecoveryCode = "recovery_code",
    }
}

/// A code that proves the second factor. It is accepted once.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SecondFactorProof {
    /// A one-time code of the authenticator app.
    Code(Secret),
    /// A recovery code.
    RecoveryCode(Secret),
}

impl SecondFactorProof {
    pub(super) fn method(&self) -> AuthMethod {
        match self {
            Self::Code(_) => AuthMethod::OneTimeCode,
            Self::RecoveryCode(_) => AuthMethod::RecoveryCode,
        }
    }
}

/// The state of a user's second factor.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecondFactorStatus {
    /// The time at which the authenticator app was confirmed; `None` if the second factor is off.
    pub confirmed_at: Option<OffsetDateTime>,
    /// The number of unused recovery codes.
    pub recovery_codes: usize,
}

impl SecondFactorStatus {
    fn new(factor: &SecondFactor) -> Self {
        Self {
            confirmed_at: factor.totp.as_ref().map(|totp| totp.confirmed_at),
            recovery_codes: factor.recovery_codes.len(),
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

    /// Checks that the caller proved the own identity within the last five minutes, with the second
    /// factor if one is on.
    pub(super) fn require_fresh_proof(&self, caller: &Caller) -> Result<(), ServiceError> {
        let claims = caller.claims();
        let second_factor = caller.stored_session().auth_methods.has_second_factor();
        let is_sufficient = claims.auth_methods.has_second_factor() || !second_factor;
        let now = self.parts.clock.unix_seconds();
        let age = now.saturating_sub(claims.auth_time.unwrap_or_default());
        if is_sufficient && age <= MAX_PROOF_AGE {
            Ok(())
        } else {
            Err(ServiceError::InsufficientAuthentication { second_factor })
        }
    }

    /// Compares a proof with the second factor of a locked account, and uses it up.
    pub(super) fn use_second_factor(
        &self,
        account: &mut Account,
        proof: &SecondFactorProof,
    ) -> Result<(), ServiceError> {
        match proof {
            SecondFactorProof::Code(code) => self.use_code(account, code),
            SecondFactorProof::RecoveryCode(code) => self.use_recovery_code(account, code),
        }
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
