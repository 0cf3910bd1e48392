//! Webhooks: URLs to which events are delivered.

mod body;
mod delivery;
mod keys;
mod manage;
mod view;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{AuthService, ServiceError};
use crate::store::{StoreError, StoredWebhook};
use crate::token::SecretKey;
use crate::types::WebhookId;
use crate::webhook::WebhookTransport;
use crate::webhook::target::WebhookTargets;
use keys::WebhookKeys;

pub use manage::{CreateWebhookCommand, UpdateWebhookCommand};
pub use view::{
    CreatedWebhook, UnknownWebhookErrorReason, WebhookError, WebhookErrorReason, WebhookTest,
    WebhookView,
};

/// The sender of webhooks, and the keys of their secrets.
#[derive(Debug)]
pub(super) struct Webhooks {
    targets: WebhookTargets,
    transport: Arc<dyn WebhookTransport>,
    keys: WebhookKeys,
    /// The URL of this service, which is part of each event.
    source: String,
    delivered: AtomicU64,
    failed: AtomicU64,
}

impl Webhooks {
    pub(super) fn new(
        (targets, transport): (WebhookTargets, Arc<dyn WebhookTransport>),
        key: &SecretKey,
        previous: Option<&SecretKey>,
        source: &str,
    ) -> Self {
        Self {
            targets,
            transport,
            keys: WebhookKeys::new(key, previous),
            source: source.to_owned(),
            delivered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }
}

/// The number of attempts of this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebhookAttempts {
    /// Attempts after which the event was delivered.
    pub delivered: u64,
    /// Attempts that failed.
    pub failed: u64,
}

impl AuthService {
    /// Returns `true` if the service delivers webhooks.
    pub fn has_webhooks(&self) -> bool {
        self.parts.webhooks.is_some()
    }

    /// Returns the number of attempts to deliver events to webhooks since the start.
    pub fn webhook_attempts(&self) -> WebhookAttempts {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let webhooks = self.parts.webhooks.as_ref();
        webhooks.map_or_else(WebhookAttempts::default, |webhooks| WebhookAttempts {
            delivered: load(&webhooks.delivered),
            failed: load(&webhooks.failed),
        })
    }

    fn webhooks(&self) -> Result<&Webhooks, ServiceError> {
        let webhooks = self.parts.webhooks.as_ref();
        webhooks.ok_or(ServiceError::WebhooksNotConfigured)
    }

    async fn stored_webhook(&self, id: WebhookId) -> Result<Option<StoredWebhook>, StoreError> {
        let stored = self.parts.store.webhooks().await?;
        Ok(stored.into_iter().find(|webhook| webhook.id == id))
    }
}
