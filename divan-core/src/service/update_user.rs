use time::OffsetDateTime;

use super::validation::Validation;
use super::{Admin, AuthService, ClientInfo, Field, InvalidFieldReason, Region, ServiceError};
use crate::api::UpdateUserRequest;
use crate::session::EndReason;
use crate::store::{Account, AccountUpdate, EndSessions};
use crate::types::{AuditAction, AuditEvent, Email, Phone, Role, User, UserId};

impl AuthService {
    /// Changes a user. Who is deactivated, or gets another role, is signed out everywhere; who
    /// becomes an administrator has to choose a new password, as the rules for it are stricter.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; what is wrong with the request, all of it at once; that the
    /// phone number or address is somebody else's; that no active administrator would be left.
    /// Nothing has changed then.
    pub async fn update_user(
        &self,
        admin: &Admin,
        id: UserId,
        request: &UpdateUserRequest,
        client: &ClientInfo,
    ) -> Result<User, ServiceError> {
        let changes = Changes::read(request, self.parts.region, admin.id() == Some(id))?;
        let record = self
            .record_of(admin, AuditAction::UserUpdated, id, client)
            .await?;
        let now = self.now();
        let change = |account: &mut Account| Ok(Some(changes.apply(account, now, &record)?));
        let _forget = self.parts.cache.forget_on_drop(id, None);
        let updated = self.parts.store.update_account(id, &change).await?;
        let updated = updated.ok_or(ServiceError::NotFound)?;
        Ok(updated.account.user)
    }
}

/// The members of a request that are there, checked each for itself.
#[expect(clippy::option_option, reason = "left alone, taken away, or set")]
struct Changes {
    full_name: Option<String>,
    phone: Option<Option<Phone>>,
    email: Option<Option<Email>>,
    role: Option<Role>,
    is_active: Option<bool>,
}

impl Changes {
    fn read(
        request: &UpdateUserRequest,
        region: Region,
        is_self: bool,
    ) -> Result<Self, ServiceError> {
        let mut validation = Validation::default();
        // A slip here would lock the administrator out in the middle of the work.
        if is_self && request.role.is_some_and(|role| role != Role::Admin) {
            validation.reject(Field::Role, InvalidFieldReason::OwnAccount);
        }
        if is_self && request.is_active == Some(false) {
            validation.reject(Field::IsActive, InvalidFieldReason::OwnAccount);
        }
        if *request == UpdateUserRequest::default() {
            return Err(ServiceError::NothingToChange);
        }
        let changes = Self {
            full_name: request
                .full_name
                .as_deref()
                .and_then(|typed| validation.full_name(typed)),
            phone: request.phone.as_ref().map(|phone| {
                phone
                    .as_deref()
                    .and_then(|typed| validation.phone(typed, region))
            }),
            email: request
                .email
                .as_ref()
                .map(|email| email.as_deref().and_then(|typed| validation.email(typed))),
            role: request.role,
            is_active: request.is_active,
        };
        if validation.is_valid() {
            Ok(changes)
        } else {
            Err(validation.into_error())
        }
    }

    fn apply(
        &self,
        account: &mut Account,
        now: OffsetDateTime,
        record: &AuditEvent,
    ) -> Result<AccountUpdate, ServiceError> {
        let before = account.user.clone();
        let user = &mut account.user;
        if let Some(full_name) = &self.full_name {
            user.full_name.clone_from(full_name);
        }
        if let Some(phone) = &self.phone {
            user.phone.clone_from(phone);
        }
        if let Some(email) = &self.email {
            user.email.clone_from(email);
        }
        user.role = self.role.unwrap_or(user.role);
        user.is_active = self.is_active.unwrap_or(user.is_active);
        let mut validation = Validation::default();
        validation.require_login_field(user.role, user.phone.is_some(), user.email.is_some());
        if !validation.is_valid() {
            return Err(validation.into_error());
        }
        if *user == before {
            return Ok(AccountUpdate::none());
        }

        user.updated_at = now;
        if user.role == Role::Admin && before.role != Role::Admin {
            user.password_change_required = true;
        }
        let (action, reason) = if before.is_active && !user.is_active {
            (AuditAction::UserDeactivated, Some(EndReason::Deactivated))
        } else if before.role != user.role {
            (AuditAction::RoleChanged, Some(EndReason::RoleChanged))
        } else if before.is_active != user.is_active {
            (AuditAction::UserActivated, None)
        } else {
            (AuditAction::UserUpdated, None)
        };
        let changes = changed_members(&before, user);
        let effects = AccountUpdate::none().record(AuditEvent {
            action,
            changes,
            ..record.clone()
        });
        let Some(reason) = reason else {
            return Ok(effects);
        };
        account.password_verified_at = None;
        Ok(effects.end(EndSessions {
            only: None,
            at: now,
            reason,
        }))
    }
}

/// The names of what an administrator has changed.
fn changed_members(before: &User, after: &User) -> Vec<String> {
    let members = [
        ("full_name", before.full_name != after.full_name),
        ("phone", before.phone != after.phone),
        ("email", before.email != after.email),
        ("role", before.role != after.role),
        ("is_active", before.is_active != after.is_active),
    ];
    members
        .into_iter()
        .filter(|(_, changed)| *changed)
        .map(|(name, _)| name.to_owned())
        .collect()
}
