//! The contract of the log of events and its consumers.

use std::collections::HashMap;

use divan_core::session::{EndReason, MAX_LIVE_SESSIONS};
use divan_core::store::{
    Account, AccountUpdate, ClaimConsumer, ClaimMessages, ConsumerChange, ConsumerLease,
    ConsumerOutcome, EndSessions, EventLog, EventStore, MessageChannel, NewMessage, PostgresPool,
    StoredConsumer,
};
use divan_core::types::{EventData, SessionId, UserId};
use sqlx::{Connection, Executor, PgConnection};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{AnyStore, begin, created, employee, id, now, postgres_store, session};

fn event(user: u128, number: u128, at: OffsetDateTime) -> NewMessage {
    let (session_id, reason) = (SessionId(Uuid::from_u128(number)), EndReason::SignedOut);
    NewMessage::event(
        id(user),
        &EventData::SessionRevoked { session_id, reason },
        at,
    )
}

/// Writes an event about a user that exists.
async fn write(store: &AnyStore, user: u128, number: u128, at: OffsetDateTime) {
    let event = event(user, number, at);
    let change = |_: &mut Account| Ok(Some(AccountUpdate::none().message(event.clone())));
    let written = store.update_account(id(user), &change).await.unwrap();
    written.unwrap();
}

/// Inserts a user with events of these times.
async fn with_events(store: &AnyStore, times: impl IntoIterator<Item = OffsetDateTime>) {
    let events = times.into_iter().zip(1..).map(|(at, n)| event(1, n, at));
    let new = created(&employee(1)).messages(events);
    store.insert_users(&[new]).await.unwrap();
    store.sequence_events().await.unwrap();
}

async fn positions(store: &AnyStore, after: i64) -> Vec<i64> {
    let events = store.events_after(after, 100).await.unwrap();
    events.iter().map(|event| event.position).collect()
}

/// Reads all events in small pages. Returns users and parameters.
async fn read_all(store: &AnyStore) -> Vec<(UserId, String)> {
    let (mut all, mut position) = (Vec::new(), 0);
    loop {
        let events = store.events_after(position, 7).await.unwrap();
        let Some(last) = events.last() else {
            return all;
        };
        let places = events.iter().map(|event| event.position);
        assert!(places.eq(position + 1..=last.position), "no gaps");
        position = last.position;
        let events = events.into_iter().map(|event| event.message);
        all.extend(events.map(|message| (message.user, message.parameters)));
    }
}

pub(crate) async fn events_get_positions_in_the_order_of_their_ids(store: AnyStore) {
    assert_eq!(store.sequence_events().await.unwrap(), 0);
    assert_eq!(store.event_log().await.unwrap(), EventLog::default());
    let new = [1, 2].map(|user| {
        let events = [1, 2].map(|number| event(user, number, now()));
        created(&employee(user)).messages(events)
    });
    store.insert_users(&new).await.unwrap();
    assert_eq!(positions(&store, 0).await, [0; 0], "no positions yet");
    assert_eq!(store.sequence_events().await.unwrap(), 4);
    assert_eq!(store.sequence_events().await.unwrap(), 0);
    assert_eq!(positions(&store, 0).await, [1, 2, 3, 4]);
    assert_eq!(positions(&store, 2).await, [3, 4]);
    assert_eq!(store.event_log().await.unwrap(), EventLog::new(0, 4));
    let found = store.events_after(1, 2).await.unwrap();
    let messages: Vec<_> = found.iter().map(|event| event.message.clone()).collect();
    assert_eq!(messages, [event(1, 2, now()), event(2, 1, now())]);
    assert!(found[0].id < found[1].id);
}

pub(crate) async fn an_event_is_written_with_its_change_or_not_at_all(store: AnyStore) {
    store.insert_users(&[created(&employee(1))]).await.unwrap();
    let update = AccountUpdate::none()
        .message(event(1, 1, now()))
        .require_live_session(SessionId(Uuid::from_u128(9)));
    let refused = |_: &mut Account| Ok(Some(update.clone()));
    let updated = store.update_account(id(1), &refused).await.unwrap();
    assert!(updated.is_none());
    let mut taken = employee(2);
    taken.user.phone = employee(1).user.phone;
    let taken = created(&taken).messages([event(2, 2, now())]);
    store.insert_users(&[taken]).await.unwrap_err();
    assert_eq!(store.sequence_events().await.unwrap(), 0);
}

pub(crate) async fn concurrent_writers_keep_the_order_of_each_user(store: AnyStore) {
    let new: Vec<_> = (1..=4).map(|user| created(&employee(user))).collect();
    store.insert_users(&new).await.unwrap();
    let writers = (0..8).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            for _ in 0..10 {
                count(&store, writer % 4 + 1).await;
                store.sequence_events().await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    store.sequence_events().await.unwrap();
    let mut next = HashMap::new();
    for (user, parameters) in read_all(&store).await {
        let expected = next.entry(user).or_insert(2);
        assert_eq!(parameters, event(1, *expected, now()).parameters);
        *expected += 1;
    }
    assert_eq!(next, (1..=4).map(|user| (id(user), 22)).collect());
}

/// Increases a number of the account, and writes it in an event.
async fn count(store: &AnyStore, user: u128) {
    let change = |account: &mut Account| {
        account.password_version += 1;
        let event = event(user, account.password_version.into(), now());
        Ok(Some(AccountUpdate::none().message(event)))
    };
    store.update_account(id(user), &change).await.unwrap();
}

pub(crate) async fn the_end_of_each_session_is_reported(store: AnyStore) {
    store.insert_users(&[created(&employee(1))]).await.unwrap();
    for n in 1..=u128::from(MAX_LIVE_SESSIONS) {
        let mut begun = session(n, 1);
        begun.created_at += Duration::seconds(i64::try_from(n).unwrap());
        begun.init_data = Some([u8::try_from(n).unwrap(); 16]);
        begin(&store, begun).await;
    }
    let mut begun = session(99, 1);
    begun.created_at += Duration::hours(1);
    begun.init_data = Some([2; 16]);
    let update = AccountUpdate::none().begin(begun).report_ended(now());
    let end = EndSessions::one(session(3, 1).id, now(), EndReason::SignedOut);
    for update in [
        update,
        AccountUpdate::none().end(end).report_ended(now()),
        AccountUpdate::none().end(end).report_ended(now()),
    ] {
        let change = |_: &mut Account| Ok(Some(update.clone()));
        store.update_account(id(1), &change).await.unwrap().unwrap();
    }
    store.sequence_events().await.unwrap();
    let reported = read_all(&store).await;
    let expected = [
        (1, EndReason::Limit),
        (2, EndReason::Replaced),
        (3, EndReason::SignedOut),
    ]
    .map(|(n, reason)| {
        let event = NewMessage::session_revoked(id(1), session(n, 1).id, reason, now());
        (event.user, event.parameters)
    });
    assert_eq!(reported, expected);
}

pub(crate) async fn events_outlive_their_user_and_are_no_messages(store: AnyStore) {
    with_events(&store, [now()]).await;
    let claim = |channel| {
        let until = now() + Duration::minutes(1);
        ClaimMessages::new(channel, Uuid::from_u128(1), now(), until, 10)
    };
    let telegram = claim(MessageChannel::Telegram);
    assert_eq!(store.claim_messages(&telegram).await.unwrap(), []);
    let update = AccountUpdate::none()
        .message(event(1, 2, now()))
        .delete_user();
    let delete = |_: &mut Account| Ok(Some(update.clone()));
    store.update_account(id(1), &delete).await.unwrap().unwrap();
    let later = now() + Duration::days(1000);
    assert_eq!(store.purge_messages(later).await.unwrap(), 0);
    store.sequence_events().await.unwrap();
    assert_eq!(positions(&store, 0).await, [1, 2]);
}

pub(crate) async fn purge_events_keeps_the_first_recent_event_and_all_after_it(store: AnyStore) {
    let day = Duration::days(1);
    // The clock of a server was behind: its event is not deleted before those in front of it.
    with_events(&store, [now(), now() + day, now(), now() + 2 * day]).await;
    write(&store, 1, 9, now()).await;
    assert_eq!(store.position_before(now()).await.unwrap(), 0);
    let second = now() + Duration::seconds(1);
    assert_eq!(store.position_before(second).await.unwrap(), 1);
    assert_eq!(store.position_before(now() + 3 * day).await.unwrap(), 4);

    assert_eq!(store.purge_events(now()).await.unwrap(), 0);
    assert_eq!(store.purge_events(second).await.unwrap(), 1);
    assert_eq!(store.purge_events(second).await.unwrap(), 0);
    assert_eq!(store.event_log().await.unwrap(), EventLog::new(1, 4));
    assert_eq!(positions(&store, 0).await, [2, 3, 4]);
    assert_eq!(store.purge_events(now() + 3 * day).await.unwrap(), 3);
    assert_eq!(store.event_log().await.unwrap(), EventLog::new(4, 4));
    store.sequence_events().await.unwrap();
    assert_eq!(positions(&store, 0).await, [5], "it had no position");
}

pub(crate) async fn a_purge_deletes_more_events_of_the_log_than_one_batch_has(store: AnyStore) {
    with_events(&store, std::iter::repeat_n(now(), 1500)).await;
    assert_eq!(store.event_log().await.unwrap().newest, 1500);
    let later = now() + Duration::seconds(1);
    assert_eq!(store.purge_events(later).await.unwrap(), 1500);
    assert_eq!(store.event_log().await.unwrap(), EventLog::new(1500, 1500));
}

fn claim_at(at: OffsetDateTime, owner: u128) -> ClaimConsumer {
    let until = at + Duration::seconds(30);
    ClaimConsumer::new("first", Uuid::from_u128(owner), at, until)
}

async fn claim(store: &AnyStore, at: OffsetDateTime, owner: u128) -> Option<ConsumerLease> {
    let claimed = store.claim_consumer(&claim_at(at, owner)).await.unwrap();
    claimed.map(|(lease, _)| lease)
}

async fn only_consumer(store: &AnyStore) -> StoredConsumer {
    let mut consumers = store.event_consumers().await.unwrap();
    assert_eq!(consumers.len(), 1);
    consumers.remove(0)
}

pub(crate) async fn a_consumer_is_added_once(store: AnyStore) {
    assert!(claim(&store, now(), 1).await.is_none(), "it does not exist");
    assert!(store.add_consumer("first", 7).await.unwrap());
    assert!(!store.add_consumer("first", 9).await.unwrap());
    assert!(store.add_consumer("another", 0).await.unwrap());
    let expected = [
        StoredConsumer::new("another", 0),
        StoredConsumer::new("first", 7),
    ];
    assert_eq!(store.event_consumers().await.unwrap(), expected);
    assert!(store.delete_consumer("another").await.unwrap());
    assert!(!store.delete_consumer("another").await.unwrap());
    assert_eq!(only_consumer(&store).await.position, 7);
}

pub(crate) async fn one_server_at_a_time_has_the_lease_of_a_consumer(store: AnyStore) {
    store.add_consumer("first", 0).await.unwrap();
    let tasks = (1..=8).map(|owner| {
        let store = store.clone();
        tokio::spawn(async move { claim(&store, now(), owner).await })
    });
    let mut leases = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        leases.extend(task.await.unwrap());
    }
    let [lease] = &leases[..] else {
        panic!("{leases:?}")
    };
    let delivered = |position, at| ConsumerOutcome::Delivered {
        position,
        at,
        until: at + Duration::seconds(30),
    };
    let at = now() + Duration::seconds(20);
    assert!(
        store
            .settle_consumer(lease, &delivered(3, at))
            .await
            .unwrap()
    );
    let consumer = only_consumer(&store).await;
    assert_eq!((consumer.position, consumer.last_success_at), (3, Some(at)));
    let before = at + Duration::seconds(29);
    assert!(claim(&store, before, 9).await.is_none(), "it was renewed");
    let after = at + Duration::seconds(30);
    let next = claim(&store, after, 9).await.unwrap();
    assert_eq!(next.claims, lease.claims + 1);
    for outcome in [delivered(4, after), ConsumerOutcome::Released] {
        assert!(!store.settle_consumer(lease, &outcome).await.unwrap());
    }
    assert_eq!(only_consumer(&store).await.position, 3);
    let kept = ConsumerOutcome::Kept {
        until: after + Duration::minutes(1),
    };
    assert!(store.settle_consumer(&next, &kept).await.unwrap());
    let later = after + Duration::seconds(59);
    assert!(claim(&store, later, 1).await.is_none());
    let released = ConsumerOutcome::Released;
    assert!(store.settle_consumer(&next, &released).await.unwrap());
    assert!(claim(&store, later, 1).await.is_some());
}

pub(crate) async fn a_failing_consumer_waits_and_may_be_disabled(store: AnyStore) {
    store.add_consumer("first", 5).await.unwrap();
    let retry_at = now() + Duration::minutes(1);
    for (failures, at) in [(1, now()), (2, retry_at)] {
        let lease = claim(&store, at, 1).await.unwrap();
        let failed = ConsumerOutcome::Failed {
            at,
            retry_at,
            error: format!("error {failures}"),
        };
        assert!(store.settle_consumer(&lease, &failed).await.unwrap());
        let consumer = only_consumer(&store).await;
        assert_eq!((consumer.failures, consumer.position), (failures, 5));
        assert_eq!(consumer.failing_since, Some(now()));
        assert_eq!(consumer.last_error, Some(format!("error {failures}")));
    }
    let before = retry_at - Duration::seconds(1);
    assert!(claim(&store, before, 2).await.is_none(), "it waits");

    let lease = claim(&store, retry_at, 2).await.unwrap();
    let disabled = ConsumerOutcome::Disabled {
        at: retry_at,
        error: "gone".to_owned(),
    };
    assert!(store.settle_consumer(&lease, &disabled).await.unwrap());
    let later = retry_at + Duration::days(1);
    assert!(claim(&store, later, 2).await.is_none(), "it is disabled");
    let consumer = only_consumer(&store).await;
    assert_eq!(
        (consumer.disabled_at, consumer.last_error.as_deref()),
        (Some(retry_at), Some("gone"))
    );

    let enable = ConsumerChange::Enable;
    assert!(store.change_consumer("first", enable).await.unwrap());
    let mut expected = StoredConsumer::new("first", 5);
    expected.last_success_at = consumer.last_success_at;
    assert_eq!(only_consumer(&store).await, expected);
    assert!(claim(&store, now(), 2).await.is_some());
    let disable = ConsumerChange::Disable { at: later };
    assert!(store.change_consumer("first", disable).await.unwrap());
    assert_eq!(only_consumer(&store).await.disabled_at, Some(later));
    assert!(!store.change_consumer("unknown", disable).await.unwrap());
}

pub(crate) async fn a_moved_consumer_is_not_moved_back_by_its_server(store: AnyStore) {
    store.add_consumer("first", 9).await.unwrap();
    let lease = claim(&store, now(), 1).await.unwrap();
    let moved = ConsumerChange::MoveTo(2);
    assert!(store.change_consumer("first", moved).await.unwrap());
    let delivered = ConsumerOutcome::Delivered {
        position: 10,
        at: now(),
        until: now() + Duration::minutes(1),
    };
    assert!(!store.settle_consumer(&lease, &delivered).await.unwrap());
    let (_, consumer) = store
        .claim_consumer(&claim_at(now(), 2))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(consumer.position, 2);
}

#[tokio::test]
async fn a_transaction_that_commits_late_is_not_skipped_on_postgres() {
    let (database, store) = postgres_store(PostgresPool::default()).await;
    let insert = "INSERT INTO divan_outbox (channel, user_id, kind, parameters, created_at, attempts, \
         next_attempt_at, state) VALUES ('event', gen_random_uuid(), 'user.created', '{}', 0, 0, 0, 'waiting')";
    let mut late = PgConnection::connect(database.url()).await.unwrap();
    let mut transaction = late.begin().await.unwrap();
    transaction.execute(insert).await.unwrap();
    for _ in 0..3 {
        database.execute(insert).await;
    }
    assert_eq!(store.sequence_events().await.unwrap(), 3);
    let read = store.events_after(0, 10).await.unwrap();
    let seen = read.last().unwrap().position;

    transaction.commit().await.unwrap();
    assert_eq!(store.sequence_events().await.unwrap(), 1);
    let next = store.events_after(seen, 10).await.unwrap();
    assert_eq!(next.len(), 1);
    assert!(next[0].id < read[0].id, "its id is smaller");
    assert_eq!(next[0].position, seen + 1);
}

#[tokio::test]
async fn events_are_not_numbered_while_another_server_does_it_on_postgres() {
    let (database, store) = postgres_store(PostgresPool::default()).await;
    let mut other = PgConnection::connect(database.url()).await.unwrap();
    let mut transaction = other.begin().await.unwrap();
    let lock = "SELECT pg_advisory_xact_lock(4918283721)";
    transaction.execute(lock).await.unwrap();
    let store: AnyStore = std::sync::Arc::new(store);
    with_events(&store, [now()]).await;
    assert_eq!(store.event_log().await.unwrap().newest, 0);
    transaction.commit().await.unwrap();
    assert_eq!(store.sequence_events().await.unwrap(), 1);
}
