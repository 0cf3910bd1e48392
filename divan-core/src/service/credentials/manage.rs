//! Service credentials: create, list, change, rotate, delete.

use std::time::Duration;

use time::OffsetDateTime;

use super::{CreateServiceCommand, NewServiceSecret, ServiceView, UpdateServiceCommand};
use crate::service::validation::Validation;
use crate::service::{AdminService, MAX_ATTEMPTS, ServiceError};
use crate::store::{StoreError, StoreErrorKind, StoredService, StoredServiceSecret};
use crate::token::ServiceSecret;
use crate::types::{AuditAction, AuditEvent, ServiceId, ServiceSecretId};

/// # Service credentials
///
/// Changes require a proof of identity of the last five minutes
/// ([`ServiceError::InsufficientAuthentication`]). They take effect within a second on all servers.
impl AdminService<'_> {
    /// Lists the service credentials, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_services(self) -> Result<Vec<ServiceView>, ServiceError> {
        self.require_person()?;
        let (service, now) = (self.service, self.service.now());
        let stored = service.parts.store.services().await?;
        let views = stored.into_iter();
        Ok(views.map(|stored| ServiceView::new(stored, now)).collect())
    }

    /// Returns a service credential.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn get_service(self, id: ServiceId) -> Result<ServiceView, ServiceError> {
        let stored = self.stored_service(id).await?;
        Ok(ServiceView::new(stored, self.service.now()))
    }

    /// Creates a service credential with a generated secret.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with all invalid fields, [`ServiceError::TooManyServices`],
    /// [`ServiceError::InsufficientAuthentication`].
    ///
    /// ```
    /// use divan_core::service::{AdminService, CreateServiceCommand, ServiceError};
    /// use divan_core::types::ServiceScope;
    ///
    /// async fn gateway(admin: AdminService<'_>) -> Result<(), ServiceError> {
    ///     let command = CreateServiceCommand::new("Gateway", [ServiceScope::Introspect]);
    ///     let created = admin.create_service(&command).await?;
    ///     assert!(created.secret.expose().starts_with("dvs_"));
    ///     Ok(())
    /// }
    /// ```
    pub async fn create_service(
        self,
        command: &CreateServiceCommand,
    ) -> Result<NewServiceSecret, ServiceError> {
        let (parts, now) = (&self.service.parts, self.service.now());
        let mut validation = Validation::default();
        let name = validation.service_name(&command.name);
        let scopes = validation.scopes(&command.scopes);
        let allowed_addresses = validation.allowed_addresses(&command.allowed_addresses);
        validation.expiry(command.expires_at, now);
        let (Some(name), true) = (name, validation.is_valid()) else {
            return Err(validation.into_error());
        };
        self.require_fresh_proof().await?;
        let id = ServiceId::generate(parts.clock.as_ref(), parts.entropy.as_ref())?;
        let (secret, digest) = self.new_service_secret(now)?;
        let mut new = StoredService::new(id, name, digest, now);
        (new.scopes, new.allowed_addresses) = (scopes, allowed_addresses);
        (new.created_by, new.expires_at) = (self.admin.id(), command.expires_at);
        let event = self
            .service_event(AuditAction::ServiceCreated, &new)
            .await?;
        if !parts.store.insert_service(&new, &event).await? {
            return Err(ServiceError::TooManyServices);
        }
        Ok(NewServiceSecret {
            service: ServiceView::new(new, now),
            secret: secret.into_secret(),
        })
    }

    /// Changes a service credential.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], [`ServiceError::NothingToChange`], [`ServiceError::Invalid`] with all
    /// invalid fields, [`ServiceError::InsufficientAuthentication`].
    pub async fn update_service(
        self,
        id: ServiceId,
        command: &UpdateServiceCommand,
    ) -> Result<ServiceView, ServiceError> {
        if *command == UpdateServiceCommand::default() {
            return Err(ServiceError::NothingToChange);
        }
        let now = self.service.now();
        let mut validation = Validation::default();
        let name = command.name.as_deref();
        let name = name.and_then(|typed| validation.service_name(typed));
        let scopes = command.scopes.as_deref();
        let scopes = scopes.map(|scopes| validation.scopes(scopes));
        let ranges = command.allowed_addresses.as_deref();
        let ranges = ranges.map(|typed| validation.allowed_addresses(typed));
        validation.expiry(command.expires_at.flatten(), now);
        if !validation.is_valid() {
            return Err(validation.into_error());
        }
        let change = |service: &mut StoredService| {
            if let Some(name) = &name {
                service.name.clone_from(name);
            }
            if let Some(scopes) = &scopes {
                service.scopes.clone_from(scopes);
            }
            if let Some(ranges) = &ranges {
                service.allowed_addresses.clone_from(ranges);
            }
            if let Some(expires_at) = command.expires_at {
                service.expires_at = expires_at;
            }
            Ok(())
        };
        let action = AuditAction::ServiceUpdated;
        let changed = self.change_service(id, action, &change).await?;
        Ok(ServiceView::new(changed, now))
    }

    /// Adds a generated secret to a service credential. The newest secret before stays valid for `keep`, at
    /// most 30 days, so that the service can change to the new one; an older one is removed. With a `keep`
    /// of zero, only the new secret is valid.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], [`ServiceError::Invalid`], [`ServiceError::InsufficientAuthentication`].
    pub async fn rotate_service_secret(
        self,
        id: ServiceId,
        keep: Duration,
    ) -> Result<NewServiceSecret, ServiceError> {
        let mut validation = Validation::default();
        validation.rotation(keep);
        if !validation.is_valid() {
            return Err(validation.into_error());
        }
        let now = self.service.now();
        let (secret, digest) = self.new_service_secret(now)?;
        let rotate = |service: &mut StoredService| {
            service.rotate(digest.clone(), keep);
            Ok(())
        };
        let action = AuditAction::ServiceSecretRotated;
        let changed = self.change_service(id, action, &rotate).await?;
        Ok(NewServiceSecret {
            service: ServiceView::new(changed, now),
            secret: secret.into_secret(),
        })
    }

    /// Removes a secret of a service credential. The other one no longer expires, so that a rotation can be
    /// undone.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for an unknown or expired secret, [`ServiceError::LastServiceSecret`] if no
    /// other secret is valid, [`ServiceError::InsufficientAuthentication`].
    pub async fn remove_service_secret(
        self,
        id: ServiceId,
        secret: ServiceSecretId,
    ) -> Result<(), ServiceError> {
        let now = self.service.now();
        let remove = |service: &mut StoredService| {
            service.secrets.retain(|stored| stored.is_valid(now));
            let before = service.secrets.len();
            service.secrets.retain(|stored| stored.id != secret);
            if service.secrets.len() == before {
                return Err(ServiceError::NotFound);
            }
            let left = service.secrets.last_mut();
            let left = left.ok_or(ServiceError::LastServiceSecret)?;
            left.expires_at = None;
            Ok(())
        };
        let action = AuditAction::ServiceSecretRemoved;
        self.change_service(id, action, &remove).await.map(drop)
    }

    /// Deletes a service credential. The audit events stay.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], [`ServiceError::InsufficientAuthentication`].
    pub async fn delete_service(self, id: ServiceId) -> Result<(), ServiceError> {
        self.require_fresh_proof().await?;
        let stored = self.stored_service(id).await?;
        let action = AuditAction::ServiceDeleted;
        let event = self.service_event(action, &stored).await?;
        let parts = &self.service.parts;
        let _invalidate = parts.services.invalidate_on_drop(id);
        if parts.store.delete_service(id, &event).await? {
            Ok(())
        } else {
            Err(ServiceError::NotFound)
        }
    }

    async fn stored_service(self, id: ServiceId) -> Result<StoredService, ServiceError> {
        self.require_person()?;
        let stored = self.service.parts.store.service(id).await?;
        stored.ok_or(ServiceError::NotFound)
    }

    /// Changes a credential, again if a concurrent request has changed it. Writes nothing if `change` changes
    /// nothing.
    async fn change_service(
        self,
        id: ServiceId,
        action: AuditAction,
        change: &(dyn Fn(&mut StoredService) -> Result<(), ServiceError> + Send + Sync),
    ) -> Result<StoredService, ServiceError> {
        self.require_fresh_proof().await?;
        for _ in 0..MAX_ATTEMPTS {
            let stored = self.stored_service(id).await?;
            let mut next = stored.clone();
            change(&mut next)?;
            if next == stored {
                return Ok(stored);
            }
            next.version += 1;
            let mut event = self.service_event(action, &next).await?;
            event.changes = changed_fields(&stored, &next);
            let parts = &self.service.parts;
            let _invalidate = parts.services.invalidate_on_drop(id);
            if parts.store.update_service(&next, &event).await? {
                return Ok(next);
            }
        }
        Err(StoreError::new(StoreErrorKind::Unavailable).into())
    }

    fn new_service_secret(
        self,
        now: OffsetDateTime,
    ) -> Result<(ServiceSecret, StoredServiceSecret), ServiceError> {
        let parts = &self.service.parts;
        let id = ServiceSecretId::generate(parts.clock.as_ref(), parts.entropy.as_ref())?;
        let secret = ServiceSecret::generate(parts.entropy.as_ref())?;
        let stored = StoredServiceSecret::new(id, secret.digest(), secret.hint(), now);
        Ok((secret, stored))
    }

    async fn service_event(
        self,
        action: AuditAction,
        service: &StoredService,
    ) -> Result<AuditEvent, ServiceError> {
        let mut event = self.audit_event(action, None).await?;
        event.service_id = Some(service.id);
        event.service_name = Some(service.name.clone());
        Ok(event)
    }
}

/// Returns the names of the changed fields, except for the secrets.
fn changed_fields(before: &StoredService, after: &StoredService) -> Vec<String> {
    let fields = [
        ("name", before.name != after.name),
        ("scopes", before.scopes != after.scopes),
        (
            "allowed_addresses",
            before.allowed_addresses != after.allowed_addresses,
        ),
        ("expires_at", before.expires_at != after.expires_at),
    ];
    let changed = fields.into_iter().filter(|(_, changed)| *changed);
    changed.map(|(name, _)| name.to_owned()).collect()
}
