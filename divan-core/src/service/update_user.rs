use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::validation::Validation;
use super::{AdminService, Caller, Field, InvalidFieldReason, Region, ServiceError};
use crate::session::EndReason;
use crate::store::{Account, AccountUpdate, EndSessions, PasskeyChange, SecondFactor};
use crate::throttle::ThrottleKeys;
use crate::types::{
    AuditAction, AuditEvent, Email, ExternalId, Metadata, Phone, Role, SessionId, TelegramId, User,
    UserId,
};

/// Changes the fields of a user that are `Some`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpdateUserCommand {
    /// The name.
    pub full_name: Option<String>,
    /// The phone number; `Some(None)` removes it.
    pub phone: Option<Option<String>>,
    /// The e-mail address; `Some(None)` removes it.
    pub email: Option<Option<String>>,
    /// The id in another system; `Some(None)` removes it.
    pub external_id: Option<Option<String>>,
    /// The attributes for the application, which replace all existing ones; `Some(None)` removes them.
    pub metadata: Option<Option<Map<String, Value>>>,
    /// The role.
    pub role: Option<Role>,
    /// The right to sign in.
    pub is_active: Option<bool>,
}

/// # Changes of users
impl AdminService<'_> {
    /// Changes a user. A deactivation or a change of the role ends all sessions of the user. A
    /// change of the caller's own e-mail address ends the caller's other sessions. The phone number
    /// or e-mail address that a user signs in with can be removed while the user is deactivated.
    ///
    /// # Errors
    /// Nothing is changed after an error:
    ///
    /// - [`ServiceError::NotFound`] or [`ServiceError::NothingToChange`],
    /// - [`ServiceError::Invalid`] with all invalid fields,
    /// - [`ServiceError::InsufficientAuthentication`] if the e-mail address changes, or the role or the right
    ///   to sign in of an administrator, without a proof of identity of the last five minutes,
    /// - [`ServiceError::ApprovalRequired`] if the command activates an administrator, and new administrators
    ///   need an approval,
    /// - [`ServiceError::PromotionRequired`] if the command makes an employee an administrator,
    /// - [`ServiceError::Store`] if another user has the phone number, e-mail address or external id,
    ///   or if no active administrator would be left.
    pub async fn update_user(
        self,
        id: UserId,
        command: &UpdateUserCommand,
    ) -> Result<User, ServiceError> {
        let parts = &self.service.parts;
        let own = self.admin.caller().filter(|caller| caller.user().id == id);
        let own = own.map(Caller::session);
        let changes = Changes::read(command, parts.region, own)?;
        self.require_allowed(command.role.unwrap_or(Role::Employee))?;
        let event = self.audit_event(AuditAction::UserUpdated, id).await?;
        let now = self.service.now();
        let keys = &parts.attempts.keys;
        let is_fresh = self.has_fresh_proof();
        let change = |account: &mut Account| {
            let before = account.user.clone();
            self.require_allowed(before.role)?;
            let update = changes.apply(account, now, &event, keys)?;
            if activates_admin(&before, &account.user) {
                self.require_no_approval()?;
            }
            if is_critical(&before, &account.user) && !is_fresh {
                let second_factor = Vec::new();
                return Err(ServiceError::InsufficientAuthentication { second_factor }.into());
            }
            Ok(Some(update))
        };
        let _invalidate = parts.cache.invalidate_on_drop(id, None);
        let updated = self.service.update_account(id, &change).await;
        let updated = updated.map_err(ServiceError::from);
        if let Err(ServiceError::InsufficientAuthentication { .. }) = &updated {
            // This error contains the second factors of the caller.
            self.require_fresh_proof().await?;
        }
        let updated = updated?.ok_or(ServiceError::NotFound)?;
        Ok(if changes.metadata.is_some() {
            updated.account.into_user_with_metadata()
        } else {
            updated.account.user
        })
    }
}

/// The parsed fields of a command.
#[expect(clippy::option_option, reason = "keep, remove, or set")]
#[derive(Clone, Debug, Default)]
pub(super) struct Changes {
    pub(super) full_name: Option<String>,
    pub(super) phone: Option<Option<Phone>>,
    pub(super) email: Option<Option<Email>>,
    pub(super) external_id: Option<Option<ExternalId>>,
    pub(super) metadata: Option<Metadata>,
    pub(super) role: Option<Role>,
    pub(super) is_active: Option<bool>,
    /// The Telegram account to link, in an import.
    pub(super) telegram_id: Option<TelegramId>,
    /// The session of a caller who changes their own account.
    pub(super) own: Option<SessionId>,
}

impl Changes {
    fn read(
        command: &UpdateUserCommand,
        region: Region,
        own: Option<SessionId>,
    ) -> Result<Self, ServiceError> {
        let mut validation = Validation::default();
        if *command == UpdateUserCommand::default() {
            return Err(ServiceError::NothingToChange);
        }
        let changes = Self {
            full_name: command
                .full_name
                .as_deref()
                .and_then(|typed| validation.full_name(typed)),
            phone: command.phone.as_ref().map(|phone| {
                phone
                    .as_deref()
                    .and_then(|typed| validation.phone(typed, region))
            }),
            email: command
                .email
                .as_ref()
                .map(|email| email.as_deref().and_then(|typed| validation.email(typed))),
            external_id: command.external_id.as_ref().map(|id| {
                id.as_deref()
                    .and_then(|typed| validation.external_id(typed))
            }),
            metadata: command
                .metadata
                .as_ref()
                .and_then(|metadata| match metadata {
                    Some(members) => validation.metadata(members),
                    None => Some(Metadata::default()),
                }),
            role: command.role,
            is_active: command.is_active,
            telegram_id: None,
            own,
        };
        changes.check_own(&mut validation);
        if validation.is_valid() {
            Ok(changes)
        } else {
            Err(validation.into_error())
        }
    }

    /// Rejects changes of the own account with which the caller would be locked out.
    pub(super) fn check_own(&self, validation: &mut Validation) {
        if self.own.is_some() && self.role.is_some_and(|role| role != Role::Admin) {
            validation.reject(Field::Role, InvalidFieldReason::OwnAccount);
        }
        if self.own.is_some() && self.is_active == Some(false) {
            validation.reject(Field::IsActive, InvalidFieldReason::OwnAccount);
        }
    }

    pub(super) fn apply(
        &self,
        account: &mut Account,
        now: OffsetDateTime,
        event: &AuditEvent,
        keys: &ThrottleKeys,
    ) -> Result<AccountUpdate, ServiceError> {
        let before = account.user.clone();
        let update = self.apply_without_counters(account, now, event)?;
        // The next user with a removed contact must not inherit its failed attempts.
        let removed = without_kept_contacts(&before, &account.user);
        let update = update.clear_counters(keys.all_of(&removed));
        // Otherwise each change of one's own e-mail address would allow further guesses.
        Ok(update.move_counters(keys.moved(&before, &account.user)))
    }

    fn apply_without_counters(
        &self,
        account: &mut Account,
        now: OffsetDateTime,
        event: &AuditEvent,
    ) -> Result<AccountUpdate, ServiceError> {
        let before = account.clone();
        if let Some(metadata) = &self.metadata {
            account.metadata.clone_from(metadata);
        }
        let has_new_metadata = account.metadata != before.metadata;
        let before = before.user;
        self.apply_to(&mut account.user)?;
        let user = &mut account.user;
        if *user == before && !has_new_metadata {
            return Ok(AccountUpdate::none());
        }

        user.updated_at = now;
        let (action, reason) = if before.is_active && !user.is_active {
            (AuditAction::UserDeactivated, Some(EndReason::Deactivated))
        } else if before.role != user.role {
            (AuditAction::RoleChanged, Some(EndReason::RoleChanged))
        } else if before.is_active != user.is_active {
            (AuditAction::UserActivated, None)
        } else {
            (AuditAction::UserUpdated, None)
        };
        let changes = changed_fields(&before, user);
        let mut changes: Vec<String> = changes.into_iter().map(str::to_owned).collect();
        if has_new_metadata {
            changes.push(Field::Metadata.to_string());
        }
        let update = AccountUpdate::none().event(AuditEvent {
            action,
            changes,
            ..event.clone()
        });
        let Some(reason) = reason else {
            // Other sessions may belong to a holder of stolen tokens.
            let own = self.own.filter(|_| user.email != before.email);
            return Ok(match own {
                Some(own) => update.end(EndSessions::others(own, now, EndReason::EmailChanged)),
                None => update,
            });
        };
        account.password_verified_at = None;
        let update = if user.role == before.role {
            update
        } else {
            account.second_factor = SecondFactor::default();
            update.passkey(PasskeyChange::DeleteAll)
        };
        // Known devices stay unknown when the user is activated again.
        account.password_version += 1;
        Ok(update.end(EndSessions::all(now, reason)))
    }

    /// Changes the fields of the user.
    pub(super) fn apply_to(&self, user: &mut User) -> Result<(), ServiceError> {
        let before_role = user.role;
        if let Some(full_name) = &self.full_name {
            user.full_name.clone_from(full_name);
        }
        if let Some(phone) = &self.phone {
            user.phone.clone_from(phone);
        }
        if let Some(email) = &self.email {
            user.email.clone_from(email);
        }
        if let Some(external_id) = &self.external_id {
            user.external_id.clone_from(external_id);
        }
        user.role = self.role.unwrap_or(user.role);
        user.is_active = self.is_active.unwrap_or(user.is_active);
        // The password of an employee must never open the admin panel.
        if user.role == Role::Admin && before_role != Role::Admin {
            return Err(ServiceError::PromotionRequired);
        }
        let mut validation = Validation::default();
        if let Some(id) = self.telegram_id
            && *user.telegram_id.get_or_insert(id) != id
        {
            validation.reject(Field::TelegramId, InvalidFieldReason::LinkedToAnother);
        }
        // A contact of a person who left can be removed, so that another user can have it.
        if user.is_active {
            validation.require_login_field(user.role, user.phone.is_some(), user.email.is_some());
        }
        if validation.is_valid() {
            Ok(())
        } else {
            Err(validation.into_error())
        }
    }
}

/// Returns `true` for a change that needs a recent proof of identity.
pub(super) fn is_critical(before: &User, after: &User) -> bool {
    let is_other_admin = before.role == Role::Admin
        && (before.role != after.role || before.is_active != after.is_active);
    is_other_admin || before.email != after.email || before.telegram_id != after.telegram_id
}

/// Returns `true` for a change with which a deactivated administrator can sign in again.
pub(super) fn activates_admin(before: &User, after: &User) -> bool {
    after.role == Role::Admin && !before.is_active && after.is_active
}

/// Returns the user with only those contacts that were removed.
fn without_kept_contacts(before: &User, after: &User) -> User {
    let mut removed = before.clone();
    if after.phone.is_some() {
        removed.phone = None;
    }
    if after.email.is_some() {
        removed.email = None;
    }
    removed
}

/// Returns the names of the changed fields.
pub(super) fn changed_fields(before: &User, after: &User) -> Vec<&'static str> {
    let fields = [
        ("full_name", before.full_name != after.full_name),
        ("phone", before.phone != after.phone),
        ("email", before.email != after.email),
        ("external_id", before.external_id != after.external_id),
        ("role", before.role != after.role),
        ("is_active", before.is_active != after.is_active),
        ("telegram_id", before.telegram_id != after.telegram_id),
    ];
    fields
        .into_iter()
        .filter(|(_, changed)| *changed)
        .map(|(name, _)| name)
        .collect()
}
