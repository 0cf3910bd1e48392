use async_trait::async_trait;
use time::OffsetDateTime;

use super::StoreError;
use crate::types::{PasskeyId, UserId};

/// Maximum number of passkeys of a user.
pub const MAX_PASSKEYS: u32 = 10;

/// Passkeys. They change together with their account: see
/// [`AccountUpdate::passkey`](super::AccountUpdate::passkey).
#[async_trait]
pub trait PasskeyStore: std::fmt::Debug + Send + Sync {
    /// Returns the passkeys of a user, oldest first.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn passkeys_of(&self, user: UserId) -> Result<Vec<StoredPasskey>, StoreError>;

    /// Deletes the marks of challenges that expired before this time. Returns their number.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn purge_used_challenges(&self, before: OffsetDateTime) -> Result<u64, StoreError>;
}

/// A passkey of an administrator.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredPasskey {
    /// The id.
    pub id: PasskeyId,
    /// The owner.
    pub user: UserId,
    /// The id of the key pair, at most 1,023 bytes. No two passkeys have the same.
    pub credential_id: Vec<u8>,
    /// The public key, as a COSE key.
    pub public_key: Vec<u8>,
    /// The signature counter; 0 if the authenticator has none.
    pub counter: u32,
    /// The name that the owner gave it.
    pub name: String,
    /// The connections to the authenticator.
    pub transports: Vec<String>,
    /// The authenticator may copy the passkey to other devices.
    pub is_backup_eligible: bool,
    /// The authenticator has copied the passkey to other devices.
    pub is_backed_up: bool,
    /// Time of the registration.
    pub created_at: OffsetDateTime,
    /// Time of the last use.
    pub last_used_at: Option<OffsetDateTime>,
}

impl StoredPasskey {
    /// Creates a passkey without a counter, a name, transports and backups.
    pub fn new(
        id: PasskeyId,
        user: UserId,
        credential_id: Vec<u8>,
        public_key: Vec<u8>,
        created_at: OffsetDateTime,
    ) -> Self {
        Self {
            id,
            user,
            credential_id,
            public_key,
            counter: 0,
            name: String::new(),
            transports: Vec::new(),
            is_backup_eligible: false,
            is_backed_up: false,
            created_at,
            last_used_at: None,
        }
    }
}

/// A change of the passkeys of an account. The number in the account
/// ([`SecondFactor::passkeys`](super::SecondFactor::passkeys)) changes with it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PasskeyChange {
    /// Inserts a passkey of the account.
    Add(StoredPasskey),
    /// Stores a use. The counter must still have the value that was seen.
    Use(PasskeyUse),
    /// Renames a passkey, which must exist.
    Rename(PasskeyId, String),
    /// Deletes a passkey, which must exist.
    Delete(PasskeyId),
    /// Deletes all passkeys of the account.
    DeleteAll,
}

/// A use of a passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PasskeyUse {
    /// The passkey.
    pub id: PasskeyId,
    /// The counter with which the assertion was compared.
    pub seen_counter: u32,
    /// The counter of the assertion.
    pub counter: u32,
    /// The authenticator has copied the passkey to other devices.
    pub is_backed_up: bool,
    /// The time.
    pub at: OffsetDateTime,
}

impl PasskeyUse {
    /// A use of this passkey, whose counter advances.
    pub fn new(
        passkey: &StoredPasskey,
        counter: u32,
        is_backed_up: bool,
        at: OffsetDateTime,
    ) -> Self {
        Self {
            id: passkey.id,
            seen_counter: passkey.counter,
            counter,
            is_backed_up,
            at,
        }
    }
}

/// A challenge of a passkey that was used. It is marked until it expires, so that it is used once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UsedChallenge {
    /// The random part of the challenge.
    pub id: [u8; 16],
    /// Expiry of the challenge.
    pub expires_at: OffsetDateTime,
}

impl UsedChallenge {
    /// Marks a challenge.
    pub fn new(id: [u8; 16], expires_at: OffsetDateTime) -> Self {
        Self { id, expires_at }
    }
}
