use serde::{Deserialize, Serialize};

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

fn employee() -> Role {
    Role::Employee
}
