use std::fmt;

use time::OffsetDateTime;

use crate::password::PasswordHash;
use crate::secret::Secret;
use crate::service::InvalidField;
use crate::service::update_user;
use crate::service::update_user::{Changes, changed_fields};
use crate::store::Account;
use crate::types::{Role, TelegramId, User};

/// A user to import.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ImportedUser {
    /// The line of the list, for error messages.
    pub line: u64,
    /// The role. Default for a new user: employee.
    pub role: Option<Role>,
    /// The name, required for a new user.
    pub full_name: String,
    /// The phone number, in any form that [`parse_phone`](crate::service::parse_phone) accepts.
    pub phone: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The Telegram account to link.
    pub telegram_id: Option<TelegramId>,
    /// The id in another system.
    pub external_id: Option<String>,
    /// The right to sign in. Default for a new user: `true`.
    pub is_active: Option<bool>,
    /// The hash of a new employee's password from another system, see [`PasswordHash::check`].
    /// Without one, and for administrators, a password is generated. Existing users keep their
    /// password.
    pub password_hash: Option<PasswordHash>,
}

impl ImportedUser {
    /// Creates a user without contacts and hash.
    pub fn new(line: u64, role: Role, full_name: impl Into<String>) -> Self {
        Self {
            line,
            role: Some(role),
            full_name: full_name.into(),
            phone: None,
            email: None,
            telegram_id: None,
            external_id: None,
            is_active: None,
            password_hash: None,
        }
    }
}

/// The treatment of lines that describe an existing user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExistingUsers {
    /// The line is an error.
    Reject,
    /// The line changes the user with its external id or, if no user has it, with its phone number or
    /// e-mail address, in this order. What the line does not contain stays as it is.
    Update,
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

/// A change of an existing user by an import.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UserChange {
    /// The line: [`ImportedUser::line`].
    pub line: u64,
    /// The user as stored.
    pub before: User,
    /// The user after the import.
    pub after: User,
    pub(super) changes: Changes,
}

impl UserChange {
    /// Returns the names of the changed fields.
    pub fn fields(&self) -> Vec<&'static str> {
        changed_fields(&self.before, &self.after)
    }

    /// Reports a deactivation or a change of the role, which ends all sessions of the user.
    pub fn ends_sessions(&self) -> bool {
        self.before.is_active && !self.after.is_active || self.before.role != self.after.role
    }

    pub(super) fn removes_admin(&self) -> bool {
        is_active_admin(&self.before) && !is_active_admin(&self.after)
    }
}

pub(super) fn is_active_admin(user: &User) -> bool {
    user.role == Role::Admin && user.is_active
}

/// A new user of an import.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewImportedUser {
    /// The line: [`ImportedUser::line`].
    pub line: u64,
    /// The user after the import.
    pub user: User,
    pub(super) hash: Option<PasswordHash>,
}

impl NewImportedUser {
    /// Returns `true` if the user keeps the password of another system.
    pub fn has_password_hash(&self) -> bool {
        self.hash.is_some()
    }
}

/// An import without errors. Returned by
/// [`AdminService::check_import`](crate::service::AdminService::check_import) only.
#[derive(Debug, Default)]
pub struct CheckedImport {
    pub(super) new: Vec<NewImportedUser>,
    pub(super) changes: Vec<UserChange>,
    pub(super) unchanged: usize,
}

impl CheckedImport {
    /// Returns `true` if the import creates an administrator, or makes a change that needs a recent proof of
    /// identity.
    pub(super) fn is_critical(&self) -> bool {
        let is_critical =
            |change: &UserChange| update_user::is_critical(&change.before, &change.after);
        self.has_administrators() || self.changes.iter().any(is_critical)
    }

    /// Returns `true` if the import creates or activates an administrator.
    pub(super) fn has_administrators(&self) -> bool {
        let activates =
            |change: &UserChange| update_user::activates_admin(&change.before, &change.after);
        let is_admin = |new: &NewImportedUser| new.user.role == Role::Admin;
        self.new.iter().any(is_admin) || self.changes.iter().any(activates)
    }

    /// Returns the new users.
    pub fn new_users(&self) -> &[NewImportedUser] {
        &self.new
    }

    /// Returns the number of new users without a hash, who get a generated password.
    pub fn without_hash(&self) -> usize {
        let new = self.new.iter();
        new.filter(|new| !new.has_password_hash()).count()
    }

    /// Returns the changes of existing users.
    pub fn changes(&self) -> &[UserChange] {
        &self.changes
    }

    /// Returns the number of lines that change nothing.
    pub fn unchanged(&self) -> usize {
        self.unchanged
    }
}

/// An import that [`AdminService::complete_import`](crate::service::AdminService::complete_import)
/// can store.
#[derive(Debug)]
pub struct PreparedImport {
    pub(super) accounts: Vec<PreparedAccount>,
    pub(super) changes: Vec<UserChange>,
    pub(super) passwords_expire_at: OffsetDateTime,
}

/// A new account, and its password if that is generated.
#[derive(Debug)]
pub(super) struct PreparedAccount {
    pub(super) line: u64,
    pub(super) account: Account,
    pub(super) generated: Option<Secret>,
}

/// The password that was generated for a new user of an import.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct PreparedPassword<'a> {
    /// The line: [`ImportedUser::line`].
    pub line: u64,
    /// The user.
    pub user: &'a User,
    /// The password, which cannot be shown again.
    pub password: &'a Secret,
}

impl PreparedImport {
    /// Returns the generated passwords, in the order of the list.
    pub fn generated(&self) -> impl Iterator<Item = PreparedPassword<'_>> {
        self.accounts.iter().filter_map(|new| {
            Some(PreparedPassword {
                line: new.line,
                user: &new.account.user,
                password: new.generated.as_ref()?,
            })
        })
    }

    /// Returns the time at which the generated passwords expire.
    pub fn passwords_expire_at(&self) -> OffsetDateTime {
        self.passwords_expire_at
    }
}

/// The numbers of users that an import has stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportedCount {
    /// New users.
    pub added: usize,
    /// Changed users.
    pub changed: usize,
}
