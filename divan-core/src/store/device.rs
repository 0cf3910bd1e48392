use async_trait::async_trait;
use time::OffsetDateTime;

use super::StoreError;
use crate::types::{DeviceId, UserId};

/// Maximum number of known devices of a user; a further one removes the one that was not used for the
/// longest time.
pub const MAX_DEVICES: u32 = 20;

/// Known devices of administrators. They change together with their account: see
/// [`AccountUpdate::keep_device`](super::AccountUpdate::keep_device).
#[async_trait]
pub trait DeviceStore: std::fmt::Debug + Send + Sync {
    /// Finds a device.
    ///
    /// # Errors
    /// Only when the database fails; no such device is `Ok(None)`.
    async fn device(&self, id: DeviceId) -> Result<Option<StoredDevice>, StoreError>;

    /// Finds the devices of a user, the last used first.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn devices_of(&self, user: UserId) -> Result<Vec<StoredDevice>, StoreError>;

    /// Deletes devices that were last used before this time. Returns their number.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn purge_devices(&self, before: OffsetDateTime) -> Result<u64, StoreError>;
}

/// A browser in which an administrator has signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredDevice {
    /// The device's id.
    pub id: DeviceId,
    /// The user who signed in.
    pub user: UserId,
    /// [`Account::password_version`](super::Account::password_version) at the last sign-in. The
    /// device is known only while this equals the account's current version.
    pub password_version: u64,
    /// Time of the first sign-in.
    pub created_at: OffsetDateTime,
    /// Time of the last sign-in.
    pub last_used_at: OffsetDateTime,
    /// `User-Agent` of the last sign-in.
    pub device: Option<String>,
}

impl StoredDevice {
    /// Creates a device that is used for the first time now.
    pub fn new(id: DeviceId, user: UserId, password_version: u64, now: OffsetDateTime) -> Self {
        Self {
            id,
            user,
            password_version,
            created_at: now,
            last_used_at: now,
            device: None,
        }
    }
}
