//! Conflicts with users who were stored after the check of an import.

use std::collections::HashMap;

use super::line::{StoredUsers, UniqueKeys};
use super::{ImportError, UserChange};
use crate::service::validation::Validation;
use crate::service::{AdminService, InvalidFieldReason, ServiceError};
use crate::store::{NewUser, StoreErrorKind, UserKeys};
use crate::types::{User, UserId};

/// The users that a failed import tried to write.
#[derive(Clone, Copy)]
pub(super) struct Written<'a> {
    pub(super) new: &'a [NewUser],
    /// The lines of the new users.
    pub(super) lines: &'a HashMap<UserId, u64>,
    pub(super) changes: &'a [UserChange],
}

impl AdminService<'_> {
    /// Adds the lines to a conflict. Other errors, and a conflict that has ended, are returned unchanged.
    pub(super) async fn with_lines(
        self,
        error: ServiceError,
        written: Written<'_>,
    ) -> ServiceError {
        let is_conflict = matches!(
            &error,
            ServiceError::Store(error) if matches!(error.kind(), StoreErrorKind::Conflict(_))
        );
        if !is_conflict {
            return error;
        }
        // The conflict is certain: an error of this query must not replace it.
        let keys = written.keys();
        let Ok(stored) = self.service.parts.store.users_by_keys(&keys).await else {
            return error;
        };
        let lines = written.taken(&StoredUsers::new(stored));
        if lines.is_empty() {
            return error;
        }
        ServiceError::ImportConflict(lines)
    }
}

impl<'a> Written<'a> {
    /// Returns the users after the import with their lines, and changed users as they were before.
    fn users(self) -> impl Iterator<Item = (u64, Option<&'a User>, &'a User)> {
        let new = self.new.iter().map(|new| &new.account.user);
        let new = new.filter_map(move |user| Some((*self.lines.get(&user.id)?, None, user)));
        let changes = self.changes.iter();
        new.chain(changes.map(|change| (change.line, Some(&change.before), &change.after)))
    }

    fn keys(self) -> UserKeys {
        let mut keys = UserKeys::default();
        for (_, _, user) in self.users() {
            keys.phones.extend(user.phone.clone());
            keys.emails.extend(user.email.clone());
            keys.telegram_ids.extend(user.telegram_id);
            keys.external_ids.extend(user.external_id.clone());
        }
        keys
    }

    /// Returns the lines with values of other users, in order.
    fn taken(self, stored: &StoredUsers) -> Vec<ImportError> {
        let after = self.changes.iter();
        let after: HashMap<UserId, &User> = after
            .map(|change| (change.before.id, &change.after))
            .collect();
        let mut errors: Vec<ImportError> = self
            .users()
            .filter_map(|(line, before, user)| {
                let keys = UniqueKeys::from(user);
                let mut validation = Validation::default();
                for (field, holder) in stored.holders(keys) {
                    let after = after.get(&holder);
                    let is_released = after.is_some_and(|after| keys.differs(field, after));
                    let is_imported = before.is_none_or(|before| keys.differs(field, before));
                    if holder != user.id && is_imported && !is_released {
                        validation.reject(field, InvalidFieldReason::Taken);
                    }
                }
                let is_taken = !validation.is_valid();
                is_taken.then(|| ImportError::new(line, validation.into_errors()))
            })
            .collect();
        errors.sort_by_key(|error| error.line);
        errors
    }
}
