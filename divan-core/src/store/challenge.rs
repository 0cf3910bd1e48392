use std::net::IpAddr;

use async_trait::async_trait;
use time::OffsetDateTime;

use super::StoreError;
use crate::types::{DeviceId, UserId};

/// Maximum number of codes that are compared for a challenge.
pub const MAX_CHALLENGE_ATTEMPTS: u32 = 5;

/// Sign-ins that wait for the second factor. They begin and are completed together with changes of
/// their account: see [`AccountUpdate::begin_challenge`](super::AccountUpdate::begin_challenge) and
/// [`AccountUpdate::complete_challenge`](super::AccountUpdate::complete_challenge).
#[async_trait]
pub trait ChallengeStore: std::fmt::Debug + Send + Sync {
    /// Finds a challenge, also one that has expired.
    ///
    /// # Errors
    /// Only when the database fails; no such challenge is `Ok(None)`.
    async fn challenge(&self, id: &[u8; 32]) -> Result<Option<StoredChallenge>, StoreError>;

    /// Counts an attempt of a challenge. Returns `false`, and counts nothing, when there is no such
    /// challenge, when it has expired, or after [`MAX_CHALLENGE_ATTEMPTS`].
    ///
    /// # Errors
    /// Only when the database fails.
    async fn count_challenge_attempt(
        &self,
        id: &[u8; 32],
        now: OffsetDateTime,
    ) -> Result<bool, StoreError>;

    /// Deletes challenges that expired before this time. Returns their number.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn purge_challenges(&self, before: OffsetDateTime) -> Result<u64, StoreError>;
}

/// A sign-in with a correct password that waits for the second factor.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredChallenge {
    /// Digest of the random id that the client knows.
    pub id: [u8; 32],
    /// The user whose password was correct.
    pub user: UserId,
    /// [`Account::password_version`](super::Account::password_version) of that password.
    pub password_version: u64,
    /// Expiry.
    pub expires_at: OffsetDateTime,
    /// Number of codes that were compared.
    pub attempts: u32,
    /// The known device that made the sign-in [trusted](crate::throttle).
    pub device: Option<DeviceId>,
    /// Address whose counters the sign-in was added to.
    pub address: Option<IpAddr>,
}

impl StoredChallenge {
    /// Creates a challenge without a known device and address.
    pub fn new(
        id: [u8; 32],
        user: UserId,
        password_version: u64,
        expires_at: OffsetDateTime,
    ) -> Self {
        Self {
            id,
            user,
            password_version,
            expires_at,
            attempts: 0,
            device: None,
            address: None,
        }
    }
}
