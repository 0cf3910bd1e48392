//! Imports of users.

mod conflict;
mod line;
mod plan;
mod types;

use std::collections::{BTreeSet, HashMap};

use conflict::Written;
use line::{KeyLines, Line, StoredUsers};
use plan::Plan;
use types::PreparedAccount;
pub use types::{
    CheckedImport, ExistingUsers, ImportError, ImportedCount, ImportedUser, NewImportedUser,
    PreparedImport, PreparedPassword, UserChange,
};

use super::users::expiry_of_generated;
use super::{AdminService, Field, ServiceError};
use crate::password::{HashClass, Password};
use crate::store::{Account, AccountUpdate, NewUser, UserQuery};
use crate::types::{AuditAction, AuditEvent, Email, Phone, Role, UserId};

/// # Import
///
/// An import has three steps, so that a list can be checked without being imported, and the
/// generated passwords saved before they are valid.
impl AdminService<'_> {
    /// Checks users to import against the rules, each other and the stored users, and writes
    /// nothing. The inner error lists all lines with errors, in order.
    ///
    /// # Errors
    /// Only when the database fails.
    ///
    /// ```
    /// use divan_core::service::{AdminService, ExistingUsers, ImportedUser, ServiceError};
    /// use divan_core::types::Role;
    ///
    /// async fn preview(admin: AdminService<'_>) -> Result<(), ServiceError> {
    ///     let mut user = ImportedUser::new(2, Role::Employee, "First Last");
    ///     user.phone = Some("8 (701) 123-45-67".to_owned());
    ///     match admin.check_import(&[user], ExistingUsers::Update).await? {
    ///         Ok(checked) => println!("{} users would be added", checked.new_users().len()),
    ///         Err(lines) => lines.iter().for_each(|line| println!("{line}")),
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub async fn check_import(
        self,
        users: &[ImportedUser],
        existing: ExistingUsers,
    ) -> Result<Result<CheckedImport, Vec<ImportError>>, ServiceError> {
        self.require_person()?;
        let parts = &self.service.parts;
        let mut keys = KeyLines::default();
        let parse = |user| Line::parse(user, parts.region, &mut keys);
        let lines: Vec<Line<'_>> = users.iter().map(parse).collect();
        let stored = StoredUsers::new(parts.store.users_by_keys(&keys.keys()).await?);
        let checked = match Plan::new(self, existing, stored).check(lines)? {
            Ok(checked) => checked,
            Err(errors) => return Ok(Err(errors)),
        };
        Ok(match self.last_admin_removed(&checked).await? {
            Some(error) => Err(vec![error]),
            None => Ok(checked),
        })
    }

    /// Checks that the administrator may make the import, before it begins. An import that creates an
    /// administrator, links a Telegram account, or changes an e-mail address, or the role or the right to sign
    /// in of an administrator, requires a proof of identity of the last five minutes.
    ///
    /// # Errors
    /// [`ServiceError::InsufficientAuthentication`]; [`ServiceError::ApprovalRequired`] if the import creates or
    /// activates an administrator, and new administrators need an approval.
    pub async fn authorize_import(self, import: &CheckedImport) -> Result<(), ServiceError> {
        self.require_person()?;
        if import.has_administrators() {
            self.require_no_approval()?;
        }
        if import.is_critical() {
            self.require_fresh_proof().await?;
        }
        Ok(())
    }

    /// Generates and hashes the passwords of new users without a hash. Calls `progress` with the
    /// number of finished hashes after each. The passwords are valid for 72 hours from the last one.
    ///
    /// # Errors
    /// When hashing fails, and as [`authorize_import`](Self::authorize_import); nothing is written.
    pub async fn prepare_import(
        self,
        import: CheckedImport,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Result<PreparedImport, ServiceError> {
        self.authorize_import(&import).await?;
        let parts = &self.service.parts;
        let mut accounts = Vec::with_capacity(import.new.len());
        let mut done = 0;
        for new in import.new {
            let NewImportedUser {
                line,
                mut user,
                hash,
            } = new;
            let (hash, generated) = if let Some(hash) = hash {
                (hash, None)
            } else {
                user.password_change_required = true;
                let password = Password::generate(parts.entropy.as_ref())?;
                let shown = password.to_secret();
                let hash = parts.hashes.hash(HashClass::Background, password).await?;
                done += 1;
                progress(done);
                (hash, Some(shown))
            };
            accounts.push(PreparedAccount {
                line,
                account: Account::new(user, hash),
                generated,
            });
        }
        Ok(PreparedImport {
            accounts,
            changes: import.changes,
            passwords_expire_at: expiry_of_generated(self.service.now()),
        })
    }

    /// Stores all new users and changes, or nothing, and returns their numbers. A deactivation or a change of the role ends all sessions of
    /// the user.
    ///
    /// # Errors
    /// Among others [`ServiceError::ImportConflict`] if other users have unique values by now,
    /// [`ServiceError::Store`] if no active administrator would be left, and [`ServiceError::NotFound`] if a
    /// changed user no longer exists.
    pub async fn complete_import(
        self,
        import: PreparedImport,
    ) -> Result<ImportedCount, ServiceError> {
        let service = self.service;
        service
            .require_current_admin(self.admin, self.client)
            .await?;
        let mut new = Vec::with_capacity(import.accounts.len());
        let mut lines = HashMap::with_capacity(import.accounts.len());
        for prepared in import.accounts {
            let mut account = prepared.account;
            lines.insert(account.user.id, prepared.line);
            let is_generated = prepared.generated.is_some();
            account.password_expires_at = is_generated.then_some(import.passwords_expire_at);
            let mut event = self.import_event(AuditAction::UserCreated, account.user.id)?;
            if account.user.telegram_id.is_some() {
                event.changes = vec![Field::TelegramId.to_string()];
            }
            new.push(service.new_user(account, event));
        }
        sort_for_locking(&mut new);
        let imported = ImportedCount {
            added: new.len(),
            changed: import.changes.len(),
        };
        let written = if import.changes.is_empty() {
            self.insert(&new).await
        } else {
            self.change_and_insert(&import.changes, &new).await
        };
        match written {
            Ok(()) => Ok(imported),
            Err(error) => {
                let written = Written {
                    new: &new,
                    lines: &lines,
                    changes: &import.changes,
                };
                Err(self.with_lines(error, written).await)
            }
        }
    }

    async fn change_and_insert(
        self,
        changes: &[UserChange],
        new: &[NewUser],
    ) -> Result<(), ServiceError> {
        let parts = &self.service.parts;
        let mut planned = HashMap::with_capacity(changes.len());
        for change in changes {
            let id = change.before.id;
            let updated = self.import_event(AuditAction::UserUpdated, id)?;
            let linked = self.import_event(AuditAction::TelegramLinked, id)?;
            planned.insert(id, (change, updated, linked));
        }
        let change = |account: &mut Account| {
            // The store asks for these accounts only.
            let Some((change, updated, linked)) = planned.get(&account.user.id) else {
                return Ok(None);
            };
            let before = account.user.telegram_id;
            let changes = &change.changes;
            let keys = &parts.attempts.keys;
            let update = changes.apply(account, updated.at, updated, keys)?;
            let is_linked = before != account.user.telegram_id;
            Ok(Some(if is_linked {
                AccountUpdate::event(update, linked.clone())
            } else {
                update
            }))
        };
        let ids: BTreeSet<UserId> = planned.keys().copied().collect();
        let _invalidate = parts.cache.invalidate_users_on_drop(ids.clone());
        let updated = self.service.update_accounts(&ids, &change, new).await?;
        updated.map(drop).ok_or(ServiceError::NotFound)
    }

    fn import_event(self, action: AuditAction, user: UserId) -> Result<AuditEvent, ServiceError> {
        self.service
            .audit_event(action, self.admin.id(), user, self.client)
    }

    /// Returns the line with which the import would remove the last active administrator.
    async fn last_admin_removed(
        self,
        checked: &CheckedImport,
    ) -> Result<Option<ImportError>, ServiceError> {
        let removed = checked
            .changes
            .iter()
            .filter(|change| change.removes_admin());
        let removed = u32::try_from(removed.count()).unwrap_or(u32::MAX);
        if removed == 0 {
            return Ok(None);
        }
        let mut query = UserQuery::newest(removed.saturating_add(1));
        (query.role, query.is_active) = (Some(Role::Admin), Some(true));
        let admins = self.service.parts.store.users(&query).await?;
        Ok(checked.removes_all(&admins.users))
    }
}

/// Sorts the users so that two concurrent imports lock rows in the same order, without deadlock.
fn sort_for_locking(new: &mut [NewUser]) {
    fn contacts(NewUser { account, .. }: &NewUser) -> (Option<&Phone>, Option<&Email>) {
        (account.user.phone.as_ref(), account.user.email.as_ref())
    }
    new.sort_by(|a, b| contacts(a).cmp(&contacts(b)));
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;
    use uuid::Uuid;

    use super::*;
    use crate::password::PasswordHash;
    use crate::types::{AuditId, User};

    #[test]
    fn two_imports_of_the_same_users_lock_in_the_same_order() {
        let new_user = |phone: Option<&str>, email: Option<&str>| {
            let now = OffsetDateTime::UNIX_EPOCH;
            let mut user = User::new(UserId(Uuid::nil()), Role::Employee, "Name", now);
            user.phone = phone.map(|phone| phone.parse().unwrap());
            user.email = email.map(|email| email.parse().unwrap());
            let event = AuditEvent::new(AuditId(Uuid::nil()), now, AuditAction::UserCreated, None);
            NewUser::new(Account::new(user, PasswordHash::from_stored("x")), event)
        };
        let mut list = vec![
            new_user(Some("+77010000002"), None),
            new_user(None, Some("b@example.com")),
            new_user(Some("+77010000001"), Some("c@example.com")),
            new_user(None, Some("a@example.com")),
        ];
        let mut reversed: Vec<_> = list.iter().rev().cloned().collect();
        sort_for_locking(&mut list);
        sort_for_locking(&mut reversed);
        let users = |list: &[NewUser]| {
            list.iter()
                .map(|new| new.account.user.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(users(&list), users(&reversed));
    }
}
