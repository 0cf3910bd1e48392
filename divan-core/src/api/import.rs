use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::Problem;
use crate::secret::{self, Secret};
use crate::types::{Role, User, UserId};

/// The options of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ImportRequest {
    /// Change users who exist, found by external id, phone number or e-mail address, and add the
    /// others. Default: `false`, and a line of an existing user is an error.
    #[serde(default)]
    pub update: bool,
    /// Ignore the hashes of administrators, and generate passwords for them. Default: `false`, and such
    /// a hash is an error.
    #[serde(default)]
    pub reset_admin_passwords: bool,
}

/// The changes that an import would make, or the errors of its file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct ImportPreview {
    /// The number of users in the file.
    #[cfg_attr(feature = "openapi", schema(example = 3))]
    pub lines: usize,
    /// The users to add; none with `errors`.
    pub new_users: Vec<ImportedUser>,
    /// The number of new users who get a generated password.
    #[cfg_attr(feature = "openapi", schema(example = 1))]
    pub generated_passwords: usize,
    /// The users to change; none with `errors`.
    pub changes: Vec<ImportedChange>,
    /// The number of users whom the file does not change.
    #[cfg_attr(feature = "openapi", schema(example = 1))]
    pub unchanged: usize,
    /// The errors of all lines, or of the file. With an error, nothing can be imported.
    pub errors: Vec<ImportLineError>,
}

/// A new user of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct ImportedUser {
    /// The line of the file.
    #[cfg_attr(feature = "openapi", schema(example = 2))]
    pub line: u64,
    /// The full name.
    #[cfg_attr(feature = "openapi", schema(example = "First Last"))]
    pub full_name: String,
    /// The phone number.
    #[cfg_attr(feature = "openapi", schema(example = "+77011234567"))]
    pub phone: Option<String>,
    /// The e-mail address.
    #[cfg_attr(feature = "openapi", schema(example = "first@example.com"))]
    pub email: Option<String>,
    /// The role.
    pub role: Role,
    /// True if the user keeps the password of another system.
    #[cfg_attr(feature = "openapi", schema(example = false))]
    pub has_password_hash: bool,
}

impl ImportedUser {
    /// Creates the view of a new user.
    pub fn new(line: u64, user: &User, has_password_hash: bool) -> Self {
        Self {
            line,
            full_name: user.full_name.clone(),
            phone: user.phone.as_ref().map(ToString::to_string),
            email: user.email.as_ref().map(ToString::to_string),
            role: user.role,
            has_password_hash,
        }
    }
}

/// A change of an existing user by an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct ImportedChange {
    /// The line of the file.
    #[cfg_attr(feature = "openapi", schema(example = 3))]
    pub line: u64,
    /// The user.
    pub user_id: UserId,
    /// The present name.
    #[cfg_attr(feature = "openapi", schema(example = "Second Last"))]
    pub full_name: String,
    /// The changed members.
    pub fields: Vec<ImportedField>,
    /// True for a deactivation and for a change of the role.
    #[cfg_attr(feature = "openapi", schema(example = false))]
    pub ends_sessions: bool,
}

impl ImportedChange {
    /// Creates the view of a change.
    ///
    /// `fields` are the names of the changed members of [`User`].
    pub fn new(
        line: u64,
        before: &User,
        after: &User,
        fields: &[&str],
        ends_sessions: bool,
    ) -> Self {
        let values = |user: &User| serde_json::to_value(user).unwrap_or_default();
        let (was, is) = (values(before), values(after));
        let field = |name: &&str| ImportedField {
            name: (*name).to_owned(),
            before: was.get(name).cloned().unwrap_or_default(),
            after: is.get(name).cloned().unwrap_or_default(),
        };
        Self {
            line,
            user_id: before.id,
            full_name: before.full_name.clone(),
            fields: fields.iter().map(field).collect(),
            ends_sessions,
        }
    }
}

/// A member of a user that an import changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct ImportedField {
    /// The name of the member.
    #[cfg_attr(feature = "openapi", schema(example = "phone"))]
    pub name: String,
    /// The present value, of the member's type: `null` if it has none.
    #[cfg_attr(feature = "openapi", schema(example = "+77017654321"))]
    pub before: serde_json::Value,
    /// The value after the import.
    #[cfg_attr(feature = "openapi", schema(example = "+77017654322"))]
    pub after: serde_json::Value,
}

/// An error of a line, or of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct ImportLineError {
    /// The line; `null` for an error of the whole file.
    #[cfg_attr(feature = "openapi", schema(example = 4))]
    pub line: Option<u64>,
    /// The column, as the file names it; `null` for an error of the whole line.
    #[cfg_attr(feature = "openapi", schema(example = "phone"))]
    pub column: Option<String>,
    /// The rule, in English.
    #[cfg_attr(feature = "openapi", schema(example = "belongs to another user"))]
    pub message: String,
}

impl ImportLineError {
    /// Creates the error.
    pub fn new(line: Option<u64>, column: Option<String>, message: impl Into<String>) -> Self {
        Self {
            line,
            column,
            message: message.into(),
        }
    }
}

/// A line of the response to an import.
///
/// Lines with `progress` come first. `passwords` follows before the users are stored. The last line is
/// `completed` or `failed`. Without a last line, the users may have been stored if the line
/// `passwords` was received.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ImportEvent {
    /// Passwords are being hashed.
    Progress {
        /// The number of hashed passwords.
        done: usize,
        /// The number of passwords to hash.
        total: usize,
    },
    /// The generated passwords. They are valid when the import is completed, and are not shown again.
    Passwords {
        /// The passwords, in the order of the file.
        passwords: Vec<ImportedPassword>,
    },
    /// All users were stored.
    Completed {
        /// The number of new users.
        added: usize,
        /// The number of changed users.
        changed: usize,
        /// The number of users whom the file does not change.
        unchanged: usize,
    },
    /// No user was stored.
    Failed {
        /// The reason.
        problem: Box<Problem>,
    },
}

/// The password that was generated for a new user of an import.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct ImportedPassword {
    /// The line of the file.
    #[cfg_attr(feature = "openapi", schema(example = 2))]
    pub line: u64,
    /// The user.
    pub user_id: UserId,
    /// The full name.
    #[cfg_attr(feature = "openapi", schema(example = "First Last"))]
    pub full_name: String,
    /// The phone number.
    #[cfg_attr(feature = "openapi", schema(example = "+77011234567"))]
    pub phone: Option<String>,
    /// The e-mail address.
    #[cfg_attr(feature = "openapi", schema(example = "first@example.com"))]
    pub email: Option<String>,
    /// The generated password, which must be changed at the first sign-in.
    #[serde(serialize_with = "secret::expose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "7k3m-x2q9-ab4t-p8dh"))]
    pub password: Secret,
    /// The time after which the password is not accepted.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-01-18T09:30:00.5Z"))]
    pub expires_at: OffsetDateTime,
}

impl ImportedPassword {
    /// Creates the view of a generated password.
    pub fn new(line: u64, user: &User, password: Secret, expires_at: OffsetDateTime) -> Self {
        Self {
            line,
            user_id: user.id,
            full_name: user.full_name.clone(),
            phone: user.phone.as_ref().map(ToString::to_string),
            email: user.email.as_ref().map(ToString::to_string),
            password,
            expires_at,
        }
    }
}
