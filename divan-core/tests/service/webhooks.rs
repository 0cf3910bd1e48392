//! Webhooks: administration and delivery, on every store.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use divan_core::clock::ManualClock;
use divan_core::service::{
    Admin, AuthService, CreateUserCommand, CreateWebhookCommand, EventPosition,
    UpdateWebhookCommand, WebhookErrorReason, WebhookView,
};
use divan_core::store::{AuditQuery, Store, WebhookDisabledReason};
use divan_core::types::{AuditAction, AuditEvent, WebhookId};
use divan_core::webhook::target::WebhookTargets;
use divan_core::webhook::{
    WebhookFailure, WebhookRequest, WebhookResponse, WebhookSecret, WebhookTransport,
    WebhookVerifier,
};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::support::admin::{Fixture, client};
use crate::support::{
    ADMIN_EMAIL, ISSUER, NOW, Refusal, builder, builder_with_key, refusal, sign_in_admin,
};

on_every_store!(
    events_arrive_signed_and_in_order,
    only_events_of_the_chosen_types_are_delivered,
    a_failed_event_is_repeated_before_later_ones,
    the_waits_after_failures_grow_to_an_hour,
    a_receiver_chooses_a_longer_wait,
    a_receiver_that_is_gone_is_disabled_at_once,
    a_webhook_that_fails_for_a_day_is_disabled,
    an_enabled_webhook_continues_where_it_was_disabled,
    a_webhook_whose_events_were_deleted_is_disabled,
    a_disabled_webhook_whose_events_were_deleted_is_not_enabled_silently,
    both_secrets_sign_for_a_day,
    secrets_survive_one_replacement_of_the_key,
    a_replay_sends_the_same_events_again,
    two_servers_deliver_each_event_once_and_in_order,
    a_killed_server_loses_no_event,
    a_stopping_server_completes_its_attempt,
    a_test_event_changes_nothing,
    a_changed_url_is_tried_at_once,
    changes_need_a_recent_proof_and_are_audited,
    invalid_webhooks_are_refused,
);

const URL: &str = "https://hooks.example.com/divan";
const SERVER: Uuid = Uuid::from_u128(1);

type Outcome = Result<WebhookResponse, WebhookFailure>;

/// A receiver that responds 204, after these outcomes.
#[derive(Debug, Default)]
struct Receiver {
    outcomes: Mutex<VecDeque<Outcome>>,
    requests: Mutex<Vec<WebhookRequest>>,
    /// Never responds.
    hangs: AtomicBool,
}

#[async_trait]
impl WebhookTransport for Receiver {
    async fn send(&self, request: &WebhookRequest) -> Outcome {
        self.requests.lock().unwrap().push(request.clone());
        tokio::task::yield_now().await;
        if self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let next = self.outcomes.lock().unwrap().pop_front();
        next.unwrap_or_else(|| status(204))
    }
}

impl Receiver {
    fn then(&self, outcomes: impl IntoIterator<Item = Outcome>) {
        self.outcomes.lock().unwrap().extend(outcomes);
    }

    fn requests(&self) -> Vec<WebhookRequest> {
        self.requests.lock().unwrap().clone()
    }

    fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    /// Returns the ids of the received events, in order.
    fn ids(&self) -> Vec<String> {
        let requests = self.requests();
        requests.into_iter().map(|request| request.id).collect()
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the type of an outcome")]
fn status(status: u16) -> Outcome {
    Ok(WebhookResponse::new(status, None))
}

/// A service with a receiver.
struct Hooks {
    f: Fixture,
    receiver: Arc<Receiver>,
    service: AuthService,
    admin: Admin,
}

impl Hooks {
    async fn new(f: Fixture) -> Self {
        let receiver = Arc::new(Receiver::default());
        let service = service(&f.store, &f.clock, &receiver);
        let admin = sign_in_admin(&service, ADMIN_EMAIL, &client()).await;
        Self {
            f,
            receiver,
            service,
            admin,
        }
    }

    /// Creates a webhook for all events.
    async fn create(&self) -> (WebhookId, WebhookSecret) {
        self.create_with(&CreateWebhookCommand::new(URL)).await
    }

    async fn create_with(&self, command: &CreateWebhookCommand) -> (WebhookId, WebhookSecret) {
        let client = client();
        let admins = self.service.as_admin(&self.admin, &client);
        let created = admins.create_webhook(command).await.unwrap();
        let secret = WebhookSecret::parse(created.secret.expose()).unwrap();
        (created.webhook.id, secret)
    }

    /// Adds users, each with one event.
    async fn add_users(&self, numbers: std::ops::Range<u32>) {
        for number in numbers {
            let phone = format!("+770112345{number:02}");
            let user = CreateUserCommand::employee("First Last", &phone);
            self.f.add(&user).await;
        }
    }

    async fn update(&self, id: WebhookId, command: &UpdateWebhookCommand) -> WebhookView {
        let (client, admin) = (client(), self.fresh_admin().await);
        let admins = self.service.as_admin(&admin, &client);
        admins.update_webhook(id, command).await.unwrap()
    }

    async fn enable(&self, id: WebhookId, is_enabled: bool) -> WebhookView {
        let mut command = UpdateWebhookCommand::default();
        command.is_enabled = Some(is_enabled);
        self.update(id, &command).await
    }

    async fn fresh_admin(&self) -> Admin {
        sign_in_admin(&self.service, ADMIN_EMAIL, &client()).await
    }

    async fn view(&self, id: WebhookId) -> WebhookView {
        let views = self.service.webhook_views().await.unwrap();
        views.into_iter().find(|view| view.id == id).unwrap()
    }

    /// Delivers what is due.
    async fn deliver(&self) {
        deliver(&self.service, SERVER).await;
    }

    async fn is_due(&self, id: WebhookId) -> bool {
        self.service.due_webhooks().await.unwrap().contains(&id)
    }

    async fn audited(&self, id: WebhookId) -> Vec<AuditEvent> {
        let mut events = self.f.store.audit(&AuditQuery::newest(100)).await.unwrap();
        events.retain(|event| event.webhook_id == Some(id));
        events.sort_by_key(|event| event.id);
        events
    }
}

fn service(
    store: &Arc<dyn Store>,
    clock: &Arc<ManualClock>,
    receiver: &Arc<Receiver>,
) -> AuthService {
    builder(store.clone(), clock)
        .webhooks(WebhookTargets::public(), receiver.clone())
        .build()
}

async fn deliver(service: &AuthService, server: Uuid) {
    for id in service.due_webhooks().await.unwrap() {
        let delivered = service.deliver_webhook(id, server, &|| false).await;
        delivered.unwrap();
    }
}

/// Verifies a request as a receiver does.
fn is_signed_with(request: &WebhookRequest, secret: &WebhookSecret) -> bool {
    let clock = Arc::new(ManualClock::at_unix(request.timestamp));
    let verifier = WebhookVerifier::new(secret.clone()).clock(clock);
    let headers = request.headers();
    let header = |name| {
        let mut headers = headers.iter();
        let (_, value) = headers.find(|(other, _)| *other == name)?;
        Some(value.as_str())
    };
    verifier.verify(header, &request.body).is_ok()
}

fn json(request: &WebhookRequest) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

async fn events_arrive_signed_and_in_order(f: Fixture) {
    let hooks = Hooks::new(f).await;
    hooks.add_users(10..12).await;
    let (id, secret) = hooks.create().await;
    hooks.add_users(0..3).await;
    assert_eq!(hooks.view(id).await.pending, 3);
    hooks.deliver().await;
    let requests = hooks.receiver.requests();
    let events = hooks.service.events_after(None, 1).await.unwrap();
    assert!(events.events.is_empty());
    assert_eq!(requests.len(), 3);
    for request in &requests {
        assert_eq!((request.url.as_str(), request.timestamp), (URL, NOW));
        assert!(is_signed_with(request, &secret));
        let event = json(request);
        assert_eq!(event["type"], "user.created");
        assert_eq!(event["id"], request.id);
        assert_eq!(event["source"], ISSUER);
        assert_eq!(event["specversion"], "1.0");
        assert_eq!(event["data"]["role"], "employee");
        let subject: Uuid = event["subject"].as_str().unwrap().parse().unwrap();
        let user = divan_core::types::UserId(subject);
        assert!(hooks.f.store.account(user).await.unwrap().is_some());
    }
    let mut ids = hooks.receiver.ids();
    ids.dedup();
    assert_eq!(ids.len(), 3);
    assert!(!hooks.is_due(id).await);
    let view = hooks.view(id).await;
    assert_eq!((view.pending, view.failing_since), (0, None));
    assert!(view.last_success_at.is_some() && view.last_error.is_none());
}

async fn only_events_of_the_chosen_types_are_delivered(f: Fixture) {
    let hooks = Hooks::new(f).await;
    let mut command = CreateWebhookCommand::new(URL);
    command.types = vec!["user.deleted".to_owned()];
    let (id, _) = hooks.create_with(&command).await;
    hooks.add_users(0..2).await;
    hooks.deliver().await;
    assert_eq!(hooks.receiver.count(), 0);
    let view = hooks.view(id).await;
    assert_eq!((view.pending, view.last_success_at), (0, None));
    let mut all = UpdateWebhookCommand::default();
    all.types = Some(Vec::new());
    hooks.update(id, &all).await;
    hooks.add_users(2..3).await;
    hooks.deliver().await;
    assert_eq!(hooks.receiver.count(), 1);
}

async fn a_failed_event_is_repeated_before_later_ones(f: Fixture) {
    let hooks = Hooks::new(f).await;
    let (id, _) = hooks.create().await;
    hooks.add_users(0..2).await;
    let failures = [
        status(503),
        status(302),
        Err(WebhookFailure::Timeout),
        status(200),
        status(100),
    ];
    hooks.receiver.then(failures);
    for _ in 0..5 {
        hooks.deliver().await;
        hooks.deliver().await;
        hooks.f.clock.advance(Duration::from_hours(1));
    }
    let ids = hooks.receiver.ids();
    assert_eq!(ids.len(), 6);
    assert!(ids[..4].iter().all(|id| *id == ids[0]));
    assert!(ids[4] == ids[5] && ids[4] != ids[0]);
    let view = hooks.view(id).await;
    assert_eq!((view.pending, view.failing_since), (0, None));
    let error = view.last_error.unwrap();
    let expected = (WebhookErrorReason::Status, Some(100));
    assert_eq!((error.reason, error.status), expected);
}

async fn the_waits_after_failures_grow_to_an_hour(f: Fixture) {
    let hooks = Hooks::new(f).await;
    let (id, _) = hooks.create().await;
    hooks.add_users(0..1).await;
    for seconds in [5, 30, 120, 600, 3600, 3600, 3600] {
        hooks.receiver.then([Err(WebhookFailure::Connection)]);
        assert!(hooks.is_due(id).await);
        hooks.deliver().await;
        let half = seconds * 500;
        hooks.f.clock.advance(Duration::from_millis(half - 1));
        assert!(!hooks.is_due(id).await, "{seconds}");
        hooks.f.clock.advance(Duration::from_millis(half + 1));
        assert!(hooks.is_due(id).await, "{seconds}");
    }
    hooks.deliver().await;
    // A success begins the waits again.
    hooks.add_users(1..2).await;
    hooks.receiver.then([status(500)]);
    hooks.deliver().await;
    hooks.f.clock.advance(Duration::from_secs(5));
    assert!(hooks.is_due(id).await);
}

async fn a_receiver_chooses_a_longer_wait(f: Fixture) {
    let hooks = Hooks::new(f).await;
    let (id, _) = hooks.create().await;
    hooks.add_users(0..1).await;
    let wait = Duration::from_mins(7);
    hooks
        .receiver
        .then([Ok(WebhookResponse::new(429, Some(wait)))]);
    hooks.deliver().await;
    hooks.f.clock.advance(Duration::from_millis(7 * 60_000 - 1));
    assert!(!hooks.is_due(id).await);
    hooks.f.clock.advance(Duration::from_millis(1));
    assert!(hooks.is_due(id).await);
    // No receiver delays the end of the attempts.
    let wait = Duration::from_hours(1000);
    hooks
        .receiver
        .then([Ok(WebhookResponse::new(503, Some(wait)))]);
    hooks.deliver().await;
    hooks.f.clock.advance(Duration::from_hours(24));
    assert!(hooks.is_due(id).await);
}

async fn a_receiver_that_is_gone_is_disabled_at_once(f: Fixture) {
    let hooks = Hooks::new(f).await;
    let (id, _) = hooks.create().await;
    hooks.add_users(0..2).await;
    hooks.receiver.then([status(410)]);
    hooks.f.tick();
    hooks.deliver().await;
    hooks.f.clock.advance(Duration::from_hours(2));
    hooks.deliver().await;
    assert_eq!(hooks.receiver.count(), 1);
    let view = hooks.view(id).await;
    let (reason, _) = view.disabled.unwrap();
    assert_eq!(reason, WebhookDisabledReason::Gone);
    assert_eq!(
        (view.pending, view.last_error.unwrap().status),
        (2, Some(410))
    );
    let disabled = hooks.audited(id).await.pop().unwrap();
    assert_eq!(disabled.action, AuditAction::WebhookDisabled);
    assert_eq!((disabled.actor_id, disabled.subject_id), (None, None));
}

async fn a_webhook_that_fails_for_a_day_is_disabled(f: Fixture) {
    let hooks = Hooks::new(f).await;
    let (failing, _) = hooks.create().await;
    hooks.add_users(0..1).await;
    hooks.receiver.then((0..100).map(|_| status(500)));
    let started = hooks.service.webhook_attempts().failed;
    for minute in 0..26 * 60 {
        hooks.deliver().await;
        let is_disabled = hooks.view(failing).await.disabled.is_some();
        assert_eq!(is_disabled, minute >= 24 * 60, "{minute}");
        if is_disabled {
            break;
        }
        hooks.f.clock.advance(Duration::from_mins(1));
    }
    let attempts = hooks.service.webhook_attempts().failed - started;
    assert!((26..=52).contains(&attempts), "{attempts}");
    let view = hooks.view(failing).await;
    let (reason, _) = view.disabled.unwrap();
    assert_eq!(reason, WebhookDisabledReason::Failing);
    let actions = hooks.audited(failing).await;
    assert_eq!(actions.len(), 2);
    // Another one is not affected.
    hooks.receiver.outcomes.lock().unwrap().clear();
    let admin = hooks.fresh_admin().await;
    let other = Hooks { admin, ..hooks };
    let (id, _) = other.create().await;
    other.add_users(1..2).await;
    other.deliver().await;
    assert_eq!(other.view(id).await.pending, 0);
}

async fn an_enabled_webhook_continues_where_it_was_disabled(f: Fixture) {
    let hooks = Hooks::new(f).await;
    let (id, _) = hooks.create().await;
    let view = hooks.enable(id, false).await;
    let (reason, _) = view.disabled.unwrap();
    assert_eq!(reason, WebhookDisabledReason::Administrator);
    hooks.add_users(0..2).await;
    hooks.deliver().await;
    assert_eq!(hooks.receiver.count(), 0);
    let view = hooks.enable(id, true).await;
    assert_eq!((view.disabled, view.pending), (None, 2));
    hooks.deliver().await;
    assert_eq!(hooks.receiver.count(), 2);
}

async fn a_webhook_whose_events_were_deleted_is_disabled(f: Fixture) {
    let hooks = Hooks::new(f).await;
    let (id, _) = hooks.create().await;
    hooks.add_users(0..2).await;
    assert!(hooks.is_due(id).await);
    hooks.f.clock.advance(Duration::from_hours(1));
    hooks.add_users(2..3).await;
    let purged = hooks.service.purge_events(Duration::from_mins(1)).await;
    assert!(purged.unwrap() >= 2);
    hooks.deliver().await;
    let (reason, _) = hooks.view(id).await.disabled.unwrap();
    assert_eq!(reason, WebhookDisabledReason::CursorExpired);
    assert_eq!(hooks.receiver.count(), 0);
    // It continues with the oldest event that exists.
    hooks.enable(id, true).await;
    hooks.deliver().await;
    assert_eq!(hooks.receiver.count(), 1);
    assert!(hooks.view(id).await.disabled.is_none());
}

async fn a_disabled_webhook_whose_events_were_deleted_is_not_enabled_silently(f: Fixture) {
    let hooks = Hooks::new(f).await;
    let (id, _) = hooks.create().await;
    hooks.enable(id, false).await;
    hooks.add_users(0..2).await;
    hooks.f.clock.advance(Duration::from_hours(1));
    hooks.add_users(2..3).await;
    let purged = hooks.service.purge_events(Duration::from_mins(1)).await;
    assert!(purged.unwrap() >= 2);
    hooks.enable(id, true).await;
    hooks.deliver().await;
    assert_eq!(hooks.receiver.count(), 0);
    let (reason, _) = hooks.view(id).await.disabled.unwrap();
    assert_eq!(reason, WebhookDisabledReason::CursorExpired);
    hooks.enable(id, true).await;
    hooks.deliver().await;
    assert_eq!(hooks.receiver.count(), 1);
}

async fn both_secrets_sign_for_a_day(f: Fixture) {
    let hooks = Hooks::new(f).await;
    let (id, old) = hooks.create().await;
    let client = client();
    let admins = hooks.service.as_admin(&hooks.admin, &client);
    let rotated = admins.rotate_webhook_secret(id).await.unwrap();
    let new = WebhookSecret::parse(rotated.secret.expose()).unwrap();
    hooks.add_users(0..1).await;
    hooks.deliver().await;
    hooks.f.clock.advance(Duration::from_hours(24));
    hooks.add_users(1..2).await;
    hooks.deliver().await;
    let requests = hooks.receiver.requests();
    let signed = requests.iter().map(|request| {
        let is_signed = |secret| is_signed_with(request, secret);
        (is_signed(&old), is_signed(&new))
    });
    assert_eq!(signed.collect::<Vec<_>>(), [(true, true), (false, true)]);
}

async fn secrets_survive_one_replacement_of_the_key(f: Fixture) {
    let hooks = Hooks::new(f).await;
    let (id, secret) = hooks.create().await;
    let with_key = |key: u8| {
        let builder = builder_with_key(key, hooks.f.store.clone(), &hooks.f.clock);
        builder.webhooks(WebhookTargets::public(), hooks.receiver.clone())
    };
    let previous = divan_core::token::SecretKey::new([7; 32]).unwrap();
    let services = [
        with_key(8).previous_key(&previous).build(),
        // The first one has encrypted the secret with the new key.
        with_key(8).build(),
    ];
    for (number, service) in (0..).zip(&services) {
        hooks.add_users(number..number + 1).await;
        deliver(service, SERVER).await;
        let last = hooks.receiver.requests().pop().unwrap();
        assert!(is_signed_with(&last, &secret), "{number}");
    }
    hooks.add_users(2..3).await;
    deliver(&with_key(9).build(), SERVER).await;
    assert_eq!(hooks.receiver.count(), 2);
    let error = hooks.view(id).await.last_error.unwrap();
    assert_eq!(error.reason, WebhookErrorReason::SecretUnreadable);
}

async fn a_replay_sends_the_same_events_again(f: Fixture) {
    let hooks = Hooks::new(f).await;
    let (id, _) = hooks.create().await;
    hooks.add_users(0..1).await;
    hooks.f.clock.advance(Duration::from_mins(1));
    let since = OffsetDateTime::from_unix_timestamp(NOW.cast_signed() + 60).unwrap();
    hooks.add_users(1..3).await;
    hooks.deliver().await;
    let client = client();
    let admins = hooks.service.as_admin(&hooks.admin, &client);
    admins.replay_webhook(id, since).await.unwrap();
    assert_eq!(hooks.view(id).await.pending, 2);
    hooks.deliver().await;
    let ids = hooks.receiver.ids();
    assert_eq!((ids.len(), &ids[1..3]), (5, &ids[3..5]));
    let last = hooks.audited(id).await.pop().unwrap();
    assert_eq!(last.action, AuditAction::WebhookUpdated);
    assert_eq!(last.changes, ["since"]);
}

async fn two_servers_deliver_each_event_once_and_in_order(f: Fixture) {
    let hooks = Hooks::new(f).await;
    hooks.create().await;
    let first = hooks.service.newest_event().await.unwrap();
    hooks.add_users(0..20).await;
    let servers = (0..2).map(|n| {
        let service = service(&hooks.f.store, &hooks.f.clock, &hooks.receiver);
        tokio::spawn(async move {
            for _ in 0..10 {
                deliver(&service, Uuid::from_u128(n)).await;
            }
        })
    });
    for server in servers.collect::<Vec<_>>() {
        server.await.unwrap();
    }
    assert_eq!(hooks.receiver.ids(), log(&hooks, first).await);
}

/// Returns the ids of the events after a position.
async fn log(hooks: &Hooks, first: EventPosition) -> Vec<String> {
    let page = hooks.service.events_after(Some(first), 100).await.unwrap();
    let ids = page.events.iter().map(|event| event.id.to_string());
    ids.collect()
}

async fn a_killed_server_loses_no_event(f: Fixture) {
    let hooks = Hooks::new(f).await;
    let (id, _) = hooks.create().await;
    let first = hooks.service.newest_event().await.unwrap();
    hooks.add_users(0..20).await;
    hooks.receiver.hangs.store(true, Ordering::SeqCst);
    let service = hooks.service.clone();
    let killed = tokio::spawn(async move { deliver(&service, SERVER).await });
    while hooks.receiver.count() == 0 {
        tokio::task::yield_now().await;
    }
    killed.abort();
    let _ = killed.await;
    hooks.receiver.hangs.store(false, Ordering::SeqCst);
    let other = Uuid::from_u128(2);
    let delivered = hooks.service.deliver_webhook(id, other, &|| false).await;
    delivered.unwrap();
    assert_eq!(hooks.receiver.count(), 1, "the lease is that of the other");
    hooks.f.clock.advance(Duration::from_secs(30));
    deliver(&hooks.service, other).await;
    let ids = hooks.receiver.ids();
    assert_eq!(ids[0], ids[1], "sent again");
    assert_eq!(ids[1..], log(&hooks, first).await);
}

async fn a_stopping_server_completes_its_attempt(f: Fixture) {
    let hooks = Hooks::new(f).await;
    let (id, _) = hooks.create().await;
    hooks.add_users(0..3).await;
    let is_stopping = || hooks.receiver.count() > 0;
    let delivered = hooks.service.deliver_webhook(id, SERVER, &is_stopping);
    delivered.await.unwrap();
    assert_eq!(
        (hooks.receiver.count(), hooks.view(id).await.pending),
        (1, 2)
    );
    // Another server continues at once.
    deliver(&hooks.service, Uuid::from_u128(2)).await;
    assert_eq!(hooks.receiver.count(), 3);
}

async fn a_test_event_changes_nothing(f: Fixture) {
    let hooks = Hooks::new(f).await;
    let (id, secret) = hooks.create().await;
    hooks.enable(id, false).await;
    let before = (hooks.view(id).await, hooks.audited(id).await);
    hooks.receiver.then([status(204), status(410)]);
    hooks.receiver.then([Err(WebhookFailure::Tls)]);
    let client = client();
    let admins = hooks.service.as_admin(&hooks.admin, &client);
    for expected in [
        (None, Some(204)),
        (Some(WebhookErrorReason::Status), Some(410)),
        (Some(WebhookErrorReason::Tls), None),
    ] {
        let tested = admins.test_webhook(id).await.unwrap();
        assert_eq!((tested.error, tested.status), expected);
    }
    let request = hooks.receiver.requests().remove(0);
    assert!(is_signed_with(&request, &secret));
    assert_eq!(json(&request)["type"], "webhook.test");
    assert_eq!(before, (hooks.view(id).await, hooks.audited(id).await));
    let unknown = admins.test_webhook(WebhookId(Uuid::nil())).await;
    assert_eq!(refusal(unknown), Refusal::NotFound);
}

async fn a_changed_url_is_tried_at_once(f: Fixture) {
    let hooks = Hooks::new(f).await;
    let (id, _) = hooks.create().await;
    hooks.add_users(0..1).await;
    hooks.receiver.then([Err(WebhookFailure::Dns)]);
    hooks.deliver().await;
    assert!(!hooks.is_due(id).await);
    let mut command = UpdateWebhookCommand::default();
    command.url = Some("https://new.example.com/a b".to_owned());
    command.description = Some(Some(" HR ".to_owned()));
    let view = hooks.update(id, &command).await;
    assert_eq!(view.description.as_deref(), Some("HR"));
    hooks.deliver().await;
    let last = hooks.receiver.requests().pop().unwrap();
    assert_eq!(last.url.as_str(), "https://new.example.com/a%20b");
    assert_eq!(hooks.view(id).await.pending, 0);
    // The URL of a disabled one does not enable it.
    hooks.enable(id, false).await;
    assert!(hooks.update(id, &command).await.disabled.is_some());
}

async fn changes_need_a_recent_proof_and_are_audited(f: Fixture) {
    let hooks = Hooks::new(f).await;
    let (id, _) = hooks.create().await;
    hooks.f.clock.advance(Duration::from_secs(301));
    let (client, mut edit) = (client(), UpdateWebhookCommand::default());
    edit.is_enabled = Some(false);
    let create = CreateWebhookCommand::new(URL);
    let since = OffsetDateTime::UNIX_EPOCH;
    let old = hooks.service.as_admin(&hooks.admin, &client);
    for refused in [
        refusal(old.create_webhook(&create).await),
        refusal(old.update_webhook(id, &edit).await),
        refusal(old.rotate_webhook_secret(id).await),
        refusal(old.replay_webhook(id, since).await),
        refusal(old.delete_webhook(id).await),
    ] {
        assert_eq!(refused, Refusal::InsufficientAuthentication);
    }
    let admin = hooks.fresh_admin().await;
    let admins = hooks.service.as_admin(&admin, &client);
    hooks.f.tick();
    admins.update_webhook(id, &edit).await.unwrap();
    hooks.f.tick();
    admins.rotate_webhook_secret(id).await.unwrap();
    hooks.f.tick();
    admins.delete_webhook(id).await.unwrap();
    let audited = hooks.audited(id).await;
    let actions: Vec<_> = audited.iter().map(|event| event.action).collect();
    let expected = [
        AuditAction::WebhookCreated,
        AuditAction::WebhookDisabled,
        AuditAction::WebhookSecretRotated,
        AuditAction::WebhookDeleted,
    ];
    assert_eq!(actions, expected);
    assert!(audited.iter().all(|event| event.actor_id == admin.id()));
    assert_eq!(audited[1].changes, ["state"]);
    for refused in [
        refusal(admins.update_webhook(id, &edit).await),
        refusal(admins.rotate_webhook_secret(id).await),
        refusal(admins.replay_webhook(id, since).await),
        refusal(admins.delete_webhook(id).await),
        refusal(admins.get_webhook(id).await),
    ] {
        assert_eq!(refused, Refusal::NotFound);
    }
}

async fn invalid_webhooks_are_refused(f: Fixture) {
    let hooks = Hooks::new(f).await;
    let client = client();
    let admins = hooks.service.as_admin(&hooks.admin, &client);
    let command = |url: &str, types: &[&str], description: &str| {
        let mut command = CreateWebhookCommand::new(url);
        command.types = types.iter().copied().map(str::to_owned).collect();
        command.description = Some(description.to_owned());
        command
    };
    for invalid in [
        command("http://hooks.example.com/", &[], ""),
        command("https://127.0.0.1/", &[], ""),
        command("https://localhost/", &[], ""),
        command(URL, &["user.painted"], ""),
        command(URL, &["webhook.test"], ""),
        command(URL, &["user.created,user.deleted"], ""),
        command(URL, &[], "a\nb"),
        command(URL, &[], &"a".repeat(201)),
    ] {
        let refused = refusal(admins.create_webhook(&invalid).await);
        assert_eq!(refused, Refusal::ValidationFailed, "{invalid:?}");
    }
    let (id, _) = hooks.create().await;
    let nothing = UpdateWebhookCommand::default();
    let refused = refusal(admins.update_webhook(id, &nothing).await);
    assert_eq!(refused, Refusal::ValidationFailed);
    let twice = command(URL, &["user.created", "user.created"], "");
    let (id, _) = hooks.create_with(&twice).await;
    assert_eq!(hooks.view(id).await.types, ["user.created"]);
    for _ in 2..20 {
        hooks.create().await;
    }
    let refused = refusal(admins.create_webhook(&CreateWebhookCommand::new(URL)).await);
    assert_eq!(refused, Refusal::TooManyWebhooks);
    let unconfigured = hooks.f.service.as_admin(&hooks.admin, &client);
    let refused = refusal(unconfigured.create_webhook(&twice).await);
    assert_eq!(refused, Refusal::WebhooksNotConfigured);
}
