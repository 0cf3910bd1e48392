use time::OffsetDateTime;

use crate::types::SessionId;

/// The second factor of an administrator, a part of the [`Account`](super::Account): it changes
/// under the lock of the account, so that each code is accepted once.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecondFactor {
    /// The authenticator app whose codes are required at sign-in.
    pub totp: Option<StoredTotp>,
    /// An authenticator app that was not confirmed with a code yet.
    pub pending: Option<PendingTotp>,
    /// Digests of the recovery codes that were not used.
    pub recovery_codes: Vec<[u8; 32]>,
    /// Number of passkeys. They are stored on their own: see
    /// [`PasskeyStore`](super::PasskeyStore).
    pub passkeys: u32,
}

impl SecondFactor {
    /// Returns `true` if a sign-in with the password is not complete without a second factor.
    pub fn is_on(&self) -> bool {
        self.totp.is_some() || self.passkeys > 0
    }
}

/// An authenticator app that was confirmed with a code.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredTotp {
    /// The encrypted secret.
    pub sealed_secret: Vec<u8>,
    /// Time of the confirmation.
    pub confirmed_at: OffsetDateTime,
    /// Step of the last accepted code. Only later ones are accepted.
    pub last_step: u64,
}

/// An authenticator app whose enrolment was begun.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PendingTotp {
    /// The encrypted secret.
    pub sealed_secret: Vec<u8>,
    /// Time of the beginning.
    pub created_at: OffsetDateTime,
    /// The session that began it, the only one that can confirm it.
    pub session: SessionId,
}

impl StoredTotp {
    /// Creates an authenticator app that was confirmed with the code of a step.
    pub fn new(sealed_secret: Vec<u8>, confirmed_at: OffsetDateTime, last_step: u64) -> Self {
        Self {
            sealed_secret,
            confirmed_at,
            last_step,
        }
    }
}

impl PendingTotp {
    /// Creates an authenticator app whose enrolment begins now.
    pub fn new(sealed_secret: Vec<u8>, created_at: OffsetDateTime, session: SessionId) -> Self {
        Self {
            sealed_secret,
            created_at,
            session,
        }
    }
}

redacted_debug!(SecondFactor {
    totp,
    pending,
    passkeys
});
redacted_debug!(StoredTotp {
    confirmed_at,
    last_step
});
redacted_debug!(PendingTotp {
    created_at,
    session
});
