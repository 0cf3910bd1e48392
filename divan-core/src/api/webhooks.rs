use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::users::present;
use crate::secret::{self, Secret};
use crate::types::{UserId, WebhookId};

open_enum! {
    /// The state of a webhook.
    pub enum WebhookState {
        /// Events are delivered.
        Enabled = "enabled",
        /// No events are delivered. They are kept for the retention time of events.
        Disabled = "disabled",
    }
}

open_enum! {
    /// The reason why a webhook is disabled.
    pub enum WebhookDisabledReason {
        /// An administrator disabled it.
        Administrator = "administrator",
        /// The receiver responded with the status 410.
        Gone = "gone",
        /// All attempts failed for 24 hours.
        Failing = "failing",
        /// Events were deleted before they were delivered: the receiver must read all users.
        CursorExpired = "cursor_expired",
    }
}

open_enum! {
    /// The reason of a failed attempt.
    pub enum WebhookErrorReason {
        /// The receiver did not respond within 15 seconds.
        Timeout = "timeout",
        /// The connection was not established, or was closed before the response.
        Connection = "connection",
        /// The name of the host has no address.
        Dns = "dns",
        /// The certificate is not trusted, or the receiver does not use TLS.
        Tls = "tls",
        /// An address of the host is neither public nor in `DIVAN_WEBHOOK_ALLOWED_NETWORKS`.
        AddressNotAllowed = "address_not_allowed",
        /// The status of the response is not one of 200 to 299.
        Status = "status",
        /// The secret cannot be decrypted, because `SECRET_KEY` was replaced twice: replace the secret.
        SecretUnreadable = "secret_unreadable",
    }
}

/// Implements the schema of an open enum.
#[cfg(feature = "openapi")]
macro_rules! schema_of {
    ($type:ident, $text:literal) => {
        impl utoipa::PartialSchema for $type {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                let lines = Self::ALL
                    .iter()
                    .map(|one| format!("- `{}`: {}", one.as_str(), one.description()));
                let lines = lines.collect::<Vec<_>>().join("\n");
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::Type::String)
                    .description(Some(format!(concat!($text, "\n\n{}"), lines)))
                    .enum_values(Some(Self::ALL.iter().map(|one| one.as_str())))
                    .examples([Self::ALL[0].as_str()])
                    .into()
            }
        }

        impl utoipa::ToSchema for $type {}
    };
}

#[cfg(feature = "openapi")]
schema_of!(WebhookState, "The state of a webhook:");
#[cfg(feature = "openapi")]
schema_of!(
    WebhookDisabledReason,
    "The reason why a webhook is disabled:"
);
#[cfg(feature = "openapi")]
schema_of!(WebhookErrorReason, "The reason of a failed attempt:");

/// A webhook: a URL to which events are delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Webhook {
    /// The id.
    pub id: WebhookId,
    /// The URL.
    #[cfg_attr(
        feature = "openapi",
        schema(example = "https://hooks.example.com/divan")
    )]
    pub url: String,
    /// A text for administrators. Absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = "HR system"))]
    pub description: Option<String>,
    /// The types of events that are delivered; empty for all.
    #[cfg_attr(feature = "openapi", schema(example = json!(["user.deactivated", "user.deleted"])))]
    pub types: Vec<String>,
    /// The state.
    pub state: WebhookState,
    /// The reason why it is disabled. Absent while it is enabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub disabled_reason: Option<WebhookDisabledReason>,
    /// The time since which it is disabled. Absent while it is enabled.
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, example = "2026-01-22T04:00:12.5Z")
    )]
    pub disabled_at: Option<OffsetDateTime>,
    /// The time of the creation.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-01-19T09:12:40.5Z"))]
    pub created_at: OffsetDateTime,
    /// The administrator who created it. Absent for the command line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub created_by: Option<UserId>,
    /// The time of the last delivery. Absent before the first.
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, example = "2026-01-20T07:01:02.1Z")
    )]
    pub last_success_at: Option<OffsetDateTime>,
    /// The time of the first failure since the last delivery. Absent if there was none.
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, example = "2026-01-21T04:00:12.5Z")
    )]
    pub failing_since: Option<OffsetDateTime>,
    /// The last failed attempt. Absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub last_error: Option<WebhookError>,
    /// The number of events that were not delivered yet, of all types.
    #[cfg_attr(feature = "openapi", schema(example = 3))]
    pub pending: u64,
}

impl Webhook {
    /// Creates an enabled webhook for all events, to which nothing was delivered.
    pub fn new(id: WebhookId, url: impl Into<String>, created_at: OffsetDateTime) -> Self {
        Self {
            id,
            url: url.into(),
            description: None,
            types: Vec::new(),
            state: WebhookState::Enabled,
            disabled_reason: None,
            disabled_at: None,
            created_at,
            created_by: None,
            last_success_at: None,
            failing_since: None,
            last_error: None,
            pending: 0,
        }
    }
}

/// A failed attempt to deliver an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct WebhookError {
    /// The time.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-01-21T04:00:12.5Z"))]
    pub at: OffsetDateTime,
    /// The reason.
    pub reason: WebhookErrorReason,
    /// The HTTP status. Absent without a response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = 503))]
    pub status: Option<u16>,
}

impl WebhookError {
    /// Creates the error of an attempt without a response.
    pub fn new(at: OffsetDateTime, reason: WebhookErrorReason) -> Self {
        Self {
            at,
            reason,
            status: None,
        }
    }
}

/// All webhooks, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct WebhookList {
    /// The webhooks, at most 20.
    pub items: Vec<Webhook>,
}

impl WebhookList {
    /// Creates the list.
    pub fn new(items: Vec<Webhook>) -> Self {
        Self { items }
    }
}

/// Creates a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CreateWebhookRequest {
    /// The URL: https, without credentials and fragment, at most 2,048 bytes.
    #[cfg_attr(
        feature = "openapi",
        schema(
            min_length = 1,
            max_length = 2048,
            example = "https://hooks.example.com/divan"
        )
    )]
    pub url: String,
    /// A text for administrators, at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 200, example = "HR system"))]
    pub description: Option<String>,
    /// The types of events to deliver. Default: all, also those that later versions add.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(example = json!(["user.deactivated", "user.deleted"])))]
    pub types: Vec<String>,
}

impl CreateWebhookRequest {
    /// Creates the request for all types of events, without a description.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            description: None,
            types: Vec::new(),
        }
    }
}

/// Changes a webhook. Members that are absent stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(
    feature = "openapi",
    schema(min_properties = 1, example = json!({"state": "enabled"}))
)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct UpdateWebhookRequest {
    /// The URL.
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
            max_length = 2048,
            example = "https://hooks.example.com/divan"
        )
    )]
    pub url: Option<String>,
    /// The text for administrators, or `null` for none.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, max_length = 200, example = "HR system"))]
    pub description: Option<Option<String>>,
    /// The types of events to deliver; empty for all.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = json!(["user.deleted"])))]
    pub types: Option<Vec<String>>,
    /// The state. `enabled` also forgets failures, so that the next attempt is made at once.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub state: Option<WebhookState>,
}

/// A webhook with a new secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct WebhookWithSecret {
    /// The webhook.
    pub webhook: Webhook,
    /// The secret with which the receiver verifies events. It cannot be shown again.
    #[serde(serialize_with = "secret::expose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))]
    pub secret: Secret,
}

impl WebhookWithSecret {
    /// Creates the response.
    pub fn new(webhook: Webhook, secret: Secret) -> Self {
        Self { webhook, secret }
    }
}

/// The result of a test event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct WebhookTest {
    /// True if the receiver responded with a status of 200 to 299.
    #[cfg_attr(feature = "openapi", schema(example = true))]
    pub delivered: bool,
    /// The HTTP status. Absent without a response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = 204))]
    pub status: Option<u16>,
    /// The reason why it was not delivered. Absent if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub reason: Option<WebhookErrorReason>,
    /// The duration of the attempt in milliseconds.
    #[cfg_attr(feature = "openapi", schema(example = 42))]
    pub duration_ms: u64,
}

impl WebhookTest {
    /// Creates the result of an attempt with a response.
    pub fn new(delivered: bool, duration_ms: u64) -> Self {
        Self {
            delivered,
            status: None,
            reason: None,
            duration_ms,
        }
    }
}

/// Delivers events again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ReplayWebhookRequest {
    /// The time of the first event.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-01-20T00:00:00Z"))]
    pub since: OffsetDateTime,
}

impl ReplayWebhookRequest {
    /// Creates the request.
    pub fn new(since: OffsetDateTime) -> Self {
        Self { since }
    }
}
