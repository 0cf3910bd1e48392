//! Authentication of other services, by secret or access token.

use std::sync::Arc;

use subtle::ConstantTimeEq;
use time::OffsetDateTime;

use crate::secret::Secret;
use crate::service::{Admin, AuthService, Caller, ClientInfo, ClientService, ServiceError};
use crate::store::{StoreError, StoredService, StoredServiceSecret};
use crate::throttle::ThrottleKind;
use crate::token::{ServiceSecret, ServiceTokenClaims, TokenError, VerifiedToken};
use crate::types::{ServiceId, ServiceScope, ServiceSecretId};

/// Maximum age of the stored time of the last use.
const LAST_USE_PRECISION: time::Duration = time::Duration::MINUTE;

/// Another service that has authenticated itself. Returned by [`ClientService::authenticate_service`] and
/// [`ClientService::authenticate_bearer`] only.
#[derive(Clone, Debug)]
pub struct ServiceCaller {
    found: Arc<StoredService>,
    secret: ServiceSecretId,
    /// The claims of the access token; `None` for the secret itself.
    token: Option<ServiceTokenClaims>,
    /// The permission that the service uses.
    used_scope: Option<ServiceScope>,
}

/// The holder of a valid access token.
#[derive(Clone, Debug)]
pub enum BearerCaller {
    /// A user.
    User(Caller),
    /// Another service.
    Service(ServiceCaller),
}

impl ServiceCaller {
    /// Returns the id of the credential.
    pub fn id(&self) -> ServiceId {
        self.found.id
    }

    /// Returns the name of the credential, at most one second old.
    pub fn name(&self) -> &str {
        &self.found.name
    }

    /// Returns `true` for a permission of the credential, at most one second old, which the access token has
    /// too, if there is one.
    pub fn has_scope(&self, scope: ServiceScope) -> bool {
        let is_in_token = |token: &ServiceTokenClaims| token.scopes.contains(&scope);
        let is_known = scope != ServiceScope::Unknown;
        is_known
            && self.found.scopes.contains(&scope)
            && self.token.as_ref().is_none_or(is_in_token)
    }

    /// Checks that the service has a permission.
    ///
    /// # Errors
    /// [`ServiceError::InsufficientScope`].
    pub fn require_scope(&self, scope: ServiceScope) -> Result<(), ServiceError> {
        if self.has_scope(scope) {
            Ok(())
        } else {
            Err(ServiceError::InsufficientScope { scope })
        }
    }

    pub(super) fn secret(&self) -> ServiceSecretId {
        self.secret
    }

    /// Returns the expiry of the credential or the secret, as [`end_of`].
    pub(super) fn end(&self) -> Option<u64> {
        end_of(&self.found, self.secret)
    }

    /// Returns `true` if the service was authenticated by an access token, and not by the secret.
    pub(super) fn is_token(&self) -> bool {
        self.token.is_some()
    }

    /// Returns the service as the actor of operations of administrators, which are limited to employees.
    ///
    /// # Errors
    /// [`ServiceError::InsufficientScope`].
    pub fn into_admin(mut self, scope: ServiceScope) -> Result<Admin, ServiceError> {
        self.require_scope(scope)?;
        self.used_scope = Some(scope);
        Ok(Admin::service(self))
    }

    /// Returns the error of a credential that is not accepted any more.
    fn refused(&self) -> ServiceError {
        match self.token {
            Some(_) => TokenError::NotAccepted.into(),
            None => ServiceError::InvalidClient,
        }
    }
}

/// # Other services
impl ClientService<'_> {
    /// Authenticates another service by id and secret of its [credential](crate::service::ServiceView).
    ///
    /// Credentials are cached for at most one second, so that a change takes effect within a second on all
    /// servers.
    ///
    /// # Errors
    /// [`ServiceError::InvalidClient`] for an unknown id, a wrong or expired secret, an expired credential, and
    /// an address from which it is not accepted: the error does not reveal which.
    /// [`ServiceError::TooManyAttempts`] after too many of them from one address or for one credential. A
    /// correct secret is never refused because of the attempts of others.
    pub async fn authenticate_service(
        self,
        id: &str,
        secret: &Secret,
    ) -> Result<ServiceCaller, ServiceError> {
        let id = id.parse().ok();
        let checked = self.check_secret(id, secret).await;
        if matches!(checked, Err(ServiceError::InvalidClient)) {
            self.record_refused_service(id).await?;
        }
        checked
    }

    /// Authenticates the holder of an access token: a user, or another service.
    ///
    /// # Errors
    /// As [`authenticate`](Self::authenticate); [`ServiceError::Token`] if the credential or the secret that the
    /// token was issued for is not accepted any more.
    pub async fn authenticate_bearer(self, token: &str) -> Result<BearerCaller, ServiceError> {
        match self.service.parts.tokens.verify_any(token)? {
            VerifiedToken::User(claims) => {
                let caller = self.service.caller(claims, self.client).await?;
                caller.require_limit(None)?;
                Ok(BearerCaller::User(caller))
            }
            VerifiedToken::Service(claims) => {
                let caller = self.service_of(claims).await?;
                Ok(BearerCaller::Service(caller))
            }
        }
    }

    async fn check_secret(
        self,
        id: Option<ServiceId>,
        secret: &Secret,
    ) -> Result<ServiceCaller, ServiceError> {
        let (service, now) = (self.service, self.service.now());
        let secret: ServiceSecret = secret
            .expose()
            .parse()
            .map_err(|_| ServiceError::InvalidClient)?;
        let id = id.ok_or(ServiceError::InvalidClient)?;
        let found = service.find_service(id).await?;
        let found = found.ok_or(ServiceError::InvalidClient)?;
        let digest = secret.digest();
        let mut secrets = found.secrets.iter();
        let is_same = |stored: &&StoredServiceSecret| stored.digest.ct_eq(&digest).into();
        let secret = secrets.find(is_same).ok_or(ServiceError::InvalidClient)?;
        let secret = secret.id;
        if !has_accepted(&found, secret, self.client, now) {
            return Err(ServiceError::InvalidClient);
        }
        service.note_use(&found, secret, now).await;
        Ok(ServiceCaller {
            found,
            secret,
            token: None,
            used_scope: None,
        })
    }

    async fn service_of(self, claims: ServiceTokenClaims) -> Result<ServiceCaller, ServiceError> {
        let (service, now) = (self.service, self.service.now());
        let found = service.find_service(claims.service).await?;
        let found = found.ok_or(TokenError::NotAccepted)?;
        if !has_accepted(&found, claims.secret, self.client, now) {
            return Err(TokenError::NotAccepted.into());
        }
        service.note_use(&found, claims.secret, now).await;
        Ok(ServiceCaller {
            found,
            secret: claims.secret,
            token: Some(claims),
            used_scope: None,
        })
    }

    /// Counts a refused secret. Secrets cannot be guessed: the limits bound the work, and never refuse a
    /// correct one.
    async fn record_refused_service(self, id: Option<ServiceId>) -> Result<(), ServiceError> {
        let (service, client) = (self.service, self.client);
        service.log_refused_service(client.address);
        service
            .charge_address(ThrottleKind::Service, client)
            .await?;
        match id {
            Some(id) => {
                let key = service.parts.attempts.keys.service(id);
                service.charge_one(key).await
            }
            None => Ok(()),
        }
    }
}

impl AuthService {
    /// Checks again that a service is accepted. The body of the request, and maybe a hash, take time after the
    /// authentication: a concurrent change must win.
    pub(in crate::service) async fn require_current_service(
        &self,
        caller: &ServiceCaller,
        client: &ClientInfo,
    ) -> Result<(), ServiceError> {
        let found = self.find_service(caller.id()).await?;
        let found = found.ok_or_else(|| caller.refused())?;
        if !has_accepted(&found, caller.secret, client, self.now()) {
            return Err(caller.refused());
        }
        match caller.used_scope {
            Some(scope) if !found.scopes.contains(&scope) => {
                Err(ServiceError::InsufficientScope { scope })
            }
            _ => Ok(()),
        }
    }

    pub(super) async fn find_service(
        &self,
        id: ServiceId,
    ) -> Result<Option<Arc<StoredService>>, StoreError> {
        let cache = &self.parts.services;
        if let Some(cached) = cache.get(id) {
            return Ok(Some(cached));
        }
        let read = cache.begin_read();
        let found = self.parts.store.service(id).await?;
        Ok(found.map(|found| cache.insert(read, found)))
    }

    /// Stores the time of a use, at most once a minute. A database that cannot write does not refuse the service.
    async fn note_use(&self, found: &StoredService, secret: ServiceSecretId, now: OffsetDateTime) {
        let mut secrets = found.secrets.iter();
        let used = secrets.find(|stored| stored.id == secret);
        let is_recent = |at: OffsetDateTime| now - at < LAST_USE_PRECISION;
        let last = used.and_then(|stored| stored.last_used_at);
        if last.is_some_and(is_recent) {
            return;
        }
        if let Err(error) = self.parts.store.use_service(found.id, secret, now).await {
            tracing::debug!(%error, "cannot store the last use of a service credential");
            return;
        }
        self.parts.services.change(found.id, |service| {
            service.last_used_at = service.last_used_at.max(Some(now));
            let mut secrets = service.secrets.iter_mut();
            if let Some(stored) = secrets.find(|stored| stored.id == secret) {
                stored.last_used_at = stored.last_used_at.max(Some(now));
            }
        });
    }
}

fn has_accepted(
    service: &StoredService,
    secret: ServiceSecretId,
    client: &ClientInfo,
    now: OffsetDateTime,
) -> bool {
    is_live(service, secret, now) && is_allowed(service, client)
}

/// Returns `true` before the expiry of the credential and of this secret.
pub(super) fn is_live(
    service: &StoredService,
    secret: ServiceSecretId,
    now: OffsetDateTime,
) -> bool {
    let mut secrets = service.secrets.iter();
    let secret = secrets.find(|stored| stored.id == secret);
    service.expires_at.is_none_or(|expires_at| now < expires_at)
        && secret.is_some_and(|secret| secret.is_valid(now))
}

/// Returns the time in seconds since the Unix epoch, rounded down, at which the credential or the secret expires,
/// whichever is first.
pub(super) fn end_of(service: &StoredService, secret: ServiceSecretId) -> Option<u64> {
    let mut secrets = service.secrets.iter();
    let secret = secrets.find(|stored| stored.id == secret);
    let secret = secret.and_then(|secret| secret.expires_at);
    let end = [service.expires_at, secret].into_iter().flatten().min()?;
    Some(u64::try_from(end.unix_timestamp()).unwrap_or_default())
}

/// Returns `true` for an address from which the credential is accepted.
fn is_allowed(service: &StoredService, client: &ClientInfo) -> bool {
    let ranges = &service.allowed_addresses;
    let is_in_range = |address| ranges.iter().any(|range| range.contains(address));
    ranges.is_empty() || client.address.is_some_and(is_in_range)
}
