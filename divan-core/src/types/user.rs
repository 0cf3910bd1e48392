use std::borrow::Cow;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use time::OffsetDateTime;

use super::{Email, ExternalId, Metadata, Phone, TelegramId, UserId};

named_enum! {
    /// The role of a user.
    #[derive(Serialize)]
    #[cfg_attr(
        feature = "openapi",
        derive(utoipa::ToSchema),
        schema(
            description = "The role of a user. An `admin` works in the admin panel and signs in with e-mail address and password; an \
                           `employee` works in the Mini App and signs in with phone number, password and Telegram account.",
            example = "employee"
        )
    )]
    #[serde(rename_all = "snake_case")]
    pub enum Role {
        /// Works in the admin panel; signs in with e-mail and password.
        Admin = "admin",
        /// Works in the Mini App; signs in with phone, password and Telegram account.
        Employee = "employee",
    }

    UnknownRole = "unknown role"
}

/// A role is a text. The derived form would also accept an object: `{"admin": null}`.
impl<'de> Deserialize<'de> for Role {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Cow::<str>::deserialize(deserializer)?;
        name.parse()
            .map_err(|UnknownRole| D::Error::unknown_variant(&name, &["admin", "employee"]))
    }
}

/// A user: an employee or an administrator. Times are UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    // The example is an employee: one user cannot usually have all members.
    schema(example = json!({
        "id": "0199aa3c-5b1e-7c3d-9f2a-6d1e8b4c7a10",
        "role": "employee",
        "full_name": "First Last",
        "phone": "+77011234567",
        "telegram_id": 42,
        "telegram_username": "first_last",
        "external_id": "HR-000123",
        "is_active": true,
        "password_change_required": false,
        "created_at": "2026-01-15T09:30:00.125Z",
        "updated_at": "2026-01-15T09:41:12.875Z",
        "last_login_at": "2026-01-15T09:41:12.875Z"
    }))
)]
#[non_exhaustive]
pub struct User {
    /// The user's id.
    pub id: UserId,
    /// The role.
    pub role: Role,
    /// The full name.
    #[cfg_attr(feature = "openapi", schema(example = "First Last"))]
    pub full_name: String,
    /// The e-mail address, unique. Administrators sign in with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub email: Option<Email>,
    /// The phone number, unique. Employees sign in with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub phone: Option<Phone>,
    /// The linked Telegram account, unique. Absent until the first sign-in links one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub telegram_id: Option<TelegramId>,
    /// The username of that Telegram account at the last sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = "first_last"))]
    pub telegram_username: Option<String>,
    /// The user's id in another system, unique.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub external_id: Option<ExternalId>,
    /// Attributes for the application. Only with `include=metadata`, and in the response to a request
    /// that sets them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub metadata: Option<Metadata>,
    /// `false` if the user is deactivated and cannot sign in.
    pub is_active: bool,
    /// True if the user must change the password first.
    pub password_change_required: bool,
    /// The time of creation.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-01-15T09:30:00.125Z"))]
    pub created_at: OffsetDateTime,
    /// The time of the last change.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-01-15T09:41:12.875Z"))]
    pub updated_at: OffsetDateTime,
    /// The time of the last sign-in. Absent before the first one.
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, example = "2026-01-15T09:41:12.875Z")
    )]
    pub last_login_at: Option<OffsetDateTime>,
}

impl User {
    /// Creates an active user without e-mail address, phone number, Telegram account and external
    /// id; set the rest.
    pub fn new(
        id: UserId,
        role: Role,
        full_name: impl Into<String>,
        created_at: OffsetDateTime,
    ) -> Self {
        Self {
            id,
            role,
            full_name: full_name.into(),
            email: None,
            phone: None,
            telegram_id: None,
            telegram_username: None,
            external_id: None,
            metadata: None,
            is_active: true,
            password_change_required: false,
            created_at,
            updated_at: created_at,
            last_login_at: None,
        }
    }
}
