//! The plan of an import: new users, and changes of existing ones.

use std::collections::{HashMap, HashSet};

use super::line::{Line, StoredUsers};
use super::types::{CheckedImport, NewImportedUser, UserChange, is_active_admin};
use super::{ExistingUsers, ImportError};
use crate::password::PasswordHash;
use crate::service::update_user::Changes;
use crate::service::validation::Validation;
use crate::service::{AdminService, Caller, Field, InvalidFieldReason, ServiceError};
use crate::types::{Role, User, UserId};

/// The users of an import as far as it is checked.
pub(super) struct Plan<'a> {
    admin: AdminService<'a>,
    existing: ExistingUsers,
    stored: StoredUsers,
    checked: CheckedImport,
    /// The line that describes each existing user.
    described: HashMap<UserId, u64>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(
        admin: AdminService<'a>,
        existing: ExistingUsers,
        stored: StoredUsers,
    ) -> Self {
        Self {
            admin,
            existing,
            stored,
            checked: CheckedImport::default(),
            described: HashMap::new(),
        }
    }

    /// Checks the lines, and returns the import or the errors of all lines.
    pub(super) fn check(
        mut self,
        mut lines: Vec<Line<'_>>,
    ) -> Result<Result<CheckedImport, Vec<ImportError>>, ServiceError> {
        let mut users = Vec::with_capacity(lines.len());
        for line in &mut lines {
            users.push(self.add(line)?);
        }
        self.reject_taken(&mut lines, &users);
        let errors: Vec<ImportError> = lines
            .into_iter()
            .filter(|line| !line.validation.is_valid())
            .map(|line| ImportError::new(line.imported.line, line.validation.into_errors()))
            .collect();
        Ok(if errors.is_empty() {
            Ok(self.checked)
        } else {
            Err(errors)
        })
    }

    /// Plans a line. Returns the existing user that it describes.
    fn add(&mut self, line: &mut Line<'_>) -> Result<Option<UserId>, ServiceError> {
        let described = match self.existing {
            ExistingUsers::Reject => None,
            ExistingUsers::Update => self.stored.described_by(line),
        };
        let Some((user, field)) = described else {
            self.add_new(line)?;
            return Ok(None);
        };
        let (id, before) = (user.id, user.clone());
        if let Some(first) = self.described.get(&id) {
            let reason = InvalidFieldReason::SameUserAsLine { line: *first };
            line.validation.reject(field, reason);
        } else {
            self.described.insert(id, line.imported.line);
            self.add_change(line, before);
        }
        Ok(Some(id))
    }

    fn add_new(&mut self, line: &mut Line<'_>) -> Result<(), ServiceError> {
        let imported = line.imported;
        let validation = &mut line.validation;
        if imported.full_name.trim().is_empty() {
            validation.reject(Field::FullName, InvalidFieldReason::Empty);
        }
        let role = imported.role.unwrap_or(Role::Employee);
        validation.require_login_field(role, imported.phone.is_some(), imported.email.is_some());
        if role == Role::Admin && imported.password_hash.is_some() {
            validation.reject(Field::PasswordHash, InvalidFieldReason::GeneratedOnly);
        }
        if let Some(Err(unusable)) = imported.password_hash.as_ref().map(PasswordHash::check) {
            validation.reject(Field::PasswordHash, unusable);
        }
        let Some(full_name) = line.full_name.take().filter(|_| validation.is_valid()) else {
            return Ok(());
        };
        let service = self.admin.service;
        let id = UserId::generate(service.parts.clock.as_ref(), service.parts.entropy.as_ref())?;
        let mut user = User::new(id, role, full_name, service.now());
        (user.phone, user.email) = (line.phone.clone(), line.email.clone());
        (user.telegram_id, user.external_id) = (line.telegram_id, line.external_id.clone());
        user.is_active = imported.is_active.unwrap_or(true);
        let hash = imported.password_hash.clone();
        let line = imported.line;
        self.checked.new.push(NewImportedUser { line, user, hash });
        Ok(())
    }

    fn add_change(&mut self, line: &mut Line<'_>, before: User) {
        let caller = self.admin.admin.caller();
        let own = caller.filter(|caller| caller.user().id == before.id);
        let changes = Changes {
            full_name: line.full_name.take(),
            phone: line.phone.clone().map(Some),
            email: line.email.clone().map(Some),
            external_id: line.external_id.clone().map(Some),
            role: line.imported.role,
            is_active: line.imported.is_active,
            telegram_id: line.telegram_id,
            own: own.map(Caller::session),
            ..Changes::default()
        };
        changes.check_own(&mut line.validation);
        let mut after = before.clone();
        if let Err(error) = changes.apply_to(&mut after) {
            reject(&mut line.validation, error);
        }
        if after == before {
            self.checked.unchanged += 1;
            return;
        }
        self.checked.changes.push(UserChange {
            line: line.imported.line,
            before,
            after,
            changes,
        });
    }

    /// Rejects values of other users, unless the import changes them there.
    fn reject_taken(&self, lines: &mut [Line<'_>], users: &[Option<UserId>]) {
        let after: HashMap<UserId, &User> = self
            .checked
            .changes
            .iter()
            .map(|change| (change.before.id, &change.after))
            .collect();
        for (line, own) in lines.iter_mut().zip(users) {
            let holders: Vec<_> = self.stored.holders(line.keys()).collect();
            for (field, holder) in holders {
                let after = after.get(&holder);
                let is_released = after.is_some_and(|after| line.keys().differs(field, after));
                if Some(holder) != *own && !is_released {
                    line.validation.reject(field, InvalidFieldReason::Taken);
                }
            }
        }
    }
}

impl CheckedImport {
    /// Returns the last line that removes an administrator if it removes all of `admins`, the active
    /// administrators, and adds none.
    pub(super) fn removes_all(&self, admins: &[User]) -> Option<ImportError> {
        let removing: Vec<_> = self
            .changes
            .iter()
            .filter(|change| change.removes_admin())
            .collect();
        let removed: HashSet<UserId> = removing.iter().map(|change| change.before.id).collect();
        let after = self.changes.iter().map(|change| &change.after);
        let new = self.new_users().iter().map(|new| &new.user);
        let has_admin = after.chain(new).any(is_active_admin);
        if has_admin || admins.iter().any(|admin| !removed.contains(&admin.id)) {
            return None;
        }
        let last = removing.last()?;
        let field = if last.after.is_active {
            Field::Role
        } else {
            Field::IsActive
        };
        let mut validation = Validation::default();
        validation.reject(field, InvalidFieldReason::LastAdmin);
        Some(ImportError::new(last.line, validation.into_errors()))
    }
}

/// Adds an error of a change to those of its line.
fn reject(validation: &mut Validation, error: ServiceError) {
    match error {
        ServiceError::Invalid(errors) => {
            for error in errors {
                validation.reject(error.field, error.reason);
            }
        }
        // The only other error of a change.
        _ => validation.reject(Field::Role, InvalidFieldReason::PromotionRequired),
    }
}
