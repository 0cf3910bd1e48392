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
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"full_name": "First Last", "phone": "+77011234567"}))
)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CreateUserRequest {
    /// What the user may do. Default: `employee`.
    #[serde(default = "employee")]
    pub role: Role,
    /// The person's name, 1 to 200 characters.
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 200, example = "First Last")
    )]
    pub full_name: String,
    /// The phone number, written as people write it: `+7 701 123 45 67`, `8 (701) 123-45-67`. An
    /// employee has to have one, and nobody else may have the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(example = "+77011234567", nullable = false)
    )]
    pub phone: Option<String>,
    /// The e-mail address. An administrator has to have one, and nobody else may have the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(format = "email", example = "second@example.com", nullable = false)
    )]
    pub email: Option<String>,
    /// The first password: at least 8 characters for an employee, 15 for an administrator. It must
    /// not be common, and not made of the person's own name, phone number or e-mail address.
    /// Without it one is generated, which the answer shows.
    #[serde(
        default,
        serialize_with = "secret::expose_option",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(
        feature = "openapi",
        schema(
            value_type = Option<String>,
            nullable = false,
            format = "password",
            min_length = 8,
            max_length = 128,
            example = "umbrella 77"
        )
    )]
    pub password: Option<Secret>,
}

impl CreateUserRequest {
    /// An employee with this name and phone number.
    pub fn employee(full_name: impl Into<String>, phone: impl Into<String>) -> Self {
        Self {
            role: Role::Employee,
            full_name: full_name.into(),
            phone: Some(phone.into()),
            email: None,
            password: None,
        }
    }

    /// An administrator with this name and e-mail address.
    pub fn admin(full_name: impl Into<String>, email: impl Into<String>) -> Self {
        Self {
            role: Role::Admin,
            full_name: full_name.into(),
            phone: None,
            email: Some(email.into()),
            password: None,
        }
    }

    /// The first password, instead of a generated one that the user has to change.
    #[must_use]
    pub fn password(mut self, password: impl Into<Secret>) -> Self {
        self.password = Some(password.into());
        self
    }
}

/// The user that was created.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct CreatedUser {
    /// The new user.
    pub user: User,
    /// The first password, where it was generated: shown this once, good for 72 hours, and to be
    /// changed at the first sign-in.
    #[serde(
        default,
        serialize_with = "secret::expose_option",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, nullable = false, example = "7k3m-x2q9-ab4t-p8dh"))]
    pub generated_password: Option<Secret>,
}

impl CreatedUser {
    /// The answer for a new user.
    pub fn new(user: User, generated_password: Option<Secret>) -> Self {
        Self {
            user,
            generated_password,
        }
    }
}

/// Lists users, the newest first.
#[derive(Debug)]
pub enum ListUsers {}

impl Endpoint for ListUsers {
    const OPERATION: &'static str = "list_users";
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/auth/admin/users";
    const AUTH: Auth = Auth::Admin;
    const STATUS: u16 = 200;
    const PROBLEMS: &'static [ProblemCode] = &[ProblemCode::ValidationFailed];
    type Request = ListUsersRequest;
    type Response = UserPage;
}

/// Which users to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ListUsersRequest {
    /// How many users at most, 1 to 200. Default: 50.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 200, example = 50))]
    pub limit: Option<u32>,
    /// Where to go on: the `next_cursor` of the last page, with the same conditions as there. Leave
    /// it out for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Only users who are found by this: each word of it is the beginning of the phone number, of
    /// the e-mail address or of a word of the name. Case, accents, and the marks of Kazakh letters
    /// make no difference. At most 100 characters and six words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(max_length = 100, example = "first 7011"))]
    pub q: Option<String>,
    /// Only users of this role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Only users who may sign in (`true`), or only those who are deactivated (`false`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_active: Option<bool>,
}

/// A page of the list of users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct UserPage {
    /// The users, the newest first.
    pub items: Vec<User>,
    /// What the next page is asked for with; absent on the last. A page that is not full may have
    /// it, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, example = "bX1rTgGZqjxbHnw9nyptHotMehA")
    )]
    pub next_cursor: Option<String>,
}

impl UserPage {
    /// A page.
    pub fn new(items: Vec<User>, next_cursor: Option<String>) -> Self {
        Self { items, next_cursor }
    }
}

/// Reads a user.
#[derive(Debug)]
pub enum GetUser {}

impl Endpoint for GetUser {
    const OPERATION: &'static str = "get_user";
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/auth/admin/users/{id}";
    const AUTH: Auth = Auth::Admin;
    const STATUS: u16 = 200;
    const PROBLEMS: &'static [ProblemCode] = &[ProblemCode::NotFound];
    type Request = ();
    type Response = User;
}

/// Gives a user another password, a generated one, and ends the user's sessions.
#[derive(Debug)]
pub enum ResetPassword {}

impl Endpoint for ResetPassword {
    const OPERATION: &'static str = "reset_password";
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/auth/admin/users/{id}/reset-password";
    const AUTH: Auth = Auth::Admin;
    const STATUS: u16 = 200;
    const PROBLEMS: &'static [ProblemCode] = &[ProblemCode::NotFound, ProblemCode::Overloaded];
    type Request = ();
    type Response = GeneratedPassword;
}

/// A password that was generated: shown this once, good for 72 hours, and to be changed at the
/// first sign-in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct GeneratedPassword {
    /// The password.
    #[serde(serialize_with = "secret::expose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "7k3m-x2q9-ab4t-p8dh"))]
    pub generated_password: Secret,
}

impl GeneratedPassword {
    /// The answer with this password.
    pub fn new(generated_password: Secret) -> Self {
        Self { generated_password }
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
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(min_properties = 1, example = json!({"full_name": "First Last", "phone": "+77011234568"}))
)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct UpdateUserRequest {
    /// The person's name, 1 to 200 characters.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    #[cfg_attr(
        feature = "openapi",
        schema(
            nullable = false,
            min_length = 1,
            max_length = 200,
            example = "First Last"
        )
    )]
    pub full_name: Option<String>,
    /// The phone number, or `null` for none. An employee has to have one.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "+77011234568"))]
    pub phone: Option<Option<String>>,
    /// The e-mail address, or `null` for none. An administrator has to have one.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = "email", example = "second@example.com"))]
    pub email: Option<Option<String>>,
    /// What the user may do. Another role signs the user out everywhere, and who becomes an
    /// administrator has to change the password.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub role: Option<Role>,
    /// Whether the user may sign in at all. `false` signs the user out everywhere.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = true))]
    pub is_active: Option<bool>,
}

/// A member that is there has a value of its type: `null` is none, unless the type says so.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Forgets the Telegram account that a user is bound to, and ends the user's sessions: the next
/// sign-in binds another one.
#[derive(Debug)]
pub enum UnlinkTelegram {}

impl Endpoint for UnlinkTelegram {
    const OPERATION: &'static str = "unlink_telegram";
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/auth/admin/users/{id}/unlink-telegram";
    const AUTH: Auth = Auth::Admin;
    const STATUS: u16 = 200;
    const PROBLEMS: &'static [ProblemCode] = &[ProblemCode::NotFound];
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
    const PROBLEMS: &'static [ProblemCode] = &[ProblemCode::NotFound];
    type Request = ();
    type Response = ();
}

fn employee() -> Role {
    Role::Employee
}
