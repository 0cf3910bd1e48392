use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::UserInclude;
use crate::secret::{self, Secret};
use crate::types::{Role, TelegramId, User};

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
    /// The role. Default: `employee`.
    #[serde(default = "employee")]
    pub role: Role,
    /// The full name, 1 to 200 characters.
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 200, example = "First Last")
    )]
    pub full_name: String,
    /// The phone number in any usual form: `+7 701 123 45 67`, `8 (701) 123-45-67`. Unique;
    /// required for an employee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "+77011234567"))]
    pub phone: Option<String>,
    /// The e-mail address. Unique; required for an administrator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(format = "email", example = "second@example.com")
    )]
    pub email: Option<String>,
    /// The user's id in another system, such as a personnel number. Unique; at most 128 characters,
    /// none of them a control character.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 128, example = "HR-000123")
    )]
    pub external_id: Option<String>,
    /// Attributes for the application: a JSON object of at most 4,096 bytes. The user can read them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>, example = json!({"department": "sales"})))]
    pub metadata: Option<Map<String, Value>>,
    /// The first password of an employee, at least 8 characters. It must not be common, nor consist
    /// mostly of the user's name, phone number or e-mail address. Default: a generated one, which the
    /// response contains; an administrator always gets one.
    #[serde(
        default,
        serialize_with = "secret::expose_option",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(
        feature = "openapi",
        schema(
            value_type = Option<String>,
            format = "password",
            min_length = 8,
            max_length = 128,
            example = "umbrella 77"
        )
    )]
    pub password: Option<Secret>,
}

impl CreateUserRequest {
    /// Creates the request for an employee.
    pub fn employee(full_name: impl Into<String>, phone: impl Into<String>) -> Self {
        Self {
            role: Role::Employee,
            full_name: full_name.into(),
            phone: Some(phone.into()),
            email: None,
            external_id: None,
            metadata: None,
            password: None,
        }
    }

    /// Creates the request for an administrator.
    pub fn admin(full_name: impl Into<String>, email: impl Into<String>) -> Self {
        Self {
            role: Role::Admin,
            full_name: full_name.into(),
            phone: None,
            email: Some(email.into()),
            external_id: None,
            metadata: None,
            password: None,
        }
    }

    /// Sets the user's id in another system. Default: none.
    #[must_use]
    pub fn external_id(mut self, id: impl Into<String>) -> Self {
        self.external_id = Some(id.into());
        self
    }

    /// Sets the first password. Default: a generated one that the user must change.
    #[must_use]
    pub fn password(mut self, password: impl Into<Secret>) -> Self {
        self.password = Some(password.into());
        self
    }
}

/// The created user.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct CreatedUser {
    /// The new user.
    pub user: User,
    /// The generated password: shown only here, valid for 72 hours, and must be changed at the
    /// next sign-in. Absent if the request contained a password.
    #[serde(
        default,
        serialize_with = "secret::expose_option",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, nullable = false, example = "7k3m-x2q9-ab4t-p8dh"))]
    pub generated_password: Option<Secret>,
}

impl CreatedUser {
    /// Creates the response.
    pub fn new(user: User, generated_password: Option<Secret>) -> Self {
        Self {
            user,
            generated_password,
        }
    }
}

/// The filters and the page of a list of users.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::IntoParams, utoipa::ToSchema),
    into_params(parameter_in = Query),
    schema(example = json!({"q": "first 7011", "role": "employee"}))
)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ListUsersRequest {
    /// The maximum number of users, 1 to 200. Default: 50.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        param(minimum = 1, maximum = 200),
        schema(minimum = 1, maximum = 200)
    )]
    pub limit: Option<u32>,
    /// The `next_cursor` of the previous page, with the same filters. Absent for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// The search: each of its words must begin the phone number, the e-mail address, a word of the
    /// name or, after `@`, the Telegram username: `first 7011`. Case, accents and the marks of Kazakh
    /// letters are ignored. At most 100 characters and six words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        param(max_length = 100),
        schema(max_length = 100, example = "first 7011")
    )]
    pub q: Option<String>,
    /// Only users with this role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Only active (`true`) or only inactive users (`false`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_active: Option<bool>,
    /// Only the user with this id in another system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        param(min_length = 1, max_length = 128),
        schema(min_length = 1, max_length = 128, example = "HR-000123")
    )]
    pub external_id: Option<String>,
    /// Only the user with this linked Telegram account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(value_type = Option<i64>), schema(value_type = Option<i64>, example = 42))]
    pub telegram_id: Option<TelegramId>,
    /// Only users who have signed in (`true`) or who have never signed in (`false`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_signed_in: Option<bool>,
    /// Only users with (`true`) or without a linked Telegram account (`false`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_linked: Option<bool>,
    /// `true` returns the number of users that match, in `total`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_total: Option<bool>,
    /// `metadata` returns the users with the attributes for the application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include: Option<UserInclude>,
}

/// A page of users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct UserPage {
    /// The users, newest first.
    pub items: Vec<User>,
    /// The cursor of the next page; absent on the last. A page that is not full may have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, example = "bX1rTgGZqjxbHnw9nyptHotMehA")
    )]
    pub next_cursor: Option<String>,
    /// The number of users on all pages, at most 10,000. Only with `include_total`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = 137))]
    pub total: Option<u32>,
    /// Present and `true` if there are more users than `total`, or may be.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "openapi", schema(example = true))]
    pub total_is_minimum: bool,
}

impl UserPage {
    /// Creates the page without a total.
    pub fn new(items: Vec<User>, next_cursor: Option<String>) -> Self {
        Self {
            items,
            next_cursor,
            total: None,
            total_is_minimum: false,
        }
    }
}

/// A generated password: shown only here, valid for 72 hours, and must be changed at the next
/// sign-in.
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
    /// Creates the response.
    pub fn new(generated_password: Secret) -> Self {
        Self { generated_password }
    }
}

/// The e-mail address of a new administrator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PromoteUserRequest {
    /// The e-mail address to sign in with; it replaces an existing one. Default: the one that the user
    /// has. Unique; required for a user without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(format = "email", example = "second@example.com")
    )]
    pub email: Option<String>,
}

impl PromoteUserRequest {
    /// Creates the request with the e-mail address to sign in with; it replaces an existing one.
    pub fn email(email: impl Into<String>) -> Self {
        Self {
            email: Some(email.into()),
        }
    }
}

/// The changes of a user: only members that are present change.
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
    /// The phone number, or `null` for none. Required for an active employee.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "+77011234568"))]
    pub phone: Option<Option<String>>,
    /// The e-mail address, or `null` for none. Required for an active administrator.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = "email", example = "second@example.com"))]
    pub email: Option<Option<String>>,
    /// The user's id in another system, or `null` for none. Unique; at most 128 characters, none of
    /// them a control character.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, min_length = 1, max_length = 128, example = "HR-000123"))]
    pub external_id: Option<Option<String>>,
    /// Attributes for the application, or `null` for none: a JSON object of at most 4,096 bytes. It
    /// replaces the stored one as a whole.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>, example = json!({"department": "sales"})))]
    pub metadata: Option<Option<Map<String, Value>>>,
    /// The role. A change ends all sessions of the user. To make an employee an administrator, use
    /// `promote_user`; here `admin` returns `promotion_required`.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub role: Option<Role>,
    /// `false` deactivates the user and ends all sessions.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = true))]
    pub is_active: Option<bool>,
}

/// Deserializes a member that is present: `null` is an error unless the type allows it.
pub(super) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

fn employee() -> Role {
    Role::Employee
}
