//! Webhooks.

use async_trait::async_trait;

use super::events::ConsumerRow;
use super::{MemoryStore, Tables};
use crate::store::{
    ConsumerChange, MAX_WEBHOOKS, StoreError, StoredWebhook, StoredWebhookError, WebhookChange,
    WebhookState, WebhookStore, consumer_name,
};
use crate::types::{AuditEvent, WebhookId};

#[async_trait]
impl WebhookStore for MemoryStore {
    async fn webhooks(&self) -> Result<Vec<StoredWebhook>, StoreError> {
        Ok(self.tables().webhooks.values().cloned().collect())
    }

    async fn insert_webhook(
        &self,
        webhook: &StoredWebhook,
        position: i64,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        if tables.webhooks.len() >= MAX_WEBHOOKS as usize {
            return Ok(false);
        }
        let name = consumer_name(webhook.id);
        let row = ConsumerRow::new(&name, position);
        tables.consumers.insert(name, row);
        tables.webhooks.insert(webhook.id, webhook.clone());
        tables.audit.push(event.clone());
        Ok(true)
    }

    async fn change_webhook(
        &self,
        id: WebhookId,
        change: &WebhookChange,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let Tables {
            webhooks,
            consumers,
            audit,
            ..
        } = &mut *tables;
        let consumer = consumers.get_mut(&consumer_name(id));
        let lease = change.lease.as_ref();
        let consumer = consumer.filter(|row| lease.is_none_or(|lease| row.is_held_by(lease)));
        let Some((webhook, consumer)) = webhooks.get_mut(&id).zip(consumer) else {
            return Ok(false);
        };
        change_row(webhook, change);
        if let Some(position) = change.position {
            consumer.change(ConsumerChange::MoveTo(position));
        }
        match change.state {
            None => {}
            Some(WebhookState::Enabled) => consumer.change(ConsumerChange::Enable),
            Some(WebhookState::Disabled { at, .. }) => {
                consumer.change(ConsumerChange::Disable { at });
            }
        }
        audit.push(event.clone());
        Ok(true)
    }

    async fn delete_webhook(&self, id: WebhookId, event: &AuditEvent) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        if tables.webhooks.remove(&id).is_none() {
            return Ok(false);
        }
        tables.consumers.remove(&consumer_name(id));
        tables.audit.push(event.clone());
        Ok(true)
    }

    async fn set_webhook_error(
        &self,
        id: WebhookId,
        error: &StoredWebhookError,
    ) -> Result<(), StoreError> {
        if let Some(webhook) = self.tables().webhooks.get_mut(&id) {
            webhook.last_error = Some(error.clone());
        }
        Ok(())
    }

    async fn reseal_webhook(
        &self,
        id: WebhookId,
        old: &[u8],
        new: &[u8],
    ) -> Result<(), StoreError> {
        if let Some(webhook) = self.tables().webhooks.get_mut(&id)
            && webhook.secret == old
        {
            webhook.secret = new.to_vec();
        }
        Ok(())
    }
}

fn change_row(webhook: &mut StoredWebhook, change: &WebhookChange) {
    if let Some(url) = &change.url {
        webhook.url.clone_from(url);
    }
    if let Some(description) = &change.description {
        webhook.description.clone_from(description);
    }
    if let Some(types) = &change.types {
        webhook.types.clone_from(types);
    }
    if let Some((secret, until)) = &change.secret {
        let previous = std::mem::replace(&mut webhook.secret, secret.clone());
        webhook.previous_secret = Some((previous, *until));
    }
    match change.state {
        None => {}
        Some(WebhookState::Enabled) => webhook.disabled_reason = None,
        Some(WebhookState::Disabled { reason, .. }) => webhook.disabled_reason = Some(reason),
    }
}
