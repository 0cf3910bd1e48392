use super::attempt::trusted_hash;
use super::{AuthService, ServiceError};
use crate::password::{HashPermit, Password, PasswordHash, Verification};
use crate::store::Account;
use crate::types::Role;

/// An account whose password was verified.
pub(super) struct VerifiedPassword {
    pub(super) account: Account,
    password: Password,
    /// A new hash, if the stored one has outdated parameters.
    pub(super) rehashed: Option<PasswordHash>,
}

impl AuthService {
    /// Computes exactly one hash, for an unknown account too, before it looks at the state of the
    /// account, so that all failures are indistinguishable.
    pub(super) async fn verify_password(
        &self,
        found: Option<Account>,
        password: Password,
        role: Role,
        mut permit: HashPermit,
    ) -> Result<VerifiedPassword, ServiceError> {
        let stored = found.as_ref().map(|account| account.password_hash.clone());
        let verification = permit.verify(password.clone(), stored).await?;
        let account = found
            .filter(|account| verification != Verification::Mismatch && account.user.is_active)
            .filter(|account| account.user.role == role)
            .ok_or(ServiceError::InvalidCredentials)?;
        let rehashed = match verification {
            // A failure to re-hash does not fail the sign-in: the old hash stays valid.
            Verification::MatchOutdated => permit.hash(password.clone()).await.ok(),
            _ => None,
        };
        Ok(VerifiedPassword {
            account,
            password,
            rehashed,
        })
    }

    /// Verifies the password once more if the stored hash has changed: a concurrent sign-in with the
    /// same password may have re-hashed it. Returns `None` after any other concurrent change.
    pub(super) async fn verify_again(
        &self,
        verified: VerifiedPassword,
    ) -> Result<Option<VerifiedPassword>, ServiceError> {
        let VerifiedPassword {
            account: seen,
            password,
            ..
        } = verified;
        let current = self
            .parts
            .store
            .account(seen.user.id)
            .await?
            .filter(|current| {
                current.password_hash != seen.password_hash
                    && current.user.is_active
                    && current.user.role == seen.user.role
            });
        let Some(account) = current else {
            return Ok(None);
        };
        let stored = Some(account.password_hash.clone());
        let hashes = &self.parts.hashes;
        match hashes
            .verify(trusted_hash(Some(seen.user.id)), password.clone(), stored)
            .await?
        {
            Verification::Mismatch => return Ok(None),
            Verification::Match | Verification::MatchOutdated => self.check_expiry(&account)?,
        }
        Ok(Some(VerifiedPassword {
            account,
            password,
            rehashed: None,
        }))
    }

    /// Rejects an expired password. Called only after a correct password.
    pub(super) fn check_expiry(&self, account: &Account) -> Result<(), ServiceError> {
        match account.password_expires_at {
            Some(end) if end <= self.now() => Err(ServiceError::PasswordExpired),
            _ => Ok(()),
        }
    }
}
