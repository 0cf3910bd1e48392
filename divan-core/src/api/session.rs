use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::secret::{self, Secret};
use crate::types::{Audience, SessionId, TelegramClient, User};

/// The session to end. Without a body, it is the one of the access token.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"refresh_token": "dvr1.AZmqQQfSflWMGy9gqdPkuAAAAAEB…"}))
)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct LogoutRequest {
    /// The refresh token of the session. No access token is needed then.
    #[serde(
        default,
        serialize_with = "secret::expose_option",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "dvr1.AZmqQQfSflWMGy9gqdPkuAAAAAEB…"))]
    pub refresh_token: Option<Secret>,
}

impl LogoutRequest {
    /// Creates the request for the session of a refresh token.
    pub fn new(refresh_token: impl Into<Secret>) -> Self {
        Self {
            refresh_token: Some(refresh_token.into()),
        }
    }
}

/// The tokens of a session, and its user.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct TokenResponse {
    /// The token to send as `Authorization: Bearer …`.
    #[serde(serialize_with = "secret::expose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiJ9.….…"))]
    pub access_token: Secret,
    /// The type of the access token.
    pub token_type: TokenType,
    /// The lifetime of the access token, in seconds: 900 in the Mini App, 600 in the admin panel.
    #[cfg_attr(feature = "openapi", schema(example = 900))]
    pub expires_in: u64,
    /// The token for the next pair. Each refresh replaces it: store the new pair before you use it.
    #[serde(serialize_with = "secret::expose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "dvr1.AZmqQQfSflWMGy9gqdPkuAAAAAEB…"))]
    pub refresh_token: Secret,
    /// The token of this device, for the next `admin_login`. Store it instead of the previous one, and
    /// keep it after a sign-out. Only the responses of `admin_login` and, for an administrator,
    /// `change_password` contain it.
    #[serde(
        default,
        serialize_with = "secret::expose_option",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, nullable = false, example = "dvd1.AZmqR5HDe2Kl2A5PfCuaMQ…"))]
    pub device_token: Option<Secret>,
    /// The user. With `password_change_required` the access token is accepted only by `/auth/me`,
    /// `/auth/me/password` and `/auth/logout`.
    pub user: User,
}

/// The type of an access token (RFC 6749 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(
        description = "The type of an access token: `bearer` is sent as `Authorization: Bearer …` (RFC 6750)."
    )
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TokenType {
    /// `Authorization: Bearer …` (RFC 6750).
    Bearer,
}

impl TokenResponse {
    /// Creates the response without a device token; `expires_in` is the lifetime of the access token
    /// in seconds.
    pub fn new(access_token: Secret, expires_in: u64, refresh_token: Secret, user: User) -> Self {
        Self {
            access_token,
            token_type: TokenType::Bearer,
            expires_in,
            refresh_token,
            device_token: None,
            user,
        }
    }
}

/// The refresh token of a session.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RefreshRequest {
    /// The refresh token of the last response.
    #[serde(serialize_with = "secret::expose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "dvr1.AZmqQQfSflWMGy9gqdPkuAAAAAEB…"))]
    pub refresh_token: Secret,
}

impl RefreshRequest {
    /// Creates the request.
    pub fn new(refresh_token: impl Into<Secret>) -> Self {
        Self {
            refresh_token: refresh_token.into(),
        }
    }
}

/// The live sessions of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct SessionList {
    /// The sessions, newest first; at most 20.
    pub items: Vec<SessionInfo>,
}

impl SessionList {
    /// Creates the response.
    pub fn new(items: Vec<SessionInfo>) -> Self {
        Self { items }
    }
}

/// A session of a user. Times are UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct SessionInfo {
    /// The session's id.
    pub id: SessionId,
    /// True for the session of the access token.
    #[cfg_attr(feature = "openapi", schema(example = true))]
    pub is_current: bool,
    /// The audience.
    pub audience: Audience,
    /// The `User-Agent` of the sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(
            nullable = false,
            example = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)"
        )
    )]
    pub device: Option<String>,
    /// The IP address of the sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, nullable = false, example = "203.0.113.7"))]
    pub address: Option<IpAddr>,
    /// The bot and the Telegram client of the sign-in. Absent for the admin panel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub telegram: Option<TelegramClient>,
    /// The time of the sign-in.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-01-15T09:41:12.875Z"))]
    pub created_at: OffsetDateTime,
    /// The time of the last refresh.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-01-15T09:55:03.25Z"))]
    pub refreshed_at: OffsetDateTime,
    /// The end of the session, unless its tokens are refreshed before.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-02-14T09:55:03.25Z"))]
    pub expires_at: OffsetDateTime,
}

impl SessionInfo {
    /// Creates a session without device and address that is not the current one; set the rest.
    pub fn new(
        id: SessionId,
        audience: Audience,
        created_at: OffsetDateTime,
        refreshed_at: OffsetDateTime,
        expires_at: OffsetDateTime,
    ) -> Self {
        Self {
            id,
            is_current: false,
            audience,
            device: None,
            address: None,
            telegram: None,
            created_at,
            refreshed_at,
            expires_at,
        }
    }
}
