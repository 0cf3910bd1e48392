//! The contract of the outbox.

use std::collections::BTreeSet;

use divan_core::store::{
    Account, AccountUpdate, ClaimMessages, FinishedState, MessageChannel, MessageOutcome,
    NewMessage, StoredMessage, WaitingMessages,
};
use divan_core::types::TelegramClient;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{AnyStore, created, employee, id, now};

const CHANNEL: MessageChannel = MessageChannel::Telegram;

/// Inserts users with these numbers and one message each.
async fn with_messages(store: &AnyStore, users: impl IntoIterator<Item = u128>) {
    for user in users {
        store
            .insert_users(&[created(&employee(user))])
            .await
            .unwrap();
        write(store, user, "first").await;
    }
}

async fn write(store: &AnyStore, user: u128, kind: &str) {
    let mut message = NewMessage::new(CHANNEL, id(user), kind, now());
    message.parameters = format!(r#"{{"of":"{kind}"}}"#);
    let change = |_: &mut Account| Ok(Some(AccountUpdate::none().message(message.clone())));
    store
        .update_account(id(user), &change)
        .await
        .unwrap()
        .unwrap();
}

fn claim_at(at: OffsetDateTime, owner: u128, limit: u32) -> ClaimMessages {
    let until = at + Duration::minutes(1);
    ClaimMessages::new(CHANNEL, Uuid::from_u128(owner), at, until, limit)
}

async fn claim(store: &AnyStore, at: OffsetDateTime) -> Vec<StoredMessage> {
    store.claim_messages(&claim_at(at, 1, 100)).await.unwrap()
}

async fn settle(store: &AnyStore, claimed: &StoredMessage, outcome: MessageOutcome) -> bool {
    store.settle_message(claimed.lease, outcome).await.unwrap()
}

fn delivered(at: OffsetDateTime) -> MessageOutcome {
    MessageOutcome::Finished {
        state: FinishedState::Delivered,
        at,
    }
}

pub(crate) async fn a_message_is_written_with_its_change_or_not_at_all(store: AnyStore) {
    store.insert_users(&[created(&employee(1))]).await.unwrap();
    let message = NewMessage::new(CHANNEL, id(1), "first", now());
    let refused = |account: &mut Account| {
        account.user.telegram_id = Some(divan_core::types::TelegramId(1));
        let update = AccountUpdate::none().message(message.clone());
        Ok(Some(update.require_live_session(
            divan_core::types::SessionId(Uuid::from_u128(1)),
        )))
    };
    assert!(
        store
            .update_account(id(1), &refused)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(claim(&store, now()).await, []);

    write(&store, 1, "first").await;
    let [claimed] = &claim(&store, now()).await[..] else {
        panic!("one message")
    };
    let mut expected = message;
    r#"{"of":"first"}"#.clone_into(&mut expected.parameters);
    assert_eq!(claimed.message, expected);
    assert_eq!(
        (claimed.lease.owner, claimed.lease.attempts),
        (Uuid::from_u128(1), 1)
    );
}

pub(crate) async fn a_leased_message_is_claimed_again_after_its_lease_expired(store: AnyStore) {
    with_messages(&store, [1]).await;
    let first = claim(&store, now()).await;
    assert_eq!(claim(&store, now() + Duration::seconds(59)).await, []);
    let later = now() + Duration::minutes(1);
    let second = claim(&store, later).await;
    assert_eq!(second[0].lease.attempts, 2);
    assert!(!settle(&store, &first[0], delivered(later)).await);
    assert!(settle(&store, &second[0], delivered(later)).await);
    assert!(!settle(&store, &second[0], delivered(later)).await);
    assert_eq!(claim(&store, later + Duration::days(1)).await, []);
}

pub(crate) async fn only_the_oldest_message_of_a_user_is_claimed(store: AnyStore) {
    with_messages(&store, [1, 2]).await;
    write(&store, 1, "second").await;
    let kinds = |claimed: &[StoredMessage]| {
        let kinds = claimed.iter().map(|claimed| claimed.message.kind.clone());
        kinds.collect::<Vec<_>>()
    };
    let claimed = claim(&store, now()).await;
    assert_eq!(kinds(&claimed), ["first", "first"]);
    assert_eq!(claim(&store, now()).await, [], "the first is not delivered");

    let retry = MessageOutcome::Retry {
        at: now() + Duration::seconds(30),
    };
    assert!(settle(&store, &claimed[0], retry).await);
    let before = now() + Duration::seconds(29);
    assert_eq!(claim(&store, before).await, [], "the first waits");
    let after = now() + Duration::seconds(30);
    let claimed = claim(&store, after).await;
    assert_eq!(kinds(&claimed), ["first"]);
    assert!(settle(&store, &claimed[0], delivered(after)).await);
    assert_eq!(kinds(&claim(&store, after).await), ["second"]);
}

pub(crate) async fn one_of_concurrent_claims_gets_a_message(store: AnyStore) {
    with_messages(&store, 1..=40).await;
    let tasks = (0..10).map(|owner| {
        let store = store.clone();
        let claim = claim_at(now(), owner, 10);
        tokio::spawn(async move { store.claim_messages(&claim).await.unwrap() })
    });
    let mut claimed = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        let of_one = task.await.unwrap();
        assert!(of_one.len() <= 10);
        claimed.extend(of_one.iter().map(|claimed| claimed.lease.message));
    }
    let left = claim(&store, now()).await;
    claimed.extend(left.iter().map(|claimed| claimed.lease.message));
    let distinct: BTreeSet<i64> = claimed.iter().copied().collect();
    assert_eq!((claimed.len(), distinct.len()), (40, 40));
}

pub(crate) async fn claims_within_a_second_are_limited(store: AnyStore) {
    with_messages(&store, 1..=9).await;
    let claim = async |at: OffsetDateTime, owner| {
        let mut claim = claim_at(at, owner, 3);
        claim.per_second = 5;
        store.claim_messages(&claim).await.unwrap().len()
    };
    assert_eq!(claim(now(), 1).await, 3);
    assert_eq!(claim(now(), 2).await, 2, "the limit is that of all servers");
    let within = now() + Duration::milliseconds(999);
    assert_eq!(claim(within, 1).await, 0);
    assert_eq!(claim(now() + Duration::seconds(1), 1).await, 3);
}

pub(crate) async fn concurrent_claims_within_a_second_are_limited(store: AnyStore) {
    with_messages(&store, 1..=40).await;
    let tasks = (0..10).map(|owner| {
        let store = store.clone();
        let mut claim = claim_at(now(), owner, 5);
        claim.per_second = 12;
        tokio::spawn(async move { store.claim_messages(&claim).await.unwrap().len() })
    });
    let mut claimed = 0;
    for task in tasks.collect::<Vec<_>>() {
        claimed += task.await.unwrap();
    }
    assert!((1..=12).contains(&claimed), "{claimed}");
}

pub(crate) async fn messages_that_have_not_finished_are_counted(store: AnyStore) {
    let count = async || store.waiting_messages(CHANNEL).await.unwrap();
    assert_eq!(count().await, WaitingMessages::default());
    with_messages(&store, 1..=3).await;
    assert_eq!(count().await, WaitingMessages::new(3, Some(now())));
    let claimed = claim(&store, now()).await;
    settle(&store, &claimed[0], delivered(now())).await;
    let at = now() + Duration::minutes(1);
    settle(&store, &claimed[1], MessageOutcome::Retry { at }).await;
    assert_eq!(count().await.count, 2);
}

pub(crate) async fn purge_messages_deletes_messages_that_finished_before(store: AnyStore) {
    with_messages(&store, 1..=3).await;
    let claimed = claim(&store, now()).await;
    let later = now() + Duration::hours(1);
    settle(&store, &claimed[0], delivered(now())).await;
    settle(&store, &claimed[1], delivered(later)).await;
    assert_eq!(store.purge_messages(later).await.unwrap(), 1);
    assert_eq!(store.purge_messages(later).await.unwrap(), 0);
    let after = later + Duration::microseconds(1);
    assert_eq!(store.purge_messages(after).await.unwrap(), 1);
    assert_eq!(store.waiting_messages(CHANNEL).await.unwrap().count, 1);
}

pub(crate) async fn messages_are_deleted_with_their_user(store: AnyStore) {
    with_messages(&store, [1, 2]).await;
    let claimed = claim(&store, now()).await;
    write(&store, 1, "second").await;
    let delete = |_: &mut Account| Ok(Some(AccountUpdate::none().delete_user()));
    store.update_account(id(1), &delete).await.unwrap().unwrap();
    assert_eq!(store.waiting_messages(CHANNEL).await.unwrap().count, 1);
    let of_deleted = claimed.iter().find(|claimed| claimed.message.user == id(1));
    assert!(!settle(&store, of_deleted.unwrap(), delivered(now())).await);
}

pub(crate) async fn the_telegram_client_is_stored_with_the_account(store: AnyStore) {
    store.insert_users(&[created(&employee(1))]).await.unwrap();
    for allowed in [None, Some(true), Some(false)] {
        let mut client = TelegramClient::new(i64::MAX);
        client.language = allowed.map(|_| "kk".to_owned());
        client.allows_write_to_pm = allowed;
        let change = |account: &mut Account| {
            account.telegram_client = Some(client.clone());
            account.seen_devices.push([u8::from(allowed.is_some()); 8]);
            Ok(Some(AccountUpdate::none()))
        };
        let updated = store.update_account(id(1), &change).await.unwrap().unwrap();
        assert_eq!(
            store.account(id(1)).await.unwrap().unwrap(),
            updated.account
        );
    }
}
