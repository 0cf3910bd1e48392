//! Known devices of administrators.

use time::{Duration, OffsetDateTime};

use super::{AdminService, AuthService, CallerService, ClientInfo, ServiceError};
use crate::secret::Secret;
use crate::store::{Account, AccountUpdate, StoredDevice};
use crate::token::DeviceToken;
use crate::types::{AuditAction, DeviceId, Role, UserId};

/// The lifetime of a device token, counted from the last sign-in with it.
pub(super) const DEVICE_LIFE: Duration = Duration::days(90);

/// A known device, as shown to its user.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeviceView {
    /// The id.
    pub id: DeviceId,
    /// The browser or program of the last sign-in.
    pub device: Option<String>,
    /// The time of the first sign-in.
    pub created_at: OffsetDateTime,
    /// The time of the last sign-in.
    pub last_used_at: OffsetDateTime,
}

/// # Known devices
impl CallerService<'_> {
    /// Lists the known devices of the caller, the last used first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn devices(self) -> Result<Vec<DeviceView>, ServiceError> {
        let store = &self.service.parts.store;
        let user = self.caller.user().id;
        let account = store.account(user).await?.ok_or(ServiceError::NotFound)?;
        let devices = store.devices_of(user).await?;
        Ok(devices
            .into_iter()
            .filter(|device| self.service.is_known(device, &account))
            .map(|device| DeviceView {
                id: device.id,
                device: device.device,
                created_at: device.created_at,
                last_used_at: device.last_used_at,
            })
            .collect())
    }

    /// Removes a known device of the caller. The next sign-in on it is
    /// [untrusted](crate::throttle::AttemptClass::Untrusted). Sessions do not end.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for an unknown device or one of another user.
    pub async fn remove_device(self, id: DeviceId) -> Result<(), ServiceError> {
        let user = self.caller.user().id;
        let store = &self.service.parts.store;
        let found = store.device(id).await?;
        found
            .filter(|device| device.user == user)
            .ok_or(ServiceError::NotFound)?;
        let action = AuditAction::DeviceRemoved;
        let event = self
            .service
            .audit_event(action, Some(user), user, self.client)?;
        let change = |_: &mut Account| {
            Ok(Some(
                AccountUpdate::none()
                    .require_live_session(self.caller.session())
                    .delete_device(id)
                    .event(event.clone()),
            ))
        };
        let updated = self.service.update_account(user, &change).await?;
        updated.map(drop).ok_or(ServiceError::NotFound)
    }
}

/// # Known devices
impl AdminService<'_> {
    /// Issues a device token for an administrator, who can then sign in on a new device during an
    /// attack on the account. Only the operator may call it.
    ///
    /// # Errors
    /// [`ServiceError::AdminRequired`] for other callers, [`ServiceError::NotFound`] for an unknown
    /// user or one who is not an administrator.
    pub async fn issue_device_token(self, user: UserId) -> Result<Secret, ServiceError> {
        if !self.admin.is_operator() {
            return Err(ServiceError::AdminRequired);
        }
        let service = self.service;
        let event = self
            .audit_event(AuditAction::DeviceTokenIssued, user)
            .await?;
        let device = service.new_device(user, 0, self.client)?;
        let change = |account: &mut Account| {
            if account.user.role != Role::Admin {
                return Ok(None);
            }
            let device = StoredDevice {
                password_version: account.password_version,
                ..device.clone()
            };
            let update = AccountUpdate::none().keep_device(device);
            Ok(Some(update.event(event.clone())))
        };
        let updated = service.update_account(user, &change).await?;
        let account = updated.ok_or(ServiceError::NotFound)?.account;
        let keys = &service.parts.device_keys;
        Ok(keys.issue(device.id, user, account.password_version))
    }
}

impl AuthService {
    /// Returns the device of a token, if the token was issued for this account and its password.
    /// Only a genuine token reads the database.
    pub(super) async fn known_device(
        &self,
        token: &Secret,
        account: &Account,
    ) -> Result<Option<StoredDevice>, ServiceError> {
        let Ok(token) = token.expose().parse::<DeviceToken>() else {
            return Ok(None);
        };
        let (user, version) = (account.user.id, account.password_version);
        if !self.parts.device_keys.is_genuine(&token, user, version) {
            return Ok(None);
        }
        let found = self.parts.store.device(token.device()).await?;
        Ok(found.filter(|device| self.is_known(device, account)))
    }

    pub(super) fn is_known(&self, device: &StoredDevice, account: &Account) -> bool {
        device.user == account.user.id
            && device.password_version == account.password_version
            && account.user.is_active
            && self.now() < device.last_used_at.saturating_add(DEVICE_LIFE)
    }

    pub(super) fn new_device(
        &self,
        user: UserId,
        password_version: u64,
        client: &ClientInfo,
    ) -> Result<StoredDevice, ServiceError> {
        let parts = &self.parts;
        let id = DeviceId::generate(parts.clock.as_ref(), parts.entropy.as_ref())?;
        let mut device = StoredDevice::new(id, user, password_version, self.now());
        device.device.clone_from(&client.device);
        Ok(device)
    }
}
