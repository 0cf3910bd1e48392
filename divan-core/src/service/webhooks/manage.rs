//! Administration of webhooks.

use std::time::Duration;

use time::OffsetDateTime;
use url::Url;

use super::view::{CreatedWebhook, WebhookTest, WebhookView};
use super::{Webhooks, body};
use crate::service::session::to_time_duration;
use crate::service::validation::Validation;
use crate::service::{AdminService, AuthService, Field, InvalidFieldReason, ServiceError};
use crate::store::{
    StoredConsumer, StoredWebhook, WebhookChange, WebhookDisabledReason, WebhookState,
    consumer_name,
};
use crate::types::{AuditAction, AuditEvent, EventType, WebhookId};
use crate::webhook::WebhookSecret;

/// The time in which a replaced secret also signs.
const PREVIOUS_SECRET: Duration = Duration::from_hours(24);

/// Creates a webhook.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CreateWebhookCommand {
    /// The URL.
    pub url: String,
    /// A text for administrators. Default: none.
    pub description: Option<String>,
    /// The types of events to deliver. Default: empty, for all.
    pub types: Vec<String>,
}

impl CreateWebhookCommand {
    /// Creates the command for all types of events, without a description.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            description: None,
            types: Vec::new(),
        }
    }
}

/// Changes a webhook. Members that are `None` stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpdateWebhookCommand {
    /// The URL.
    pub url: Option<String>,
    /// The text for administrators; `Some(None)` removes it.
    pub description: Option<Option<String>>,
    /// The types of events to deliver; empty for all.
    pub types: Option<Vec<String>>,
    /// Enables or disables the webhook.
    pub is_enabled: Option<bool>,
}

/// # Webhooks
///
/// All changes need a proof of identity of the last five minutes.
impl AdminService<'_> {
    /// Lists all webhooks, oldest first.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub async fn list_webhooks(self) -> Result<Vec<WebhookView>, ServiceError> {
        Ok(self.service.webhook_views().await?)
    }

    /// Finds a webhook.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn get_webhook(self, id: WebhookId) -> Result<WebhookView, ServiceError> {
        let views = self.service.webhook_views().await?;
        let found = views.into_iter().find(|webhook| webhook.id == id);
        found.ok_or(ServiceError::NotFound)
    }

    /// Creates a webhook. Events are delivered from now on.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with all invalid fields, [`ServiceError::TooManyWebhooks`],
    /// [`ServiceError::WebhooksNotConfigured`], [`ServiceError::InsufficientAuthentication`].
    pub async fn create_webhook(
        self,
        command: &CreateWebhookCommand,
    ) -> Result<CreatedWebhook, ServiceError> {
        let (service, parts) = (self.service, &self.service.parts);
        let webhooks = service.webhooks()?;
        let mut validation = Validation::default();
        let url = validation.webhook_url(webhooks, &command.url);
        let description = validation.webhook_description(command.description.as_deref());
        let types = validation.event_types(&command.types);
        let (Some(url), Some(description), Some(types)) = (url, description, types) else {
            return Err(validation.into_error());
        };
        self.require_fresh_proof().await?;
        let id = WebhookId::generate(parts.clock.as_ref(), parts.entropy.as_ref())?;
        let (secret, sealed) = webhooks.new_secret(id, service)?;
        let event = self.webhook_event(AuditAction::WebhookCreated, id).await?;
        let stored = StoredWebhook {
            description,
            types,
            created_by: self.admin.id(),
            ..StoredWebhook::new(id, url, sealed, event.at)
        };
        let newest = service.newest_event().await?.number();
        let store = &parts.store;
        if !store.insert_webhook(&stored, newest, &event).await? {
            return Err(ServiceError::TooManyWebhooks);
        }
        let webhook = self.get_webhook(id).await?;
        Ok(CreatedWebhook { webhook, secret })
    }

    /// Changes a webhook. Enabling it, or changing the URL of an enabled webhook, clears the failures, and the
    /// next attempt is made at once. Delivery continues with the first event that was not delivered. If that
    /// event was deleted, the next attempt disables the webhook with
    /// [`WebhookDisabledReason::CursorExpired`]. If you then enable the webhook, delivery continues with the
    /// oldest event.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], [`ServiceError::Invalid`] with all invalid fields,
    /// [`ServiceError::NothingToChange`], [`ServiceError::WebhooksNotConfigured`],
    /// [`ServiceError::InsufficientAuthentication`].
    pub async fn update_webhook(
        self,
        id: WebhookId,
        command: &UpdateWebhookCommand,
    ) -> Result<WebhookView, ServiceError> {
        let webhooks = self.service.webhooks()?;
        let mut change = read_change(command, webhooks)?;
        self.require_fresh_proof().await?;
        let before = self.get_webhook(id).await?;
        let is_enabled = command.is_enabled.unwrap_or(before.disabled.is_none());
        let action = match command.is_enabled {
            Some(false) => AuditAction::WebhookDisabled,
            _ => AuditAction::WebhookUpdated,
        };
        let mut event = self.webhook_event(action, id).await?;
        event.changes = changed_members(command);
        change.state = match command.is_enabled {
            Some(false) => Some(WebhookState::Disabled {
                reason: WebhookDisabledReason::Administrator,
                at: event.at,
            }),
            None if command.url.is_none() || !is_enabled => None,
            // The next attempt is made at once, with the new URL.
            _ => Some(WebhookState::Enabled),
        };
        let is_expired = before
            .disabled
            .is_some_and(|(reason, _)| reason == WebhookDisabledReason::CursorExpired);
        if is_expired && change.state == Some(WebhookState::Enabled) {
            change.position = self.service.oldest_position(id).await?;
        }
        self.change_webhook(id, &change, &event).await?;
        self.get_webhook(id).await
    }

    /// Deletes a webhook. An attempt that is being made is completed.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], [`ServiceError::InsufficientAuthentication`].
    pub async fn delete_webhook(self, id: WebhookId) -> Result<(), ServiceError> {
        self.require_fresh_proof().await?;
        let event = self.webhook_event(AuditAction::WebhookDeleted, id).await?;
        let store = &self.service.parts.store;
        let is_deleted = store.delete_webhook(id, &event).await?;
        is_deleted.then_some(()).ok_or(ServiceError::NotFound)
    }

    /// Replaces the secret. Both secrets sign for a day; the one before them no longer does.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], [`ServiceError::WebhooksNotConfigured`],
    /// [`ServiceError::InsufficientAuthentication`].
    pub async fn rotate_webhook_secret(
        self,
        id: WebhookId,
    ) -> Result<CreatedWebhook, ServiceError> {
        let webhooks = self.service.webhooks()?;
        self.require_fresh_proof().await?;
        let action = AuditAction::WebhookSecretRotated;
        let event = self.webhook_event(action, id).await?;
        let (secret, sealed) = webhooks.new_secret(id, self.service)?;
        let until = event.at.saturating_add(to_time_duration(PREVIOUS_SECRET));
        let change = WebhookChange {
            secret: Some((sealed, until)),
            ..WebhookChange::default()
        };
        self.change_webhook(id, &change, &event).await?;
        let webhook = self.get_webhook(id).await?;
        Ok(CreatedWebhook { webhook, secret })
    }

    /// Delivers the events since a time again, as far as they exist. Events that were not delivered yet
    /// follow.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], [`ServiceError::WebhooksNotConfigured`],
    /// [`ServiceError::InsufficientAuthentication`].
    pub async fn replay_webhook(
        self,
        id: WebhookId,
        since: OffsetDateTime,
    ) -> Result<(), ServiceError> {
        self.service.webhooks()?;
        self.require_fresh_proof().await?;
        let position = self.service.event_position(since).await?.number();
        let mut event = self.webhook_event(AuditAction::WebhookUpdated, id).await?;
        event.changes = vec!["since".to_owned()];
        let change = WebhookChange {
            position: Some(position),
            ..WebhookChange::default()
        };
        self.change_webhook(id, &change, &event).await
    }

    /// Sends an event of the type `webhook.test` now, also to a disabled webhook. It is not repeated, and
    /// changes no state.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], [`ServiceError::WebhooksNotConfigured`].
    pub async fn test_webhook(self, id: WebhookId) -> Result<WebhookTest, ServiceError> {
        let (service, parts) = (self.service, &self.service.parts);
        let webhooks = service.webhooks()?;
        let stored = service.stored_webhook(id).await?;
        let stored = stored.ok_or(ServiceError::NotFound)?;
        let event = WebhookId::generate(parts.clock.as_ref(), parts.entropy.as_ref())?.0;
        let body = body::test(event, service.now(), &webhooks.source);
        let started = parts.clock.now();
        let outcome = webhooks.attempt(&stored, event, body, service).await;
        let duration = parts.clock.now().duration_since(started);
        Ok(WebhookTest {
            error: outcome.error,
            status: outcome.status,
            duration: duration.unwrap_or_default(),
        })
    }

    async fn change_webhook(
        self,
        id: WebhookId,
        change: &WebhookChange,
        event: &AuditEvent,
    ) -> Result<(), ServiceError> {
        let store = &self.service.parts.store;
        let is_changed = store.change_webhook(id, change, event).await?;
        is_changed.then_some(()).ok_or(ServiceError::NotFound)
    }

    async fn webhook_event(
        self,
        action: AuditAction,
        id: WebhookId,
    ) -> Result<AuditEvent, ServiceError> {
        let service = self.service;
        service
            .require_current_admin(self.admin, self.client)
            .await?;
        let mut event = service.audit_event(action, self.admin.id(), None, self.client)?;
        event.webhook_id = Some(id);
        Ok(event)
    }
}

impl AuthService {
    /// Lists all webhooks with the state of their delivery, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn webhook_views(&self) -> Result<Vec<WebhookView>, crate::store::StoreError> {
        let stored = self.parts.store.webhooks().await?;
        if stored.is_empty() {
            return Ok(Vec::new());
        }
        let statuses = self.event_consumers().await?;
        let view = |webhook: StoredWebhook| {
            let name = consumer_name(webhook.id);
            let mut statuses = statuses.iter();
            let status = statuses.find(|status| status.consumer.name == name)?;
            Some(WebhookView::new(webhook, status.clone()))
        };
        Ok(stored.into_iter().filter_map(view).collect())
    }

    /// Returns the position of the last deleted event if the consumer is before it: otherwise it would be
    /// disabled again at once.
    async fn oldest_position(&self, id: WebhookId) -> Result<Option<i64>, ServiceError> {
        let store = &self.parts.store;
        let (name, consumers) = (consumer_name(id), store.event_consumers().await?);
        let purged = store.event_log().await?.purged;
        let is_expired = |one: &StoredConsumer| one.name == name && one.position < purged;
        Ok(consumers.iter().any(is_expired).then_some(purged))
    }
}

impl Webhooks {
    fn new_secret(
        &self,
        id: WebhookId,
        service: &AuthService,
    ) -> Result<(crate::secret::Secret, Vec<u8>), ServiceError> {
        let entropy = service.parts.entropy.as_ref();
        let secret = WebhookSecret::generate(entropy)?;
        let sealed = self.keys.seal(&secret, id, entropy)?;
        Ok((secret.text(), sealed))
    }
}

impl Validation {
    fn webhook_url(&mut self, webhooks: &Webhooks, typed: &str) -> Option<String> {
        let url = self.parsed(Field::Url, webhooks.targets.parse(typed.trim()));
        url.map(Url::into)
    }

    /// Returns the text; empty if there is none.
    fn webhook_description(&mut self, typed: Option<&str>) -> Option<String> {
        match typed.map(str::trim) {
            None | Some("") => Some(String::new()),
            Some(text) => self.description(text),
        }
    }

    fn event_types(&mut self, names: &[String]) -> Option<Vec<String>> {
        let mut types: Vec<String> = Vec::new();
        for name in names {
            if name.parse::<EventType>().is_err() {
                self.reject(Field::Types, InvalidFieldReason::UnknownEventType);
                return None;
            }
            if !types.contains(name) {
                types.push(name.clone());
            }
        }
        Some(types)
    }
}

fn read_change(
    command: &UpdateWebhookCommand,
    webhooks: &Webhooks,
) -> Result<WebhookChange, ServiceError> {
    if *command == UpdateWebhookCommand::default() {
        return Err(ServiceError::NothingToChange);
    }
    let mut validation = Validation::default();
    let url = command.url.as_deref();
    let description = command.description.as_ref();
    let types = command.types.as_deref();
    let change = WebhookChange {
        url: url.and_then(|url| validation.webhook_url(webhooks, url)),
        description: description.and_then(|text| validation.webhook_description(text.as_deref())),
        types: types.and_then(|types| validation.event_types(types)),
        ..WebhookChange::default()
    };
    if validation.is_valid() {
        Ok(change)
    } else {
        Err(validation.into_error())
    }
}

/// Returns the names of the members of a command.
fn changed_members(command: &UpdateWebhookCommand) -> Vec<String> {
    let members = [
        ("url", command.url.is_some()),
        ("description", command.description.is_some()),
        ("types", command.types.is_some()),
        ("state", command.is_enabled.is_some()),
    ];
    let changed = members.into_iter().filter(|(_, is_changed)| *is_changed);
    changed.map(|(name, _)| name.to_owned()).collect()
}
