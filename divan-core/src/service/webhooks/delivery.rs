//! Delivery of events to webhooks: in order, one at a time, at least once.

use std::sync::atomic::Ordering;
use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

use super::view::WebhookErrorReason;
use super::{Webhooks, body};
use crate::service::session::to_time_duration;
use crate::service::{AuthService, ClientInfo, Event, EventConsumer, ServiceError};
use crate::store::{
    StoreError, StoreErrorKind, StoredWebhook, StoredWebhookError, WebhookChange,
    WebhookDisabledReason, WebhookState, consumer_name, webhook_of_consumer,
};
use crate::types::{AuditAction, WebhookId};
use crate::webhook::{WebhookRequest, WebhookSecret};

/// Maximum number of events that are read at once.
const BATCH: u32 = 100;

/// The waits after failed attempts; the last one repeats.
const WAITS: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
    Duration::from_hours(1),
];

/// The time after which a webhook that fails is disabled.
const GIVE_UP_AFTER: Duration = Duration::from_hours(24);

/// Status with which a receiver refuses all further events.
const GONE: u16 = 410;

/// The outcome of an attempt.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Attempt {
    /// `None` if the event was delivered.
    pub(super) error: Option<WebhookErrorReason>,
    pub(super) status: Option<u16>,
    retry_after: Option<Duration>,
}

/// A webhook to which this server delivers.
#[derive(Debug)]
struct Delivery {
    id: WebhookId,
    consumer: EventConsumer,
    /// The failures before the claim no longer count.
    has_delivered: bool,
}

/// # Delivery of webhooks
impl AuthService {
    /// Returns the webhooks to which events can be delivered now. Call it once a second, and after each
    /// [event of this process](Self::event_signal). Then call [`deliver_webhook`](Self::deliver_webhook) for
    /// each, concurrently.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn due_webhooks(&self) -> Result<Vec<WebhookId>, StoreError> {
        if !self.has_webhooks() {
            return Ok(Vec::new());
        }
        let (now, store) = (self.now(), &self.parts.store);
        store.sequence_events().await?;
        let consumers = store.event_consumers().await?;
        let newest = store.event_log().await?.newest;
        let due = consumers.iter().filter(|consumer| {
            let is_waiting = consumer.next_attempt_at.is_some_and(|at| at > now);
            consumer.position < newest && consumer.disabled_at.is_none() && !is_waiting
        });
        Ok(due
            .filter_map(|consumer| webhook_of_consumer(&consumer.name))
            .collect())
    }

    /// Delivers events to a webhook until there are none, an attempt fails, or `is_stopping` returns `true`.
    /// Does nothing if another server delivers to it. `server` is a random id of the caller.
    ///
    /// # Errors
    /// When the database fails. The lease expires, and events may be delivered again.
    pub async fn deliver_webhook(
        &self,
        id: WebhookId,
        server: Uuid,
        is_stopping: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), StoreError> {
        let Some(webhooks) = &self.parts.webhooks else {
            return Ok(());
        };
        let name = consumer_name(id);
        let Some(consumer) = self.claim_consumer(&name, server).await? else {
            return Ok(());
        };
        let mut delivery = Delivery {
            id,
            consumer,
            has_delivered: false,
        };
        loop {
            let events = self.consumer_events(&mut delivery.consumer, BATCH).await?;
            if delivery.consumer.missed_events() {
                let reason = WebhookDisabledReason::CursorExpired;
                return self.disable_webhook(&delivery, reason).await;
            }
            if events.is_empty() {
                return self.release_consumer(delivery.consumer).await;
            }
            let delivering = self.deliver_events(webhooks, &mut delivery, &events, is_stopping);
            match delivering.await? {
                Progress::Delivered => {}
                Progress::Stopped => return self.release_consumer(delivery.consumer).await,
                Progress::LeaseLost => return Ok(()),
                Progress::Failed(attempt) => return self.webhook_failed(delivery, attempt).await,
            }
        }
    }

    async fn deliver_events(
        &self,
        webhooks: &Webhooks,
        delivery: &mut Delivery,
        events: &[Event],
        is_stopping: &(dyn Fn() -> bool + Sync),
    ) -> Result<Progress, StoreError> {
        let mut passed = None;
        for event in events {
            if is_stopping() {
                return Ok(Progress::Stopped);
            }
            // A change of the webhook applies to the next event.
            let Some(webhook) = self.stored_webhook(delivery.id).await? else {
                return Ok(Progress::LeaseLost);
            };
            if !is_wanted(&webhook, event) {
                passed = Some(event.position);
                continue;
            }
            if !self.keep_consumer(&mut delivery.consumer).await? {
                return Ok(Progress::LeaseLost);
            }
            let body = body::event(event, &webhooks.source);
            let attempt = webhooks.attempt(&webhook, event.id, body, self).await;
            if attempt.error.is_some() {
                return Ok(Progress::Failed(attempt));
            }
            let consumer = &mut delivery.consumer;
            if !self.consumer_delivered(consumer, event.position).await? {
                return Ok(Progress::LeaseLost);
            }
            (delivery.has_delivered, passed) = (true, None);
        }
        match passed {
            Some(position) if !self.pass_events(&mut delivery.consumer, position).await? => {
                Ok(Progress::LeaseLost)
            }
            _ => Ok(Progress::Delivered),
        }
    }

    /// Stores a failed attempt. Plans the next one, or disables the webhook.
    async fn webhook_failed(&self, delivery: Delivery, attempt: Attempt) -> Result<(), StoreError> {
        let now = self.now();
        let reason = attempt.error.unwrap_or(WebhookErrorReason::Status);
        let mut error = StoredWebhookError::new(now, reason.as_str());
        error.status = attempt.status;
        let store = &self.parts.store;
        store.set_webhook_error(delivery.id, &error).await?;
        let (failures, since) = delivery.failures(now);
        let give_up_at = since.saturating_add(to_time_duration(GIVE_UP_AFTER));
        let reason = match attempt.status {
            Some(GONE) => Some(WebhookDisabledReason::Gone),
            _ => (now >= give_up_at).then_some(WebhookDisabledReason::Failing),
        };
        if let Some(reason) = reason {
            return self.disable_webhook(&delivery, reason).await;
        }
        let asked = attempt.retry_after.unwrap_or_default();
        let wait = self.webhook_wait(failures).max(asked);
        let left = (give_up_at - now).unsigned_abs();
        let error = error.reason;
        self.consumer_failed(delivery.consumer, &error, wait.min(left))
            .await
    }

    async fn disable_webhook(
        &self,
        delivery: &Delivery,
        reason: WebhookDisabledReason,
    ) -> Result<(), StoreError> {
        let action = AuditAction::WebhookDisabled;
        let client = ClientInfo::unknown();
        let event = self.audit_event(action, None, None, &client);
        let mut event = event.map_err(internal)?;
        event.webhook_id = Some(delivery.id);
        let change = WebhookChange {
            state: Some(WebhookState::Disabled {
                reason,
                at: event.at,
            }),
            lease: Some(delivery.consumer.lease().clone()),
            ..WebhookChange::default()
        };
        let store = &self.parts.store;
        if store.change_webhook(delivery.id, &change, &event).await? {
            let (webhook, reason) = (delivery.id, reason.as_str());
            tracing::warn!(%webhook, reason, "disabled a webhook");
        }
        Ok(())
    }

    /// Returns the wait after this number of earlier failures: between half of it and the whole, so that
    /// webhooks that failed together are not repeated together.
    fn webhook_wait(&self, failures: u32) -> Duration {
        let index = (failures as usize).min(WAITS.len() - 1);
        let longest = WAITS[index];
        let mut random = [0];
        // Without randomness the wait is the shortest one.
        let _ = self.parts.entropy.fill(&mut random);
        longest / 2 + longest / 2 * u32::from(random[0]) / 255
    }
}

/// The result of the delivery of several events.
enum Progress {
    /// All were delivered, or are not wanted.
    Delivered,
    /// The server stops.
    Stopped,
    /// Another server delivers, or the webhook was changed.
    LeaseLost,
    /// An attempt failed.
    Failed(Attempt),
}

impl Delivery {
    /// Returns the number of failures since the last success, and the time of the first one.
    fn failures(&self, now: OffsetDateTime) -> (u32, OffsetDateTime) {
        let stored = self.consumer.stored();
        match stored.failing_since {
            Some(since) if !self.has_delivered => (stored.failures, since),
            _ => (0, now),
        }
    }
}

impl Webhooks {
    /// Sends an event once.
    pub(super) async fn attempt(
        &self,
        webhook: &StoredWebhook,
        id: Uuid,
        body: Vec<u8>,
        service: &AuthService,
    ) -> Attempt {
        let attempt = self.send(webhook, id, body, service).await;
        let attempt = attempt.unwrap_or_else(|error| Attempt {
            error: Some(error),
            ..Attempt::default()
        });
        let count = match attempt.error {
            None => &self.delivered,
            Some(_) => &self.failed,
        };
        count.fetch_add(1, Ordering::Relaxed);
        attempt
    }

    async fn send(
        &self,
        webhook: &StoredWebhook,
        id: Uuid,
        body: Vec<u8>,
        service: &AuthService,
    ) -> Result<Attempt, WebhookErrorReason> {
        let secrets = self.secrets(webhook, service).await?;
        let url = self.targets.parse(&webhook.url);
        let url = url.map_err(|_| WebhookErrorReason::AddressNotAllowed)?;
        let (id, timestamp) = (id.to_string(), service.parts.clock.unix_seconds());
        let sign = |secret: &WebhookSecret| secret.sign(&id, timestamp, &body);
        let signature = secrets.iter().map(sign).collect::<Vec<_>>().join(" ");
        let request = WebhookRequest::new(url, id, timestamp, signature, body);
        let response = self.transport.send(&request).await?;
        let is_delivered = (200..300).contains(&response.status);
        Ok(Attempt {
            error: (!is_delivered).then_some(WebhookErrorReason::Status),
            status: Some(response.status),
            retry_after: response.retry_after,
        })
    }

    /// Decrypts the secret, and the replaced one while it is valid.
    async fn secrets(
        &self,
        webhook: &StoredWebhook,
        service: &AuthService,
    ) -> Result<Vec<WebhookSecret>, WebhookErrorReason> {
        let current = self.keys.open(&webhook.secret, webhook.id);
        let current = current.ok_or(WebhookErrorReason::SecretUnreadable)?;
        self.reseal(webhook, &current, service).await;
        let previous = webhook.previous_secret.as_ref();
        let previous = previous.filter(|(_, until)| *until > service.now());
        let previous = previous.and_then(|(sealed, _)| self.keys.open(sealed, webhook.id));
        Ok([Some(current), previous].into_iter().flatten().collect())
    }

    /// Encrypts the secret with the newest key, so that the older one can be removed.
    async fn reseal(&self, webhook: &StoredWebhook, secret: &WebhookSecret, service: &AuthService) {
        if self.keys.is_current(&webhook.secret) {
            return;
        }
        let (id, parts) = (webhook.id, &service.parts);
        let Ok(sealed) = self.keys.seal(secret, id, parts.entropy.as_ref()) else {
            return;
        };
        let stored = parts.store.reseal_webhook(id, &webhook.secret, &sealed);
        if let Err(error) = stored.await {
            tracing::warn!(%error, webhook = %id, "cannot encrypt the secret of a webhook with the new key");
        }
    }
}

/// Returns `true` unless the webhook is for other types of events.
fn is_wanted(webhook: &StoredWebhook, event: &Event) -> bool {
    let kind = event.data.event_type();
    webhook.types.is_empty() || webhook.types.iter().any(|wanted| wanted == kind)
}

/// Returns the error of a service without randomness.
fn internal(error: ServiceError) -> StoreError {
    StoreError::caused_by(StoreErrorKind::Internal, error)
}
