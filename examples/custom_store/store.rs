use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use divan_core::store::{
    Account, AuditQuery, AuditStore, BootstrapClaim, BootstrapStore, ChallengeStore, ClaimConsumer,
    ClaimMessages, ConsumerChange, ConsumerLease, ConsumerOutcome, DeviceStore, EventLog,
    EventStore, FoundUsers, MessageChannel, MessageLease, MessageOutcome, NewUser, OutboxStore,
    PasskeyStore, PromotionStore, ServiceStore, SessionAdvance, SessionStore, Store, StoreError,
    StoredChallenge, StoredConsumer, StoredDevice, StoredEvent, StoredMessage, StoredPasskey,
    StoredPromotion, StoredService, StoredSession, StoredWebhook, StoredWebhookError,
    ThrottleStore, UpdateFn, UpdatedAccount, UserCount, UserKeys, UserQuery, UserStore,
    WaitingMessages, WebhookChange, WebhookStore,
};
use divan_core::throttle::{Counter, ThrottleKey, ThrottleOutcome, ThrottleUpdate};
use divan_core::types::{
    AuditEvent, DeviceId, Email, Phone, PromotionId, ServiceId, ServiceSecretId, SessionId,
    TelegramId, User, UserId, WebhookId,
};
use time::OffsetDateTime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A store that publishes each deactivated user after the change is committed.
#[derive(Debug)]
pub(crate) struct PublishingStore<S> {
    inner: S,
    deactivated: UnboundedSender<User>,
}

impl<S> PublishingStore<S> {
    /// Wraps a store. The receiver ends when the store is dropped.
    pub(crate) fn new(inner: S) -> (Self, UnboundedReceiver<User>) {
        let (deactivated, receiver) = unbounded_channel();
        (Self { inner, deactivated }, receiver)
    }
}

#[async_trait]
impl<S: Store> UserStore for PublishingStore<S> {
    async fn update_account(
        &self,
        id: UserId,
        change: &UpdateFn<'_>,
    ) -> Result<Option<UpdatedAccount>, StoreError> {
        // The store may call the change several times; the last call counts.
        let was_active = AtomicBool::new(false);
        let observed = |account: &mut Account| {
            was_active.store(account.user.is_active, Ordering::SeqCst);
            change(account)
        };
        let updated = self.inner.update_account(id, &observed).await?;
        if let Some(UpdatedAccount { account, .. }) = &updated
            && was_active.load(Ordering::SeqCst)
            && !account.user.is_active
        {
            // A closed channel must not fail the update.
            let _ = self.deactivated.send(account.user.clone());
        }
        Ok(updated)
    }

    async fn update_accounts(
        &self,
        ids: &BTreeSet<UserId>,
        change: &UpdateFn<'_>,
        new: &[NewUser],
    ) -> Result<Option<Vec<UpdatedAccount>>, StoreError> {
        let active = Mutex::new(BTreeSet::new());
        let observed = |account: &mut Account| {
            let mut active = active.lock().unwrap_or_else(PoisonError::into_inner);
            if account.user.is_active {
                active.insert(account.user.id);
            } else {
                active.remove(&account.user.id);
            }
            drop(active);
            change(account)
        };
        let updated = self.inner.update_accounts(ids, &observed, new).await?;
        let active = active.into_inner().unwrap_or_else(PoisonError::into_inner);
        for UpdatedAccount { account, .. } in updated.iter().flatten() {
            if active.contains(&account.user.id) && !account.user.is_active {
                let _ = self.deactivated.send(account.user.clone());
            }
        }
        Ok(updated)
    }

    async fn account(&self, id: UserId) -> Result<Option<Account>, StoreError> {
        self.inner.account(id).await
    }

    async fn account_by_phone(&self, phone: &Phone) -> Result<Option<Account>, StoreError> {
        self.inner.account_by_phone(phone).await
    }

    async fn account_by_email(&self, email: &Email) -> Result<Option<Account>, StoreError> {
        self.inner.account_by_email(email).await
    }

    async fn account_by_telegram(&self, id: TelegramId) -> Result<Option<Account>, StoreError> {
        self.inner.account_by_telegram(id).await
    }

    async fn users(&self, query: &UserQuery) -> Result<FoundUsers, StoreError> {
        self.inner.users(query).await
    }

    async fn count_users(&self, query: &UserQuery) -> Result<UserCount, StoreError> {
        self.inner.count_users(query).await
    }

    async fn users_by_keys(&self, keys: &UserKeys) -> Result<Vec<User>, StoreError> {
        self.inner.users_by_keys(keys).await
    }

    async fn insert_users(&self, new: &[NewUser]) -> Result<(), StoreError> {
        self.inner.insert_users(new).await
    }
}

#[async_trait]
impl<S: Store> SessionStore for PublishingStore<S> {
    async fn session(&self, id: SessionId) -> Result<Option<(StoredSession, User)>, StoreError> {
        self.inner.session(id).await
    }

    async fn sessions_of(
        &self,
        user: UserId,
        at: OffsetDateTime,
    ) -> Result<Vec<StoredSession>, StoreError> {
        self.inner.sessions_of(user, at).await
    }

    async fn advance_session(&self, advance: &SessionAdvance) -> Result<bool, StoreError> {
        self.inner.advance_session(advance).await
    }

    async fn purge_sessions(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        self.inner.purge_sessions(before).await
    }
}

#[async_trait]
impl<S: Store> AuditStore for PublishingStore<S> {
    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditEvent>, StoreError> {
        self.inner.audit(query).await
    }

    async fn purge_audit(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        self.inner.purge_audit(before).await
    }
}

#[async_trait]
impl<S: Store> DeviceStore for PublishingStore<S> {
    async fn device(&self, id: DeviceId) -> Result<Option<StoredDevice>, StoreError> {
        self.inner.device(id).await
    }

    async fn devices_of(&self, user: UserId) -> Result<Vec<StoredDevice>, StoreError> {
        self.inner.devices_of(user).await
    }

    async fn purge_devices(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        self.inner.purge_devices(before).await
    }
}

#[async_trait]
impl<S: Store> PasskeyStore for PublishingStore<S> {
    async fn passkeys_of(&self, user: UserId) -> Result<Vec<StoredPasskey>, StoreError> {
        self.inner.passkeys_of(user).await
    }

    async fn purge_used_challenges(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        self.inner.purge_used_challenges(before).await
    }
}

#[async_trait]
impl<S: Store> ChallengeStore for PublishingStore<S> {
    async fn challenge(&self, id: &[u8; 32]) -> Result<Option<StoredChallenge>, StoreError> {
        self.inner.challenge(id).await
    }

    async fn count_challenge_attempt(
        &self,
        id: &[u8; 32],
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        self.inner.count_challenge_attempt(id, now).await
    }

    async fn purge_challenges(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        self.inner.purge_challenges(before).await
    }
}

#[async_trait]
impl<S: Store> PromotionStore for PublishingStore<S> {
    async fn promotion(&self, id: PromotionId) -> Result<Option<StoredPromotion>, StoreError> {
        self.inner.promotion(id).await
    }

    async fn promotions(&self, now: OffsetDateTime) -> Result<Vec<StoredPromotion>, StoreError> {
        self.inner.promotions(now).await
    }

    async fn purge_promotions(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        self.inner.purge_promotions(before).await
    }
}

#[async_trait]
impl<S: Store> ServiceStore for PublishingStore<S> {
    async fn service(&self, id: ServiceId) -> Result<Option<StoredService>, StoreError> {
        self.inner.service(id).await
    }

    async fn services(&self) -> Result<Vec<StoredService>, StoreError> {
        self.inner.services().await
    }

    async fn insert_service(
        &self,
        new: &StoredService,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        self.inner.insert_service(new, event).await
    }

    async fn update_service(
        &self,
        next: &StoredService,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        self.inner.update_service(next, event).await
    }

    async fn delete_service(&self, id: ServiceId, event: &AuditEvent) -> Result<bool, StoreError> {
        self.inner.delete_service(id, event).await
    }

    async fn use_service(
        &self,
        id: ServiceId,
        secret: ServiceSecretId,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        self.inner.use_service(id, secret, at).await
    }
}

#[async_trait]
impl<S: Store> OutboxStore for PublishingStore<S> {
    async fn claim_messages(
        &self,
        claim: &ClaimMessages,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        self.inner.claim_messages(claim).await
    }

    async fn settle_message(
        &self,
        lease: MessageLease,
        outcome: MessageOutcome,
    ) -> Result<bool, StoreError> {
        self.inner.settle_message(lease, outcome).await
    }

    async fn waiting_messages(
        &self,
        channel: MessageChannel,
    ) -> Result<WaitingMessages, StoreError> {
        self.inner.waiting_messages(channel).await
    }

    async fn purge_messages(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        self.inner.purge_messages(before).await
    }
}

#[async_trait]
impl<S: Store> EventStore for PublishingStore<S> {
    async fn sequence_events(&self) -> Result<u64, StoreError> {
        self.inner.sequence_events().await
    }

    async fn events_after(
        &self,
        position: i64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.inner.events_after(position, limit).await
    }

    async fn event_log(&self) -> Result<EventLog, StoreError> {
        self.inner.event_log().await
    }

    async fn position_before(&self, since: OffsetDateTime) -> Result<i64, StoreError> {
        self.inner.position_before(since).await
    }

    async fn purge_events(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        self.inner.purge_events(before).await
    }

    async fn event_consumers(&self) -> Result<Vec<StoredConsumer>, StoreError> {
        self.inner.event_consumers().await
    }

    async fn add_consumer(&self, name: &str, position: i64) -> Result<bool, StoreError> {
        self.inner.add_consumer(name, position).await
    }

    async fn delete_consumer(&self, name: &str) -> Result<bool, StoreError> {
        self.inner.delete_consumer(name).await
    }

    async fn claim_consumer(
        &self,
        claim: &ClaimConsumer,
    ) -> Result<Option<(ConsumerLease, StoredConsumer)>, StoreError> {
        self.inner.claim_consumer(claim).await
    }

    async fn settle_consumer(
        &self,
        lease: &ConsumerLease,
        outcome: &ConsumerOutcome,
    ) -> Result<bool, StoreError> {
        self.inner.settle_consumer(lease, outcome).await
    }

    async fn change_consumer(
        &self,
        name: &str,
        change: ConsumerChange,
    ) -> Result<bool, StoreError> {
        self.inner.change_consumer(name, change).await
    }
}

#[async_trait]
impl<S: Store> WebhookStore for PublishingStore<S> {
    async fn webhooks(&self) -> Result<Vec<StoredWebhook>, StoreError> {
        self.inner.webhooks().await
    }

    async fn insert_webhook(
        &self,
        webhook: &StoredWebhook,
        position: i64,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        self.inner.insert_webhook(webhook, position, event).await
    }

    async fn change_webhook(
        &self,
        id: WebhookId,
        change: &WebhookChange,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        self.inner.change_webhook(id, change, event).await
    }

    async fn delete_webhook(&self, id: WebhookId, event: &AuditEvent) -> Result<bool, StoreError> {
        self.inner.delete_webhook(id, event).await
    }

    async fn set_webhook_error(
        &self,
        id: WebhookId,
        error: &StoredWebhookError,
    ) -> Result<(), StoreError> {
        self.inner.set_webhook_error(id, error).await
    }

    async fn reseal_webhook(
        &self,
        id: WebhookId,
        old: &[u8],
        new: &[u8],
    ) -> Result<(), StoreError> {
        self.inner.reseal_webhook(id, old, new).await
    }
}

#[async_trait]
impl<S: Store> ThrottleStore for PublishingStore<S> {
    async fn counters(&self, keys: &[ThrottleKey]) -> Result<Vec<Option<Counter>>, StoreError> {
        self.inner.counters(keys).await
    }

    async fn update_counters(
        &self,
        update: &ThrottleUpdate,
        events: &[AuditEvent],
    ) -> Result<ThrottleOutcome, StoreError> {
        self.inner.update_counters(update, events).await
    }

    async fn purge_counters(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        self.inner.purge_counters(now).await
    }
}

#[async_trait]
impl<S: Store> BootstrapStore for PublishingStore<S> {
    async fn is_bootstrapped(&self) -> Result<bool, StoreError> {
        self.inner.is_bootstrapped().await
    }

    async fn claim_bootstrap(
        &self,
        at: OffsetDateTime,
    ) -> Result<Option<Box<dyn BootstrapClaim>>, StoreError> {
        self.inner.claim_bootstrap(at).await
    }
}

#[async_trait]
impl<S: Store> Store for PublishingStore<S> {
    async fn ping(&self) -> Result<(), StoreError> {
        self.inner.ping().await
    }
}
