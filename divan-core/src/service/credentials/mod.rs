//! Credentials of other services.

mod access;
mod authenticate;
mod cache;
mod grant;
mod introspect;
mod manage;

pub use authenticate::{BearerCaller, ServiceCaller};
pub(super) use cache::ServiceCache;
pub use grant::ServiceToken;
pub use introspect::{ActiveToken, TokenKind};

use std::time::Duration;

use time::OffsetDateTime;

use super::{Field, InvalidFieldReason, validation::Validation};
use crate::secret::Secret;
use crate::store::{MAX_SERVICE_SECRETS, StoredService, StoredServiceSecret};
use crate::types::{AddressRange, ServiceId, ServiceScope, ServiceSecretId, UserId};

/// Maximum number of addresses and networks of a credential.
const MAX_ALLOWED_ADDRESSES: usize = 32;

/// Maximum time for which a replaced secret stays valid.
const MAX_ROTATION: Duration = Duration::from_hours(30 * 24);

/// A service credential, as shown to administrators.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceView {
    /// The id, which is the `client_id`.
    pub id: ServiceId,
    /// The name.
    pub name: String,
    /// The permissions.
    pub scopes: Vec<ServiceScope>,
    /// The addresses from which it is accepted. Empty: all.
    pub allowed_addresses: Vec<AddressRange>,
    /// The time of the creation.
    pub created_at: OffsetDateTime,
    /// The administrator who created it; `None` for the operator.
    pub created_by: Option<UserId>,
    /// The expiry.
    pub expires_at: Option<OffsetDateTime>,
    /// The time of the last use, stored at most once a minute.
    pub last_used_at: Option<OffsetDateTime>,
    /// The valid secrets, oldest first: one or two.
    pub secrets: Vec<ServiceSecretView>,
}

/// A secret of a service credential, as shown to administrators.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceSecretView {
    /// The id.
    pub id: ServiceSecretId,
    /// The last four characters of the secret.
    pub hint: String,
    /// The time of the creation.
    pub created_at: OffsetDateTime,
    /// The expiry; `None` for the newest one.
    pub expires_at: Option<OffsetDateTime>,
    /// The time of the last use, stored at most once a minute.
    pub last_used_at: Option<OffsetDateTime>,
}

/// A service credential with a new secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewServiceSecret {
    /// The credential.
    pub service: ServiceView,
    /// The secret. It is not stored and cannot be shown again.
    pub secret: Secret,
}

/// Creates a service credential.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CreateServiceCommand {
    /// A name by which people recognize the service, 1 to 100 characters.
    pub name: String,
    /// The permissions, at least one.
    pub scopes: Vec<ServiceScope>,
    /// IP addresses and networks from which the credential is accepted, at most 32. Empty: all.
    pub allowed_addresses: Vec<String>,
    /// The expiry.
    pub expires_at: Option<OffsetDateTime>,
}

impl CreateServiceCommand {
    /// Creates the command for a credential that is accepted from all addresses and does not expire.
    pub fn new(name: impl Into<String>, scopes: impl Into<Vec<ServiceScope>>) -> Self {
        Self {
            name: name.into(),
            scopes: scopes.into(),
            allowed_addresses: Vec::new(),
            expires_at: None,
        }
    }
}

/// Changes the fields of a service credential that are `Some`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpdateServiceCommand {
    /// The name.
    pub name: Option<String>,
    /// The permissions, at least one.
    pub scopes: Option<Vec<ServiceScope>>,
    /// IP addresses and networks from which the credential is accepted. Empty: all.
    pub allowed_addresses: Option<Vec<String>>,
    /// The expiry; `Some(None)` removes it.
    pub expires_at: Option<Option<OffsetDateTime>>,
}

impl ServiceView {
    fn new(stored: StoredService, now: OffsetDateTime) -> Self {
        let secrets = stored.secrets.into_iter();
        let valid = secrets.filter(|secret| secret.is_valid(now));
        Self {
            id: stored.id,
            name: stored.name,
            scopes: stored.scopes,
            allowed_addresses: stored.allowed_addresses,
            created_at: stored.created_at,
            created_by: stored.created_by,
            expires_at: stored.expires_at,
            last_used_at: stored.last_used_at,
            secrets: valid.map(ServiceSecretView::from).collect(),
        }
    }
}

impl From<StoredServiceSecret> for ServiceSecretView {
    fn from(secret: StoredServiceSecret) -> Self {
        Self {
            id: secret.id,
            hint: secret.hint,
            created_at: secret.created_at,
            expires_at: secret.expires_at,
            last_used_at: secret.last_used_at,
        }
    }
}

impl StoredService {
    /// Adds a secret. The newest one before stays valid for some time, and older ones are removed.
    fn rotate(&mut self, new: StoredServiceSecret, keep: Duration) {
        let mut previous = self.secrets.pop().filter(|_| !keep.is_zero());
        if let Some(previous) = &mut previous {
            previous.expires_at = Some(
                new.created_at
                    .saturating_add(keep.try_into().unwrap_or_default()),
            );
        }
        self.secrets = previous.into_iter().chain([new]).collect();
        debug_assert!(self.secrets.len() <= MAX_SERVICE_SECRETS);
    }
}

impl Validation {
    fn scopes(&mut self, scopes: &[ServiceScope]) -> Vec<ServiceScope> {
        if scopes.is_empty() {
            self.reject(Field::Scopes, InvalidFieldReason::Empty);
        }
        if scopes.contains(&ServiceScope::Unknown) {
            self.reject(Field::Scopes, InvalidFieldReason::UnknownScope);
        }
        let known = ServiceScope::ALL.iter().copied();
        known.filter(|scope| scopes.contains(scope)).collect()
    }

    fn allowed_addresses(&mut self, typed: &[String]) -> Vec<AddressRange> {
        if typed.len() > MAX_ALLOWED_ADDRESSES {
            let max = MAX_ALLOWED_ADDRESSES;
            self.reject(Field::AllowedAddresses, InvalidFieldReason::TooMany { max });
            return Vec::new();
        }
        let parsed: Result<Vec<AddressRange>, _> = typed.iter().map(|text| text.parse()).collect();
        let mut ranges = self
            .parsed(Field::AllowedAddresses, parsed)
            .unwrap_or_default();
        let mut seen = std::collections::HashSet::new();
        ranges.retain(|range| seen.insert(*range));
        ranges
    }

    fn expiry(&mut self, expires_at: Option<OffsetDateTime>, now: OffsetDateTime) {
        if expires_at.is_some_and(|expires_at| expires_at <= now) {
            self.reject(Field::ExpiresAt, InvalidFieldReason::Past);
        }
    }

    fn rotation(&mut self, keep: Duration) {
        if keep > MAX_ROTATION {
            let max = u32::try_from(MAX_ROTATION.as_secs()).unwrap_or(u32::MAX);
            let reason = InvalidFieldReason::OutOfRange { min: 0, max };
            self.reject(Field::PreviousExpiresIn, reason);
        }
    }
}
