use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::types::DeviceId;

/// The known devices of an administrator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct DeviceList {
    /// The devices, the last used first; at most 20.
    pub items: Vec<DeviceInfo>,
}

impl DeviceList {
    /// Creates the response.
    pub fn new(items: Vec<DeviceInfo>) -> Self {
        Self { items }
    }
}

/// A known device: a browser or program in which the administrator has signed in. Times are UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct DeviceInfo {
    /// The device's id.
    pub id: DeviceId,
    /// The `User-Agent` of the last sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(
            nullable = false,
            example = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
        )
    )]
    pub device: Option<String>,
    /// The time of the first sign-in.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-01-15T09:26:12.25Z"))]
    pub created_at: OffsetDateTime,
    /// The time of the last sign-in. The device is known for 90 days after it.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-01-19T08:58:40.5Z"))]
    pub last_used_at: OffsetDateTime,
}

impl DeviceInfo {
    /// Creates a device without a description; set it afterwards.
    pub fn new(id: DeviceId, created_at: OffsetDateTime, last_used_at: OffsetDateTime) -> Self {
        Self {
            id,
            device: None,
            created_at,
            last_used_at,
        }
    }
}

/// The failed sign-ins of a user. A sign-in from the linked Telegram account or a known device is
/// trusted; any other one is untrusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct FailedSignIns {
    /// The number of untrusted failures in a row.
    #[cfg_attr(feature = "openapi", schema(example = 100))]
    pub untrusted: u32,
    /// The number of trusted failures in a row.
    #[cfg_attr(feature = "openapi", schema(example = 2))]
    pub trusted: u32,
    /// True while untrusted sign-ins are refused: for some time or, after 100 failures, until a
    /// trusted sign-in, an unlock or a reset of the password.
    #[cfg_attr(feature = "openapi", schema(example = true))]
    pub is_untrusted_refused: bool,
    /// True while trusted sign-ins are refused: after 100 failures, until an unlock or a reset of
    /// the password.
    #[cfg_attr(feature = "openapi", schema(example = false))]
    pub is_trusted_refused: bool,
}

impl FailedSignIns {
    /// Creates the response for a user whose sign-ins are not refused; set the rest.
    pub fn new(untrusted: u32, trusted: u32) -> Self {
        Self {
            untrusted,
            trusted,
            is_untrusted_refused: false,
            is_trusted_refused: false,
        }
    }
}
