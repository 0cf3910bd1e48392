use serde::{Deserialize, Deserializer, Serialize};

use super::{Auth, Endpoint, Method, ProblemCode};
use crate::secret::{self, Secret};
use crate::types::{Role, User};

/// Creates a user.
#[derive(Debug)]
pub enum CreateUser {}

impl Endpoint for CreateUser {
    const OPERATION: &'static str = "create_user";
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/auth/admin/users";
    const AUTH: Auth = Auth::Admin;
    const STATUS: u16 = 201;
    const PROBLEMS: &'static [ProblemCode] = &[
        ProblemCode::TokenMissing,
        ProblemCode::TokenInvalid,
        ProblemCode::TokenExpired,
        ProblemCode::PasswordChangeRequired,
        ProblemCode::AdminRequired,
        ProblemCode::EmailTaken,
        ProblemCode::PhoneTaken,
        ProblemCode::WeakPassword,
        ProblemCode::Overloaded,
    ];
    type Request = CreateUserRequest;
    type Response = CreatedUser;
}

/// The user to create. An employee needs a phone number, an administrator an e-mail address.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CreateUserRequest {
    /// What the user may do. Default: `employee`.
    #[serde(default = "employee")]
    pub role: Role,
    /// The person's name, 1 to 200 characters.
    #[cfg_attr(feature = "openapi", schema(example = "First Last"))]
    pub full_name: String,
    /// The phone number, written as people write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "+77011234567", nullable = false))]
    pub phone: Option<String>,
    /// The e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = "email", nullable = false))]
    pub email: Option<String>,
    /// The first password: at least 8 characters for an employee, 15 for an administrator.
    #[serde(serialize_with = "secret::expose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "password", example = "tram under the plum"))]
    pub password: Secret,
}

impl CreateUserRequest {
    /// An employee with this name, phone number and first password.
    pub fn employee(
        full_name: impl Into<String>,
        phone: impl Into<String>,
        password: impl Into<Secret>,
    ) -> Self {
        Self {
            role: Role::Employee,
            full_name: full_name.into(),
            phone: Some(phone.into()),
            email: None,
            password: password.into(),
        }
    }

    /// An administrator with this name, e-mail address and first password.
    pub fn admin(
        full_name: impl Into<String>,
        email: impl Into<String>,
        password: impl Into<Secret>,
    ) -> Self {
        Self {
            role: Role::Admin,
            full_name: full_name.into(),
            phone: None,
            email: Some(email.into()),
            password: password.into(),
        }
    }
}

/// The user that was created.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct CreatedUser {
    /// The new user.
    pub user: User,
}

impl CreatedUser {
    /// The answer for a new user.
    pub fn new(user: User) -> Self {
        Self { user }
    }
}

/// Changes a user.
#[derive(Debug)]
pub enum UpdateUser {}

impl Endpoint for UpdateUser {
    const OPERATION: &'static str = "update_user";
    const METHOD: Method = Method::Patch;
    const PATH: &'static str = "/auth/admin/users/{id}";
    const AUTH: Auth = Auth::Admin;
    const STATUS: u16 = 200;
    const PROBLEMS: &'static [ProblemCode] = &[
        ProblemCode::TokenMissing,
        ProblemCode::TokenInvalid,
        ProblemCode::TokenExpired,
        ProblemCode::PasswordChangeRequired,
        ProblemCode::AdminRequired,
        ProblemCode::NotFound,
        ProblemCode::EmailTaken,
        ProblemCode::PhoneTaken,
        ProblemCode::LastAdmin,
    ];
    type Request = UpdateUserRequest;
    type Response = User;
}

/// What to change about a user: the members that are there, and nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct UpdateUserRequest {
    /// The person's name, 1 to 200 characters.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = "First Last"))]
    pub full_name: Option<String>,
    /// The phone number, or `null` for none. An employee has to have one.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "+77011234567"))]
    pub phone: Option<Option<String>>,
    /// The e-mail address, or `null` for none. An administrator has to have one.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = "email"))]
    pub email: Option<Option<String>>,
    /// What the user may do. Another role signs the user out everywhere, and who becomes an administrator has to change the
    /// password.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub role: Option<Role>,
    /// Whether the user may sign in at all. `false` signs the user out everywhere.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub is_active: Option<bool>,
}

/// A member that is there has a value of its type: `null` is none, unless the type says so.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Forgets the Telegram account that a user is bound to, and ends the user's sessions: the next sign-in binds another one.
#[derive(Debug)]
pub enum UnlinkTelegram {}

impl Endpoint for UnlinkTelegram {
    const OPERATION: &'static str = "unlink_telegram";
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/auth/admin/users/{id}/unlink-telegram";
    const AUTH: Auth = Auth::Admin;
    const STATUS: u16 = 200;
    const PROBLEMS: &'static [ProblemCode] = USER_PROBLEMS;
    type Request = ();
    type Response = User;
}

/// Signs a user out everywhere.
#[derive(Debug)]
pub enum EndUserSessions {}

impl Endpoint for EndUserSessions {
    const OPERATION: &'static str = "end_user_sessions";
    const METHOD: Method = Method::Delete;
    const PATH: &'static str = "/auth/admin/users/{id}/sessions";
    const AUTH: Auth = Auth::Admin;
    const STATUS: u16 = 204;
    const PROBLEMS: &'static [ProblemCode] = USER_PROBLEMS;
    type Request = ();
    type Response = ();
}

/// What an administrator may be answered who names a user.
const USER_PROBLEMS: &[ProblemCode] = &[
    ProblemCode::TokenMissing,
    ProblemCode::TokenInvalid,
    ProblemCode::TokenExpired,
    ProblemCode::PasswordChangeRequired,
    ProblemCode::AdminRequired,
    ProblemCode::NotFound,
];

fn employee() -> Role {
    Role::Employee
}
