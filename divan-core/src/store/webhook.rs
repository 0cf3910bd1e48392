use async_trait::async_trait;
use time::OffsetDateTime;

use super::{ConsumerLease, StoreError};
use crate::types::{AuditEvent, UserId, WebhookId};

/// Maximum number of webhooks.
pub const MAX_WEBHOOKS: u32 = 20;

/// Webhooks: URLs to which servers deliver events. Each has a [consumer](super::EventStore) with the name
/// [`consumer_name`], which is created, changed and deleted in the same transaction.
///
/// Without implementations of these methods, there are no webhooks. A store that wraps another one must
/// forward them.
#[async_trait]
pub trait WebhookStore: std::fmt::Debug + Send + Sync {
    /// Lists all webhooks, oldest first.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn webhooks(&self) -> Result<Vec<StoredWebhook>, StoreError> {
        Ok(Vec::new())
    }

    /// Inserts a webhook, its consumer at this position, and the audit event. Returns `false`, and changes
    /// nothing, if there are [`MAX_WEBHOOKS`].
    ///
    /// # Errors
    /// Only when the database fails.
    async fn insert_webhook(
        &self,
        webhook: &StoredWebhook,
        position: i64,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        let _ = (webhook, position, event);
        Ok(false)
    }

    /// Changes a webhook and its consumer, and inserts the audit event. Returns `false`, and changes nothing,
    /// if there is no such webhook, or the lease of the change was lost.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn change_webhook(
        &self,
        id: WebhookId,
        change: &WebhookChange,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        let _ = (id, change, event);
        Ok(false)
    }

    /// Deletes a webhook and its consumer, and inserts the audit event. Returns `false`, and changes nothing,
    /// if there is no such webhook.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn delete_webhook(&self, id: WebhookId, event: &AuditEvent) -> Result<bool, StoreError> {
        let _ = (id, event);
        Ok(false)
    }

    /// Stores the last failed attempt.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn set_webhook_error(
        &self,
        id: WebhookId,
        error: &StoredWebhookError,
    ) -> Result<(), StoreError> {
        let _ = (id, error);
        Ok(())
    }

    /// Replaces the encrypted form of a secret, if it still is `old`.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn reseal_webhook(
        &self,
        id: WebhookId,
        old: &[u8],
        new: &[u8],
    ) -> Result<(), StoreError> {
        let _ = (id, old, new);
        Ok(())
    }
}

/// The names of the consumers of webhooks begin with it.
const CONSUMER_PREFIX: &str = "webhook:";

/// Returns the name of the consumer of a webhook.
pub fn consumer_name(id: WebhookId) -> String {
    format!("{CONSUMER_PREFIX}{id}")
}

/// Returns the webhook of a consumer with this name. `None` for other consumers.
pub fn webhook_of_consumer(name: &str) -> Option<WebhookId> {
    name.strip_prefix(CONSUMER_PREFIX)?.parse().ok()
}

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredWebhook {
    /// The id.
    pub id: WebhookId,
    /// The URL.
    pub url: String,
    /// A text for administrators; may be empty.
    pub description: String,
    /// The types of events to deliver; empty for all.
    pub types: Vec<String>,
    /// The secret, encrypted.
    pub secret: Vec<u8>,
    /// The replaced secret, encrypted, and the time until which it also signs.
    pub previous_secret: Option<(Vec<u8>, OffsetDateTime)>,
    /// The time of the creation.
    pub created_at: OffsetDateTime,
    /// The administrator who created it; `None` for the command line.
    pub created_by: Option<UserId>,
    /// The reason why the consumer is disabled.
    pub disabled_reason: Option<WebhookDisabledReason>,
    /// The last failed attempt.
    pub last_error: Option<StoredWebhookError>,
}

impl StoredWebhook {
    /// Creates a webhook for all types of events, without a description.
    pub fn new(
        id: WebhookId,
        url: impl Into<String>,
        secret: Vec<u8>,
        created_at: OffsetDateTime,
    ) -> Self {
        Self {
            id,
            url: url.into(),
            description: String::new(),
            types: Vec::new(),
            secret,
            previous_secret: None,
            created_at,
            created_by: None,
            disabled_reason: None,
            last_error: None,
        }
    }
}

named_enum! {
    /// The reason why a webhook is disabled.
    pub enum WebhookDisabledReason {
        /// An administrator disabled it.
        Administrator = "administrator",
        /// The receiver responded with the status 410.
        Gone = "gone",
        /// All attempts failed for a day.
        Failing = "failing",
        /// Events were deleted before they were delivered.
        CursorExpired = "cursor_expired",
    }

    UnknownWebhookDisabledReason = "unknown reason of a disabled webhook"
}

/// A failed attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredWebhookError {
    /// The time.
    pub at: OffsetDateTime,
    /// The name of the reason.
    pub reason: String,
    /// The HTTP status, if there was a response.
    pub status: Option<u16>,
}

impl StoredWebhookError {
    /// Creates the error of an attempt without a response.
    pub fn new(at: OffsetDateTime, reason: impl Into<String>) -> Self {
        Self {
            at,
            reason: reason.into(),
            status: None,
        }
    }
}

/// A change of a webhook. Members that are `None` stay as they are.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct WebhookChange {
    /// The URL.
    pub url: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// The types of events.
    pub types: Option<Vec<String>>,
    /// A new secret, encrypted. The present one becomes the replaced one, until this time.
    pub secret: Option<(Vec<u8>, OffsetDateTime)>,
    /// The position of the consumer.
    pub position: Option<i64>,
    /// The state.
    pub state: Option<WebhookState>,
    /// The lease that the change requires.
    pub lease: Option<ConsumerLease>,
}

/// A new state of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebhookState {
    /// Events are delivered.
    Enabled,
    /// No events are delivered.
    Disabled {
        /// The reason.
        reason: WebhookDisabledReason,
        /// The time.
        at: OffsetDateTime,
    },
}
