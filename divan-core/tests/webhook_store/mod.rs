//! The contract of the webhooks.

use divan_core::store::{
    AuditQuery, ClaimConsumer, ConsumerLease, MAX_WEBHOOKS, StoredConsumer, StoredWebhook,
    StoredWebhookError, WebhookChange, WebhookDisabledReason, WebhookState, consumer_name,
};
use divan_core::types::{AuditAction, AuditEvent, AuditId, WebhookId};
use time::Duration;
use uuid::Uuid;

use super::{AnyStore, id, now};

const SERVER: Uuid = Uuid::from_u128(77);

fn webhook(n: u128) -> StoredWebhook {
    let webhook = WebhookId(Uuid::from_u128(n));
    let url = format!("https://hooks.example.com/{n}");
    StoredWebhook::new(webhook, url, vec![1; 76], now())
}

fn event(action: AuditAction, webhook: &StoredWebhook) -> AuditEvent {
    #[expect(clippy::disallowed_methods, reason = "any id will do")]
    let mut event = AuditEvent::new(AuditId(Uuid::new_v4()), now(), action, None);
    event.webhook_id = Some(webhook.id);
    event
}

async fn insert(store: &AnyStore, webhook: &StoredWebhook) -> bool {
    let event = event(AuditAction::WebhookCreated, webhook);
    store.insert_webhook(webhook, 7, &event).await.unwrap()
}

async fn change(store: &AnyStore, webhook: &StoredWebhook, change: &WebhookChange) -> bool {
    let event = event(AuditAction::WebhookUpdated, webhook);
    let changed = store.change_webhook(webhook.id, change, &event).await;
    changed.unwrap()
}

async fn only(store: &AnyStore) -> StoredWebhook {
    store.webhooks().await.unwrap().remove(0)
}

async fn consumer(store: &AnyStore) -> StoredConsumer {
    store.event_consumers().await.unwrap().remove(0)
}

/// Returns the audited actions on webhooks.
async fn audited(store: &AnyStore, webhook: &StoredWebhook) -> Vec<AuditAction> {
    let events = store.audit(&AuditQuery::newest(100)).await.unwrap();
    let of_webhook = events
        .into_iter()
        .filter(|e| e.webhook_id == Some(webhook.id));
    of_webhook.map(|event| event.action).collect()
}

async fn lease(store: &AnyStore, webhook: &StoredWebhook) -> Option<ConsumerLease> {
    let name = consumer_name(webhook.id);
    let claim = ClaimConsumer::new(name, SERVER, now(), now() + Duration::MINUTE);
    let claimed = store.claim_consumer(&claim).await.unwrap();
    claimed.map(|(lease, _)| lease)
}

fn disabled() -> WebhookState {
    let reason = WebhookDisabledReason::Gone;
    WebhookState::Disabled { reason, at: now() }
}

pub(crate) async fn webhooks_are_listed_as_they_were_inserted(store: AnyStore) {
    assert!(store.webhooks().await.unwrap().is_empty());
    let first = webhook(1);
    let mut second = webhook(2);
    second.description = String::from("HR system, \"new\"");
    second.types = vec!["user.created".to_owned(), "user.deleted".to_owned()];
    second.created_by = Some(id(9));
    assert!(insert(&store, &second).await && insert(&store, &first).await);
    let listed = store.webhooks().await.unwrap();
    assert_eq!(listed, [first.clone(), second]);
    let consumers = store.event_consumers().await.unwrap();
    let expected = StoredConsumer::new(consumer_name(first.id), 7);
    assert_eq!(consumers[0], expected);
    assert_eq!(audited(&store, &first).await, [AuditAction::WebhookCreated]);
}

pub(crate) async fn concurrent_inserts_keep_the_limit_of_webhooks(store: AnyStore) {
    let limit = u128::from(MAX_WEBHOOKS);
    for n in 1..limit {
        assert!(insert(&store, &webhook(n)).await);
    }
    let inserts = (limit..limit + 4).map(|n| {
        let store = store.clone();
        tokio::spawn(async move { insert(&store, &webhook(n)).await })
    });
    let mut inserted = 0;
    for insert in inserts.collect::<Vec<_>>() {
        inserted += u32::from(insert.await.unwrap());
    }
    assert_eq!(inserted, 1);
    let webhooks = store.webhooks().await.unwrap().len();
    let consumers = store.event_consumers().await.unwrap().len();
    assert_eq!((webhooks, consumers), (20, 20));
}

pub(crate) async fn a_webhook_changes_with_its_consumer(store: AnyStore) {
    let before = webhook(1);
    insert(&store, &before).await;
    let mut edit = WebhookChange::default();
    edit.url = Some("https://new.example.com/".to_owned());
    edit.types = Some(vec!["user.deleted".to_owned()]);
    assert!(change(&store, &before, &edit).await);
    let mut expected = before.clone();
    expected.url = String::from("https://new.example.com/");
    expected.types = vec!["user.deleted".to_owned()];
    assert_eq!(only(&store).await, expected);

    let mut rotate = WebhookChange::default();
    rotate.secret = Some((vec![2; 76], now()));
    assert!(change(&store, &before, &rotate).await);
    expected.previous_secret = Some((vec![1; 76], now()));
    expected.secret = vec![2; 76];
    assert_eq!(only(&store).await, expected);

    let mut disable = WebhookChange::default();
    (disable.state, disable.position) = (Some(disabled()), Some(3));
    disable.types = Some(Vec::new());
    disable.description = Some("retired".to_owned());
    assert!(change(&store, &before, &disable).await);
    expected.disabled_reason = Some(WebhookDisabledReason::Gone);
    expected.types = Vec::new();
    expected.description = String::from("retired");
    assert_eq!(only(&store).await, expected);
    let stored = consumer(&store).await;
    assert_eq!((stored.position, stored.disabled_at), (3, Some(now())));
    assert!(lease(&store, &before).await.is_none());

    let mut enable = WebhookChange::default();
    enable.state = Some(WebhookState::Enabled);
    enable.description = Some(String::new());
    assert!(change(&store, &before, &enable).await);
    expected.disabled_reason = None;
    expected.description = String::new();
    assert_eq!(only(&store).await, expected);
    let stored = consumer(&store).await;
    assert_eq!((stored.position, stored.disabled_at), (3, None));
    assert_eq!(audited(&store, &before).await.len(), 5);
    assert!(!change(&store, &webhook(2), &enable).await);
    assert!(audited(&store, &webhook(2)).await.is_empty());
}

pub(crate) async fn a_change_of_a_webhook_requires_its_lease(store: AnyStore) {
    let before = webhook(1);
    insert(&store, &before).await;
    let held = lease(&store, &before).await.unwrap();
    let mut disable = WebhookChange::default();
    disable.state = Some(disabled());
    for (owner, claims) in [
        (Uuid::from_u128(78), held.claims),
        (SERVER, held.claims + 1),
    ] {
        disable.lease = Some(ConsumerLease::new(held.name.clone(), owner, claims));
        assert!(!change(&store, &before, &disable).await);
    }
    assert_eq!(only(&store).await, before);
    assert!(lease(&store, &before).await.is_none(), "still leased");
    disable.lease = Some(held.clone());
    assert!(change(&store, &before, &disable).await);
    assert!(consumer(&store).await.disabled_at.is_some());
    assert!(!change(&store, &before, &disable).await, "the lease ended");
    assert_eq!(audited(&store, &before).await.len(), 2);
}

pub(crate) async fn a_webhook_is_deleted_with_its_consumer(store: AnyStore) {
    let before = webhook(1);
    insert(&store, &before).await;
    let delete = event(AuditAction::WebhookDeleted, &before);
    assert!(store.delete_webhook(before.id, &delete).await.unwrap());
    let again = event(AuditAction::WebhookDeleted, &before);
    assert!(!store.delete_webhook(before.id, &again).await.unwrap());
    assert!(store.webhooks().await.unwrap().is_empty());
    assert!(store.event_consumers().await.unwrap().is_empty());
    let mut actions = audited(&store, &before).await;
    actions.sort_by_key(|action| action.as_str());
    let expected = [AuditAction::WebhookCreated, AuditAction::WebhookDeleted];
    assert_eq!(actions, expected);
}

pub(crate) async fn the_last_error_and_the_key_of_a_webhook_are_stored(store: AnyStore) {
    let before = webhook(1);
    insert(&store, &before).await;
    let mut expected = before.clone();
    for status in [Some(503), None] {
        let mut error = StoredWebhookError::new(now(), "status");
        error.status = status;
        let stored = store.set_webhook_error(before.id, &error).await;
        stored.unwrap();
        expected.last_error = Some(error);
        assert_eq!(only(&store).await, expected);
    }
    let (other, new) = (vec![3; 76], vec![4; 76]);
    let reseal = store.reseal_webhook(before.id, &other, &new).await;
    reseal.unwrap();
    assert_eq!(only(&store).await, expected, "it was replaced since");
    let reseal = store.reseal_webhook(before.id, &before.secret, &new).await;
    reseal.unwrap();
    expected.secret = new;
    assert_eq!(only(&store).await, expected);
}
