use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;

use super::users::expiry_of_generated;
use super::validation::Validation;
use super::{AdminService, Field, InvalidField, InvalidFieldReason, ServiceError};
use crate::password::{HashClass, Password, PasswordHash};
use crate::secret::Secret;
use crate::store::{Account, NewUser, UserKeys};
use crate::types::{AuditAction, Email, Phone, Role, User, UserId};

/// A user to import.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ImportedUser {
    /// The line of the list, for error messages.
    pub line: u64,
    /// The role.
    pub role: Role,
    /// The name.
    pub full_name: String,
    /// The phone number, in any form that [`parse_phone`](super::parse_phone) accepts.
    pub phone: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The right to sign in. Default: `true`.
    pub is_active: bool,
    /// The hash of an employee's password from another system, see [`PasswordHash::check`]. Without
    /// one, and for administrators, a password is generated.
    pub password_hash: Option<PasswordHash>,
}

impl ImportedUser {
    /// Creates a user without contacts and hash.
    pub fn new(line: u64, role: Role, full_name: impl Into<String>) -> Self {
        Self {
            line,
            role,
            full_name: full_name.into(),
            phone: None,
            email: None,
            is_active: true,
            password_hash: None,
        }
    }
}

/// The errors of a line of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportError {
    /// The line: [`ImportedUser::line`].
    pub line: u64,
    /// All invalid fields.
    pub errors: Vec<InvalidField>,
}

impl ImportError {
    /// Creates the errors of a line.
    pub fn new(line: u64, errors: Vec<InvalidField>) -> Self {
        Self { line, errors }
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors: Vec<String> = self.errors.iter().map(ToString::to_string).collect();
        write!(f, "line {}: {}", self.line, errors.join("; "))
    }
}

/// Users without errors. Returned by [`AdminService::check_import`] only.
#[derive(Debug)]
pub struct CheckedImport {
    users: Vec<(User, Option<PasswordHash>)>,
}

/// Accounts that [`AdminService::complete_import`] can store.
#[derive(Debug)]
pub struct PreparedImport {
    accounts: Vec<(Account, Option<Secret>)>,
}

impl CheckedImport {
    /// Returns the number of users.
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// Returns `true` if there are no users.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// Returns the number of users without a hash, who get a generated password.
    pub fn without_hash(&self) -> usize {
        self.users.iter().filter(|(_, hash)| hash.is_none()).count()
    }
}

impl PreparedImport {
    /// Returns the users with a generated password, and the passwords, which cannot be shown again.
    pub fn generated(&self) -> impl Iterator<Item = (&User, &Secret)> {
        self.accounts
            .iter()
            .filter_map(|(account, password)| Some((&account.user, password.as_ref()?)))
    }
}

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
    pub async fn check_import(
        self,
        users: &[ImportedUser],
    ) -> Result<Result<CheckedImport, Vec<ImportError>>, ServiceError> {
        let mut lines = Lines::default();
        let mut checked = Vec::with_capacity(users.len());
        for imported in users {
            let mut validation = Validation::default();
            if let Some(user) = self.check_imported(&mut validation, &mut lines, imported)? {
                checked.push((user, imported.password_hash.clone()));
            }
            let errors = validation.into_errors();
            if !errors.is_empty() {
                lines.errors.push(ImportError::new(imported.line, errors));
            }
        }
        let mut keys = UserKeys::default();
        keys.phones = lines.phones.keys().cloned().collect();
        keys.emails = lines.emails.keys().cloned().collect();
        let store = &self.service.parts.store;
        for user in store.users_by_keys(&keys).await? {
            lines.taken_by(&user);
        }
        Ok(lines
            .into_errors()
            .map_or(Ok(CheckedImport { users: checked }), Err))
    }

    /// Generates and hashes the passwords of users without a hash. Calls `progress` with the number
    /// of finished hashes after each.
    ///
    /// # Errors
    /// When hashing fails; nothing is written.
    pub async fn prepare_import(
        self,
        import: CheckedImport,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Result<PreparedImport, ServiceError> {
        let parts = &self.service.parts;
        let mut accounts = Vec::with_capacity(import.users.len());
        let mut done = 0;
        for (mut user, hash) in import.users {
            if let Some(hash) = hash {
                accounts.push((Account::new(user, hash), None));
                continue;
            }
            user.password_change_required = true;
            let password = Password::generate(parts.entropy.as_ref())?;
            let shown = password.to_secret();
            let hash = parts.hashes.hash(HashClass::Background, password).await?;
            accounts.push((Account::new(user, hash), Some(shown)));
            done += 1;
            progress(done);
        }
        Ok(PreparedImport { accounts })
    }

    /// Stores all users, or none, and returns their number. Generated passwords are valid for 72 hours
    /// from now.
    ///
    /// # Errors
    /// Among others [`ServiceError::Store`] if another user has a phone number or e-mail address by
    /// now.
    pub async fn complete_import(self, import: PreparedImport) -> Result<usize, ServiceError> {
        let service = self.service;
        let now = service.now();
        service.require_current_admin(self.admin).await?;
        let mut new = Vec::with_capacity(import.accounts.len());
        for (mut account, generated) in import.accounts {
            account.password_expires_at = generated.is_some().then(|| expiry_of_generated(now));
            let (action, user) = (AuditAction::UserCreated, account.user.id);
            let event = service.audit_event(action, self.admin.id(), user, self.client)?;
            new.push(NewUser::new(account, event));
        }
        sort_for_locking(&mut new);
        self.insert(&new).await?;
        Ok(new.len())
    }

    /// Returns the user, unless the line has errors.
    fn check_imported(
        self,
        validation: &mut Validation,
        lines: &mut Lines,
        imported: &ImportedUser,
    ) -> Result<Option<User>, ServiceError> {
        let parts = &self.service.parts;
        let full_name = validation.full_name(&imported.full_name);
        let phone = imported
            .phone
            .as_deref()
            .and_then(|typed| validation.phone(typed, parts.region));
        let email = imported
            .email
            .as_deref()
            .and_then(|typed| validation.email(typed));
        validation.require_login_field(
            imported.role,
            imported.phone.is_some(),
            imported.email.is_some(),
        );
        if imported.role == Role::Admin && imported.password_hash.is_some() {
            validation.reject(Field::PasswordHash, InvalidFieldReason::GeneratedOnly);
        }
        if let Some(Err(unusable)) = imported.password_hash.as_ref().map(PasswordHash::check) {
            validation.reject(Field::PasswordHash, unusable);
        }
        if let Some(first) = first_with(&mut lines.phones, phone.as_ref(), imported.line) {
            validation.reject(Field::Phone, InvalidFieldReason::SameAsLine { line: first });
        }
        if let Some(first) = first_with(&mut lines.emails, email.as_ref(), imported.line) {
            validation.reject(Field::Email, InvalidFieldReason::SameAsLine { line: first });
        }
        let Some(full_name) = full_name.filter(|_| validation.is_valid()) else {
            return Ok(None);
        };

        let id = UserId::generate(parts.clock.as_ref(), parts.entropy.as_ref())?;
        let mut user = User::new(id, imported.role, full_name, self.service.now());
        (user.phone, user.email, user.is_active) = (phone, email, imported.is_active);
        Ok(Some(user))
    }
}

/// The lines of phone numbers and e-mail addresses, and the errors.
#[derive(Default)]
struct Lines {
    phones: HashMap<Phone, u64>,
    emails: HashMap<Email, u64>,
    errors: Vec<ImportError>,
}

impl Lines {
    fn taken_by(&mut self, user: &User) {
        let by_phone = user
            .phone
            .as_ref()
            .and_then(|phone| self.phones.remove(phone));
        let by_email = user
            .email
            .as_ref()
            .and_then(|email| self.emails.remove(email));
        for (line, field) in [(by_phone, Field::Phone), (by_email, Field::Email)] {
            if let Some(line) = line {
                let taken = InvalidField::new(field, InvalidFieldReason::Taken);
                self.errors.push(ImportError::new(line, vec![taken]));
            }
        }
    }

    /// Returns one error per line, in order; `None` without errors.
    fn into_errors(mut self) -> Option<Vec<ImportError>> {
        self.errors.sort_by_key(|error| error.line);
        self.errors.dedup_by(|later, first| {
            let is_same = later.line == first.line;
            if is_same {
                first.errors.append(&mut later.errors);
            }
            is_same
        });
        Some(self.errors).filter(|errors| !errors.is_empty())
    }
}

/// Records the line of a value, or returns an earlier line with the same value.
fn first_with<K: Clone + Eq + Hash>(
    lines: &mut HashMap<K, u64>,
    value: Option<&K>,
    line: u64,
) -> Option<u64> {
    let value = value?;
    if let Some(first) = lines.get(value) {
        return Some(*first);
    }
    lines.insert(value.clone(), line);
    None
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
    use crate::types::{AuditEvent, AuditId};

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
