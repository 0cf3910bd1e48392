use async_trait::async_trait;
use time::OffsetDateTime;

use super::StoreError;
use crate::types::{AddressRange, AuditEvent, ServiceId, ServiceScope, ServiceSecretId, UserId};

/// Maximum number of service credentials.
pub const MAX_SERVICES: u32 = 100;

/// Maximum number of secrets of a service credential.
pub const MAX_SERVICE_SECRETS: usize = 2;

/// Credentials of other services. Each change is written with its audit event.
#[async_trait]
pub trait ServiceStore: std::fmt::Debug + Send + Sync {
    /// Finds a credential, also one that has expired.
    ///
    /// # Errors
    /// Only when the database fails; no such credential is `Ok(None)`.
    async fn service(&self, id: ServiceId) -> Result<Option<StoredService>, StoreError>;

    /// Returns all credentials, newest first.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn services(&self) -> Result<Vec<StoredService>, StoreError>;

    /// Inserts a credential, unless there are [`MAX_SERVICES`]: then nothing is written, and the result is
    /// `false`. Concurrent calls may exceed the number.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn insert_service(
        &self,
        new: &StoredService,
        event: &AuditEvent,
    ) -> Result<bool, StoreError>;

    /// Replaces a credential and its secrets, except for the times of their last use. Nothing is written and the
    /// result is `false` unless the stored version is the one before [`StoredService::version`].
    ///
    /// # Errors
    /// Only when the database fails.
    async fn update_service(
        &self,
        next: &StoredService,
        event: &AuditEvent,
    ) -> Result<bool, StoreError>;

    /// Deletes a credential with its secrets. Nothing is written and the result is `false` when there is no such
    /// credential.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn delete_service(&self, id: ServiceId, event: &AuditEvent) -> Result<bool, StoreError>;

    /// Stores the time of a use with the credential and the secret, unless a later one is stored. Does nothing when
    /// they do not exist any more.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn use_service(
        &self,
        id: ServiceId,
        secret: ServiceSecretId,
        at: OffsetDateTime,
    ) -> Result<(), StoreError>;
}

/// A credential of another service.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredService {
    /// The id.
    pub id: ServiceId,
    /// The name.
    pub name: String,
    /// The permissions.
    pub scopes: Vec<ServiceScope>,
    /// The addresses from which it is accepted. Empty: all.
    pub allowed_addresses: Vec<AddressRange>,
    /// Time of the creation.
    pub created_at: OffsetDateTime,
    /// The administrator who created it; `None` for the operator.
    pub created_by: Option<UserId>,
    /// Expiry.
    pub expires_at: Option<OffsetDateTime>,
    /// Time of the last use.
    pub last_used_at: Option<OffsetDateTime>,
    /// The secrets: one or two. The newest one does not expire, and is the last, whatever the clocks of the
    /// servers say.
    pub secrets: Vec<StoredServiceSecret>,
    /// Increases by one with each change.
    pub version: u64,
}

impl StoredService {
    /// Creates a credential without scopes that does not expire.
    pub fn new(
        id: ServiceId,
        name: impl Into<String>,
        secret: StoredServiceSecret,
        created_at: OffsetDateTime,
    ) -> Self {
        Self {
            id,
            name: name.into(),
            scopes: Vec::new(),
            allowed_addresses: Vec::new(),
            created_at,
            created_by: None,
            expires_at: None,
            last_used_at: None,
            secrets: vec![secret],
            version: 1,
        }
    }
}

/// A secret of a service credential.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredServiceSecret {
    /// The id.
    pub id: ServiceSecretId,
    /// SHA-256 of the secret.
    pub digest: [u8; 32],
    /// The last characters of the secret.
    pub hint: String,
    /// Time of the creation.
    pub created_at: OffsetDateTime,
    /// Expiry; `None` for the newest one.
    pub expires_at: Option<OffsetDateTime>,
    /// Time of the last use.
    pub last_used_at: Option<OffsetDateTime>,
}

redacted_debug!(StoredServiceSecret { id });

impl StoredServiceSecret {
    /// Creates a secret that does not expire.
    pub fn new(
        id: ServiceSecretId,
        digest: [u8; 32],
        hint: impl Into<String>,
        created_at: OffsetDateTime,
    ) -> Self {
        Self {
            id,
            digest,
            hint: hint.into(),
            created_at,
            expires_at: None,
            last_used_at: None,
        }
    }

    /// Returns `true` before the expiry.
    pub fn is_valid(&self, at: OffsetDateTime) -> bool {
        self.expires_at.is_none_or(|expires_at| at < expires_at)
    }
}
