use std::time::Duration;

use time::OffsetDateTime;

use crate::secret::Secret;
use crate::service::ConsumerStatus;
use crate::store::{StoredWebhook, StoredWebhookError, WebhookDisabledReason};
use crate::types::{UserId, WebhookId};
use crate::webhook::WebhookFailure;

/// A webhook, as shown to administrators.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebhookView {
    /// The id.
    pub id: WebhookId,
    /// The URL.
    pub url: String,
    /// A text for administrators.
    pub description: Option<String>,
    /// The types of events that are delivered; empty for all.
    pub types: Vec<String>,
    /// The reason why it is disabled, and the time; `None` while it is enabled.
    pub disabled: Option<(WebhookDisabledReason, OffsetDateTime)>,
    /// The time of the creation.
    pub created_at: OffsetDateTime,
    /// The administrator who created it; `None` for the command line.
    pub created_by: Option<UserId>,
    /// The time of the last delivery.
    pub last_success_at: Option<OffsetDateTime>,
    /// The time of the first failure since the last delivery.
    pub failing_since: Option<OffsetDateTime>,
    /// The last failed attempt.
    pub last_error: Option<WebhookError>,
    /// The number of events that were not delivered yet, of all types.
    pub pending: u64,
}

impl WebhookView {
    /// Combines a webhook with the state of its consumer.
    pub(super) fn new(stored: StoredWebhook, status: ConsumerStatus) -> Self {
        let ConsumerStatus {
            consumer, pending, ..
        } = status;
        let reason = stored.disabled_reason;
        let reason = reason.unwrap_or(WebhookDisabledReason::Administrator);
        Self {
            id: stored.id,
            url: stored.url,
            description: Some(stored.description).filter(|text| !text.is_empty()),
            types: stored.types,
            disabled: consumer.disabled_at.map(|at| (reason, at)),
            created_at: stored.created_at,
            created_by: stored.created_by,
            last_success_at: consumer.last_success_at,
            failing_since: consumer.failing_since,
            last_error: stored.last_error.map(WebhookError::from),
            pending,
        }
    }
}

/// A failed attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebhookError {
    /// The time.
    pub at: OffsetDateTime,
    /// The reason.
    pub reason: WebhookErrorReason,
    /// The HTTP status, if there was a response.
    pub status: Option<u16>,
}

impl From<StoredWebhookError> for WebhookError {
    fn from(stored: StoredWebhookError) -> Self {
        Self {
            at: stored.at,
            // A newer version may have written a reason that this one does not know.
            reason: stored
                .reason
                .parse()
                .unwrap_or(WebhookErrorReason::Connection),
            status: stored.status,
        }
    }
}

named_enum! {
    /// The reason of a failed attempt.
    pub enum WebhookErrorReason {
        /// The receiver did not respond in time.
        Timeout = "timeout",
        /// The connection was not established, or was closed before the response.
        Connection = "connection",
        /// The name of the host has no address.
        Dns = "dns",
        /// The certificate is not trusted, or the receiver does not use TLS.
        Tls = "tls",
        /// An address is neither public nor in an allowed network.
        AddressNotAllowed = "address_not_allowed",
        /// The status of the response is not one of 200 to 299.
        Status = "status",
        /// The secret cannot be decrypted: replace it.
        SecretUnreadable = "secret_unreadable",
    }

    UnknownWebhookErrorReason = "unknown reason of a failed attempt"
}

impl From<WebhookFailure> for WebhookErrorReason {
    fn from(failure: WebhookFailure) -> Self {
        match failure {
            WebhookFailure::Timeout => Self::Timeout,
            WebhookFailure::Connection => Self::Connection,
            WebhookFailure::Dns => Self::Dns,
            WebhookFailure::Tls => Self::Tls,
            WebhookFailure::AddressNotAllowed => Self::AddressNotAllowed,
        }
    }
}

/// A webhook with a new secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CreatedWebhook {
    /// The webhook.
    pub webhook: WebhookView,
    /// The secret, to be configured in the receiver. It cannot be shown again.
    pub secret: Secret,
}

/// The result of a test event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub struct WebhookTest {
    /// The reason why it was not delivered; `None` if it was.
    pub error: Option<WebhookErrorReason>,
    /// The HTTP status, if there was a response.
    pub status: Option<u16>,
    /// The duration of the attempt.
    pub duration: Duration,
}
