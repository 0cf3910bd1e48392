//! The contract of the store traits, run on each store.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod created;
#[path = "event_log/mod.rs"]
mod event_log;
#[path = "outbox/mod.rs"]
mod outbox;
#[path = "services/mod.rs"]
mod services;
#[path = "webhook_store/mod.rs"]
mod webhook_store;

use created::created;
use event_log::{
    a_consumer_is_added_once, a_failing_consumer_waits_and_may_be_disabled,
    a_moved_consumer_is_not_moved_back_by_its_server,
    a_purge_deletes_more_events_of_the_log_than_one_batch_has,
    an_event_is_written_with_its_change_or_not_at_all,
    concurrent_writers_keep_the_order_of_each_user, events_get_positions_in_the_order_of_their_ids,
    events_outlive_their_user_and_are_no_messages,
    one_server_at_a_time_has_the_lease_of_a_consumer,
    purge_events_keeps_the_first_recent_event_and_all_after_it,
    the_end_of_each_session_is_reported,
};
use outbox::{
    a_leased_message_is_claimed_again_after_its_lease_expired,
    a_message_is_written_with_its_change_or_not_at_all, claims_within_a_second_are_limited,
    concurrent_claims_within_a_second_are_limited, messages_are_deleted_with_their_user,
    messages_that_have_not_finished_are_counted, one_of_concurrent_claims_gets_a_message,
    only_the_oldest_message_of_a_user_is_claimed,
    purge_messages_deletes_messages_that_finished_before,
    the_telegram_client_is_stored_with_the_account,
};
use services::{
    a_change_of_a_service_requires_the_seen_version, a_deleted_service_leaves_only_audit_events,
    a_service_is_stored_with_its_secrets, a_use_of_a_service_is_stored_and_kept,
    one_of_concurrent_changes_of_a_service_succeeds, there_are_at_most_a_hundred_services,
};
use std::collections::BTreeSet;
use std::sync::Arc;
use webhook_store::{
    a_change_of_a_webhook_requires_its_lease, a_webhook_changes_with_its_consumer,
    a_webhook_is_deleted_with_its_consumer, concurrent_inserts_keep_the_limit_of_webhooks,
    the_last_error_and_the_key_of_a_webhook_are_stored, webhooks_are_listed_as_they_were_inserted,
};

use divan_core::database_url::DatabaseUrl;
use divan_core::password::PasswordHash;
use divan_core::session::{EndReason, MAX_LIVE_SESSIONS, RotationState, SessionEnd};
use divan_core::store::{
    Account, AccountUpdate, AuditQuery, EndSessions, MAX_CHALLENGE_ATTEMPTS, MemoryStore,
    PasskeyChange, PasskeyUse, PendingTotp, PostgresPool, PostgresStore, SearchTerms,
    SessionAdvance, SessionProof, SqliteStore, Store, StoreError, StoreErrorKind, StoredChallenge,
    StoredDevice, StoredPasskey, StoredPromotion, StoredSession, StoredTotp, UniqueKey, UpdateFn,
    UpdatedAccount, UsedChallenge, UserKeys, UserQuery,
};
use divan_core::throttle::ThrottleUpdate;
use divan_core::types::{
    Audience, AuditAction, AuditEvent, AuditId, AuthMethod, AuthMethods, DeviceId, Metadata,
    PasskeyId, PromotionId, Role, SessionId, TelegramClient, TelegramId, User, UserId,
};
use divan_testing::TestDatabase;
use time::{Duration, OffsetDateTime};

macro_rules! contract {
    ($($test:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test(flavor = "multi_thread")] async fn $test() {
                super::$test(std::sync::Arc::new(super::MemoryStore::new())).await;
            })*
        }
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")] async fn $test() {
                let folder = tempfile::tempdir().unwrap();
                let store = super::SqliteStore::open(&folder.path().join("divan.db")).await.unwrap();
                super::$test(std::sync::Arc::new(store)).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")] async fn $test() {
                let (_database, store) = super::postgres_store(super::PostgresPool::default()).await;
                super::$test(std::sync::Arc::new(store)).await;
            })*
        }
        mod postgres_behind_a_transaction_pool {
            $(#[tokio::test(flavor = "multi_thread")] async fn $test() {
                let mut pool = super::PostgresPool::default();
                pool.statement_cache = false;
                let (_database, store) = super::postgres_store(pool).await;
                super::$test(std::sync::Arc::new(store)).await;
            })*
        }
        mod postgres_with_repeatable_read {
            $(#[tokio::test(flavor = "multi_thread")] async fn $test() {
                let (_database, store) = super::isolated_store("repeatable read").await;
                super::$test(std::sync::Arc::new(store)).await;
            })*
        }
        mod postgres_with_serializable {
            $(#[tokio::test(flavor = "multi_thread")] async fn $test() {
                let (_database, store) = super::isolated_store("serializable").await;
                super::$test(std::sync::Arc::new(store)).await;
            })*
        }
    };
}

contract!(
    account_returns_the_inserted_user_by_every_key,
    unknown_users_and_sessions_are_not_found,
    insert_users_with_a_taken_contact_is_a_conflict,
    one_of_concurrent_inserts_with_the_same_contact_succeeds,
    update_account_writes_all_changes_or_none,
    concurrent_updates_of_an_account_are_serialized,
    a_telegram_account_links_to_one_user,
    one_of_concurrent_links_of_a_telegram_account_succeeds,
    deactivating_the_last_active_administrator_is_rejected,
    concurrent_deactivations_leave_one_administrator,
    session_returns_the_begun_session_and_its_user,
    advance_session_requires_the_seen_state,
    one_of_concurrent_advances_succeeds,
    sessions_end_in_the_transaction_of_the_account_update,
    a_session_above_the_limit_ends_the_oldest,
    purge_sessions_deletes_sessions_that_ended_before,
    a_purge_deletes_more_events_than_one_batch_has,
    audit_returns_the_events_of_a_time_with_the_names_of_their_users,
    insert_users_inserts_all_users_or_none,
    users_by_keys_finds_many_users_at_once,
    users_by_keys_compares_external_ids_as_they_are,
    update_accounts_changes_accounts_and_inserts_users_or_nothing,
    update_accounts_exchanges_unique_values,
    update_accounts_leaves_an_active_administrator,
    metadata_is_listed_on_request_only,
    a_deleted_user_leaves_only_audit_events,
    the_last_active_administrator_cannot_be_deleted,
    concurrent_deletions_leave_one_administrator,
    the_second_factor_is_stored_with_the_account,
    one_of_concurrent_sign_ins_with_the_same_code_succeeds,
    one_of_concurrent_sign_ins_with_the_same_recovery_code_succeeds,
    a_challenge_is_completed_once,
    one_of_concurrent_completions_of_a_challenge_succeeds,
    a_challenge_has_five_attempts_until_it_expires,
    purge_challenges_deletes_expired_challenges,
    a_promotion_ends_once,
    one_of_concurrent_approvals_of_a_promotion_succeeds,
    another_request_replaces_a_promotion,
    expired_promotions_are_purged,
    promotions_are_deleted_with_their_users,
    passkeys_change_with_their_account,
    a_key_pair_is_registered_once,
    one_of_concurrent_registrations_of_a_key_pair_succeeds,
    a_use_of_a_passkey_requires_the_seen_counter,
    one_of_concurrent_uses_of_a_counter_succeeds,
    one_of_concurrent_uses_of_a_challenge_succeeds,
    purge_used_challenges_deletes_expired_marks,
    a_proof_is_stored_with_a_session_of_the_account,
    a_service_is_stored_with_its_secrets,
    a_change_of_a_service_requires_the_seen_version,
    one_of_concurrent_changes_of_a_service_succeeds,
    a_use_of_a_service_is_stored_and_kept,
    a_deleted_service_leaves_only_audit_events,
    there_are_at_most_a_hundred_services,
    a_message_is_written_with_its_change_or_not_at_all,
    a_leased_message_is_claimed_again_after_its_lease_expired,
    only_the_oldest_message_of_a_user_is_claimed,
    one_of_concurrent_claims_gets_a_message,
    claims_within_a_second_are_limited,
    concurrent_claims_within_a_second_are_limited,
    messages_that_have_not_finished_are_counted,
    purge_messages_deletes_messages_that_finished_before,
    messages_are_deleted_with_their_user,
    the_telegram_client_is_stored_with_the_account,
    events_get_positions_in_the_order_of_their_ids,
    an_event_is_written_with_its_change_or_not_at_all,
    concurrent_writers_keep_the_order_of_each_user,
    the_end_of_each_session_is_reported,
    events_outlive_their_user_and_are_no_messages,
    purge_events_keeps_the_first_recent_event_and_all_after_it,
    a_purge_deletes_more_events_of_the_log_than_one_batch_has,
    a_consumer_is_added_once,
    one_server_at_a_time_has_the_lease_of_a_consumer,
    a_failing_consumer_waits_and_may_be_disabled,
    a_moved_consumer_is_not_moved_back_by_its_server,
    webhooks_are_listed_as_they_were_inserted,
    concurrent_inserts_keep_the_limit_of_webhooks,
    a_webhook_changes_with_its_consumer,
    a_change_of_a_webhook_requires_its_lease,
    a_webhook_is_deleted_with_its_consumer,
    the_last_error_and_the_key_of_a_webhook_are_stored,
    a_completed_bootstrap_claim_is_final,
    a_dropped_bootstrap_claim_is_released,
    a_failed_bootstrap_claim_writes_nothing,
    one_of_concurrent_bootstrap_claims_completes,
    ping_succeeds,
);

type AnyStore = Arc<dyn Store>;

async fn postgres_store(pool: PostgresPool) -> (TestDatabase, PostgresStore) {
    open(TestDatabase::create().await, pool).await
}

/// A store on a database whose transactions have another isolation level by default.
async fn isolated_store(level: &str) -> (TestDatabase, PostgresStore) {
    let database = TestDatabase::create().await;
    let set = format!(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = %L', \
         current_database(), '{level}'); END $$"
    );
    database.execute(&set).await;
    open(database, PostgresPool::default()).await
}

async fn open(database: TestDatabase, pool: PostgresPool) -> (TestDatabase, PostgresStore) {
    let DatabaseUrl::Postgres(url) = database.url().parse().unwrap() else {
        panic!("{database:?}")
    };
    let store = PostgresStore::open(&url, pool).await.unwrap();
    (database, store)
}

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_780_000_000).unwrap() + Duration::microseconds(123_456)
}

fn id(n: u128) -> UserId {
    UserId(uuid::Uuid::from_u128(n))
}

fn hash(text: &str) -> PasswordHash {
    PasswordHash::from_stored(text)
}

fn employee(n: u128) -> Account {
    let mut user = User::new(id(n), Role::Employee, format!("Employee {n}"), now());
    user.phone = Some(format!("+7701{n:07}").parse().unwrap());
    Account::new(user, hash("old"))
}

fn admin(n: u128) -> Account {
    let mut user = User::new(id(n), Role::Admin, "Admin", now());
    user.email = Some(format!("admin{n}@example.com").parse().unwrap());
    Account::new(user, hash("old"))
}

fn session(n: u128, user: u128) -> StoredSession {
    let mut session = StoredSession::new(
        SessionId(uuid::Uuid::from_u128(n)),
        id(user),
        Audience::MiniApp,
        [7; 16],
        now(),
        now() + Duration::days(1),
        now() + Duration::days(2),
    );
    session.device = Some("Браузер".to_owned());
    session.address = Some("2001:db8::1".parse().unwrap());
    let mut telegram = TelegramClient::new(1_234_567_890);
    telegram.language = Some("kk".to_owned());
    telegram.allows_write_to_pm = Some(true);
    session.telegram = Some(telegram);
    session.authenticated_at = now() - Duration::hours(1);
    session.auth_methods = AuthMethods::PASSWORD.with(AuthMethod::Telegram);
    session
}

/// Begins a session.
async fn begin(store: &AnyStore, session: StoredSession) -> Vec<SessionId> {
    let change = |_: &mut Account| Ok(Some(AccountUpdate::none().begin(session.clone())));
    store
        .update_account(session.user, &change)
        .await
        .unwrap()
        .unwrap()
        .ended
}

/// Links a Telegram account.
async fn link(store: &AnyStore, user: u128, telegram: i64) -> Result<Account, StoreErrorKind> {
    let change = |account: &mut Account| {
        account.user.telegram_id = Some(TelegramId(telegram));
        Ok(Some(AccountUpdate::none()))
    };
    let updated = store
        .update_account(id(user), &change)
        .await
        .map_err(|error| error.kind())?;
    Ok(updated.unwrap().account)
}

async fn deactivate(store: &AnyStore, user: u128) -> Result<(), StoreErrorKind> {
    let change = |account: &mut Account| {
        account.user.is_active = false;
        Ok(Some(AccountUpdate::none()))
    };
    store
        .update_account(id(user), &change)
        .await
        .map(drop)
        .map_err(|error| error.kind())
}

async fn account_returns_the_inserted_user_by_every_key(store: AnyStore) {
    let mut account = employee(1);
    "Қазақша и ещё по-русски".clone_into(&mut account.user.full_name);
    account.user.email = Some("one@example.com".parse().unwrap());
    account.user.telegram_id = Some(TelegramId(i64::MAX));
    account.user.telegram_username = Some("name".to_owned());
    account.user.external_id = Some("HR-1".parse().unwrap());
    account.metadata = r#"{"a":["Ә","\u0000"]}"#.parse().unwrap();
    account.user.is_active = false;
    account.user.password_change_required = true;
    account.user.last_login_at = Some(now() + Duration::seconds(1));
    account.password_verified_at = Some(now() + Duration::seconds(2));
    store.insert_users(&[created(&account)]).await.unwrap();

    assert_eq!(store.account(id(1)).await.unwrap().unwrap(), account);
    let by_phone = store
        .account_by_phone(account.user.phone.as_ref().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (by_phone.user, by_phone.password_hash),
        (account.user.clone(), hash("old"))
    );
    let by_email = store
        .account_by_email(account.user.email.as_ref().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(by_email.user, account.user);
    let by_telegram = store
        .account_by_telegram(TelegramId(i64::MAX))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(by_telegram, account);
}

async fn unknown_users_and_sessions_are_not_found(store: AnyStore) {
    assert!(store.account(id(1)).await.unwrap().is_none());
    assert!(
        store
            .account_by_phone(&"+77010000001".parse().unwrap())
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        store
            .account_by_email(&"one@example.com".parse().unwrap())
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        store
            .account_by_telegram(TelegramId(1))
            .await
            .unwrap()
            .is_none()
    );
    let uncalled = |_: &mut Account| panic!("there is no such account");
    assert!(
        store
            .update_account(id(1), &uncalled)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        store
            .session(SessionId(uuid::Uuid::from_u128(1)))
            .await
            .unwrap()
            .is_none()
    );
}

async fn insert_users_with_a_taken_contact_is_a_conflict(store: AnyStore) {
    let mut first = employee(1);
    first.user.email = Some("one@example.com".parse().unwrap());
    first.user.telegram_id = Some(TelegramId(7));
    first.user.external_id = Some("HR-1".parse().unwrap());
    store.insert_users(&[created(&first)]).await.unwrap();

    let mut phone = employee(2);
    phone.user.phone.clone_from(&first.user.phone);
    let mut email = employee(2);
    email.user.email.clone_from(&first.user.email);
    let mut telegram = employee(2);
    telegram.user.telegram_id = first.user.telegram_id;
    let mut external = employee(2);
    external
        .user
        .external_id
        .clone_from(&first.user.external_id);
    let cases = [
        (external, UniqueKey::ExternalId),
        (phone, UniqueKey::Phone),
        (email, UniqueKey::Email),
        (telegram, UniqueKey::TelegramId),
    ];
    for (account, key) in cases {
        let error = store.insert_users(&[created(&account)]).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Conflict(key));
        assert!(
            store.account(id(2)).await.unwrap().is_none(),
            "nothing is written"
        );
    }
}

async fn one_of_concurrent_inserts_with_the_same_contact_succeeds(store: AnyStore) {
    type Change = fn(&mut User);
    let same: [(UniqueKey, Change); 4] = [
        (UniqueKey::ExternalId, |user| {
            user.external_id = Some("HR-1".parse().unwrap());
        }),
        (UniqueKey::Phone, |user| {
            user.phone = Some("+77010000000".parse().unwrap());
        }),
        (UniqueKey::Email, |user| {
            user.email = Some("one@example.com".parse().unwrap());
        }),
        (UniqueKey::TelegramId, |user| {
            user.telegram_id = Some(TelegramId(7));
        }),
    ];
    for (round, (key, change)) in (1..).zip(same) {
        let tasks = (1..=20).map(|n| {
            let store = store.clone();
            let mut account = employee(round * 100 + n);
            change(&mut account.user);
            tokio::spawn(async move { store.insert_users(&[created(&account)]).await })
        });
        let mut successes = 0;
        for task in tasks.collect::<Vec<_>>() {
            match task.await.unwrap() {
                Ok(()) => successes += 1,
                Err(error) => assert_eq!(error.kind(), StoreErrorKind::Conflict(key)),
            }
        }
        assert_eq!(successes, 1, "{key:?}");
    }
}

async fn update_account_writes_all_changes_or_none(store: AnyStore) {
    store.insert_users(&[created(&employee(1))]).await.unwrap();
    let change = |account: &mut Account| {
        "Another".clone_into(&mut account.user.full_name);
        account.user.phone = Some("+77019999999".parse().unwrap());
        account.password_hash = hash("new");
        account.password_verified_at = Some(now());
        account.user.is_active = false;
        Ok((account.user.created_at == now()).then(AccountUpdate::none))
    };
    let updated = store.update_account(id(1), &change).await.unwrap().unwrap();
    assert_eq!(
        (updated.account.password_hash.expose(), updated.ended.len()),
        ("new", 0)
    );
    assert_eq!(
        store.account(id(1)).await.unwrap().unwrap(),
        updated.account
    );

    let no = |account: &mut Account| {
        account.user.full_name.clear();
        Ok(None)
    };
    assert!(store.update_account(id(1), &no).await.unwrap().is_none());
    let rejecting = |account: &mut Account| {
        account.user.full_name.clear();
        Err(StoreError::rejected(std::fmt::Error))
    };
    let error = store.update_account(id(1), &rejecting).await.unwrap_err();
    assert_eq!(
        error.into_rejection::<std::fmt::Error>().unwrap(),
        std::fmt::Error
    );
    assert_eq!(
        store.account(id(1)).await.unwrap().unwrap(),
        updated.account
    );
}

async fn concurrent_updates_of_an_account_are_serialized(store: AnyStore) {
    store.insert_users(&[created(&employee(1))]).await.unwrap();
    let tasks = (0..20).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let longer = |account: &mut Account| {
                account.user.full_name.push('+');
                Ok(Some(AccountUpdate::none()))
            };
            store.update_account(id(1), &longer).await.unwrap().unwrap();
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let name = store.account(id(1)).await.unwrap().unwrap().user.full_name;
    assert_eq!(name.matches('+').count(), 20, "{name}");
}

async fn a_telegram_account_links_to_one_user(store: AnyStore) {
    store.insert_users(&[created(&employee(1))]).await.unwrap();
    store.insert_users(&[created(&employee(2))]).await.unwrap();
    link(&store, 1, 7).await.unwrap();
    assert_eq!(
        link(&store, 2, 7).await,
        Err(StoreErrorKind::Conflict(UniqueKey::TelegramId))
    );
    assert_eq!(store.account(id(2)).await.unwrap().unwrap(), employee(2));
}

async fn one_of_concurrent_links_of_a_telegram_account_succeeds(store: AnyStore) {
    for n in 1..=10 {
        store.insert_users(&[created(&employee(n))]).await.unwrap();
    }
    let tasks = (1..=10).map(|n| {
        let store = store.clone();
        tokio::spawn(async move { link(&store, n, 7).await })
    });
    let mut successes = 0;
    for task in tasks.collect::<Vec<_>>() {
        match task.await.unwrap() {
            Ok(_) => successes += 1,
            Err(kind) => assert_eq!(kind, StoreErrorKind::Conflict(UniqueKey::TelegramId)),
        }
    }
    assert_eq!(successes, 1);
}

async fn deactivating_the_last_active_administrator_is_rejected(store: AnyStore) {
    let mut inactive = admin(2);
    inactive.user.is_active = false;
    store.insert_users(&[created(&admin(1))]).await.unwrap();
    store.insert_users(&[created(&inactive)]).await.unwrap();
    assert_eq!(deactivate(&store, 1).await, Err(StoreErrorKind::LastAdmin));
    assert!(store.account(id(1)).await.unwrap().unwrap().user.is_active);
    store.insert_users(&[created(&admin(3))]).await.unwrap();
    deactivate(&store, 1).await.unwrap();
    assert_eq!(deactivate(&store, 3).await, Err(StoreErrorKind::LastAdmin));
}

async fn concurrent_deactivations_leave_one_administrator(store: AnyStore) {
    for n in 1..=10 {
        store.insert_users(&[created(&admin(n))]).await.unwrap();
    }
    let tasks = (1..=10).map(|n| {
        let store = store.clone();
        tokio::spawn(async move { deactivate(&store, n).await })
    });
    let mut rejected = 0;
    for task in tasks.collect::<Vec<_>>() {
        match task.await.unwrap() {
            Ok(()) => {}
            Err(kind) => {
                assert_eq!(kind, StoreErrorKind::LastAdmin);
                rejected += 1;
            }
        }
    }
    assert_eq!(rejected, 1);
}

async fn session_returns_the_begun_session_and_its_user(store: AnyStore) {
    store.insert_users(&[created(&employee(1))]).await.unwrap();
    let complete = session(1, 1);
    let mut minimal = session(2, 1);
    (minimal.device, minimal.address) = (None, None);
    minimal.audience = Audience::Admin;
    for session in [complete, minimal] {
        assert!(begin(&store, session.clone()).await.is_empty());
        let found = store.session(session.id).await.unwrap();
        assert_eq!(found, Some((session, employee(1).user)));
    }
    let live = store.sessions_of(id(1), now()).await.unwrap();
    assert_eq!(
        live.iter()
            .map(|session| session.id.0.as_u128())
            .collect::<Vec<_>>(),
        [2, 1]
    );
    assert!(
        store
            .sessions_of(id(1), now() + Duration::days(1))
            .await
            .unwrap()
            .is_empty()
    );
    assert!(store.sessions_of(id(2), now()).await.unwrap().is_empty());
}

async fn advance_session_requires_the_seen_state(store: AnyStore) {
    store.insert_users(&[created(&employee(1))]).await.unwrap();
    let begun = session(1, 1);
    begin(&store, begun.clone()).await;
    let next = RotationState::from_parts(2, 1, now() + Duration::seconds(5), true);
    let expires_at = now() + Duration::hours(30);
    let advance = SessionAdvance::new(begun.id, begun.rotation, next, expires_at);
    assert!(store.advance_session(&advance).await.unwrap());
    let (stored, _) = store.session(begun.id).await.unwrap().unwrap();
    let mut expected = begun.clone();
    expected.rotation = next;
    expected.expires_at = expires_at;
    assert_eq!(stored, expected);
    let from = |seen| SessionAdvance::new(begun.id, seen, next, expires_at);
    for stale in [
        begun.rotation,
        RotationState::from_parts(2, 1, now(), true),
        RotationState::from_parts(2, 1, now() + Duration::seconds(5), false),
        RotationState::from_parts(2, 0, now() + Duration::seconds(5), true),
    ] {
        assert!(
            !store.advance_session(&from(stale)).await.unwrap(),
            "{stale:?}"
        );
    }
    let end = EndSessions::all(now(), EndReason::SignedOut);
    store
        .update_account(id(1), &|_: &mut Account| {
            Ok(Some(AccountUpdate::none().end(end)))
        })
        .await
        .unwrap();
    assert!(!store.advance_session(&from(next)).await.unwrap());
}

async fn one_of_concurrent_advances_succeeds(store: AnyStore) {
    store.insert_users(&[created(&employee(1))]).await.unwrap();
    let begun = session(1, 1);
    begin(&store, begun.clone()).await;
    let next = RotationState::from_parts(2, 1, now(), false);
    let advance = SessionAdvance::new(begun.id, begun.rotation, next, begun.expires_at);
    let tasks = (0..20).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.advance_session(&advance).await.unwrap() })
    });
    let mut successes = 0;
    for task in tasks.collect::<Vec<_>>() {
        successes += u32::from(task.await.unwrap());
    }
    assert_eq!(successes, 1);
}

async fn sessions_end_in_the_transaction_of_the_account_update(store: AnyStore) {
    let taken = linked_telegram_account(&store).await;
    for n in 1..=3 {
        begin(&store, session(n, 1)).await;
    }
    begin(&store, session(4, 2)).await;
    let (at, reason) = (now() + Duration::seconds(1), EndReason::Deactivated);
    let end_all = EndSessions::all(at, reason);
    let end_one = |n| EndSessions::one(session(n, 1).id, at, reason);
    // The account update fails, so the sessions stay.
    let failing = |account: &mut Account| {
        account.user.telegram_id = Some(taken);
        Ok(Some(AccountUpdate::none().end(end_all)))
    };
    store.update_account(id(1), &failing).await.unwrap_err();
    assert_eq!(store.sessions_of(id(1), now()).await.unwrap().len(), 3);

    let one = |_: &mut Account| Ok(Some(AccountUpdate::none().end(end_one(2))));
    let updated = store.update_account(id(1), &one).await.unwrap().unwrap();
    assert_eq!(updated.ended, [session(2, 1).id]);
    let (ended, _) = store.session(session(2, 1).id).await.unwrap().unwrap();
    assert_eq!(ended.end, Some(SessionEnd::new(at, reason)));
    let of_another_user = |_: &mut Account| Ok(Some(AccountUpdate::none().end(end_one(4))));
    assert!(
        store
            .update_account(id(1), &of_another_user)
            .await
            .unwrap()
            .unwrap()
            .ended
            .is_empty()
    );

    let all = |_: &mut Account| {
        Ok(Some(
            AccountUpdate::none().end(end_all).begin(session(5, 1)),
        ))
    };
    assert_eq!(
        store
            .update_account(id(1), &all)
            .await
            .unwrap()
            .unwrap()
            .ended
            .len(),
        2
    );
    let live = store.sessions_of(id(1), now()).await.unwrap();
    assert_eq!(
        live.iter()
            .map(|session| session.id.0.as_u128())
            .collect::<Vec<_>>(),
        [5]
    );
    assert_eq!(store.sessions_of(id(2), now()).await.unwrap().len(), 1);
}

/// Inserts two employees and links a Telegram account to the second one. Returns its id.
async fn linked_telegram_account(store: &AnyStore) -> TelegramId {
    store.insert_users(&[created(&employee(1))]).await.unwrap();
    store.insert_users(&[created(&employee(2))]).await.unwrap();
    link(store, 2, 7).await.unwrap();
    TelegramId(7)
}

async fn a_session_above_the_limit_ends_the_oldest(store: AnyStore) {
    store.insert_users(&[created(&employee(1))]).await.unwrap();
    let many = u128::from(MAX_LIVE_SESSIONS);
    for n in 1..=many {
        let mut session = session(n, 1);
        session.created_at += Duration::seconds(i64::try_from(n).unwrap());
        assert!(begin(&store, session).await.is_empty());
    }
    // The new session stays even if the clock was set back.
    let ended = begin(&store, session(100, 1)).await;
    assert_eq!(ended, [session(1, 1).id]);
    let live = store.sessions_of(id(1), now()).await.unwrap();
    assert_eq!(live.len(), MAX_LIVE_SESSIONS as usize);
    assert!(live.iter().any(|session| session.id.0.as_u128() == 100));
    let (oldest, _) = store.session(session(1, 1).id).await.unwrap().unwrap();
    assert_eq!(oldest.end.map(|end| end.reason), Some(EndReason::Limit));
}

async fn purge_sessions_deletes_sessions_that_ended_before(store: AnyStore) {
    store.insert_users(&[created(&employee(1))]).await.unwrap();
    for n in 1..=3 {
        begin(&store, session(n, 1)).await;
    }
    let mut lasting = session(4, 1);
    lasting.ends_at = now() + Duration::days(90);
    begin(&store, lasting).await;
    let end = EndSessions::one(session(1, 1).id, now(), EndReason::SignedOut);
    store
        .update_account(id(1), &|_: &mut Account| {
            Ok(Some(AccountUpdate::none().end(end)))
        })
        .await
        .unwrap();
    assert_eq!(store.purge_sessions(now()).await.unwrap(), 0);
    assert_eq!(
        store
            .purge_sessions(now() + Duration::seconds(1))
            .await
            .unwrap(),
        1
    );
    assert_eq!(
        store
            .purge_sessions(now() + Duration::days(3))
            .await
            .unwrap(),
        2
    );
    assert!(store.session(session(4, 1).id).await.unwrap().is_some());
}

async fn a_purge_deletes_more_events_than_one_batch_has(store: AnyStore) {
    let at = |n: u128| match n {
        0..1_500 => now(),
        1_500..2_300 => now() + Duration::seconds(1),
        _ => now() + Duration::seconds(2),
    };
    let event = |n| {
        let id = AuditId(uuid::Uuid::from_u128(n));
        AuditEvent::new(id, at(n), AuditAction::UserUpdated, None)
    };
    let events: Vec<AuditEvent> = (0..2_310).map(event).collect();
    for events in events.chunks(500) {
        let nothing = ThrottleUpdate::charge(Vec::new(), now());
        let _ = store.update_counters(&nothing, events).await.unwrap();
    }
    let purged = store.purge_audit(now() + Duration::seconds(2)).await;
    assert_eq!(purged.unwrap(), 2_300);
    let left = store.audit(&AuditQuery::newest(20)).await.unwrap();
    assert_eq!(left.len(), 10);
    assert_eq!(store.purge_audit(now()).await.unwrap(), 0);
}

async fn audit_returns_the_events_of_a_time_with_the_names_of_their_users(store: AnyStore) {
    store
        .insert_users(&[created(&employee(1)), created(&employee(2))])
        .await
        .unwrap();
    let millis = u128::try_from(now().unix_timestamp_nanos() / 1_000_000).unwrap();
    let event = |hours: u32| {
        let id = uuid::Uuid::from_u128((millis + 3_600_000 * u128::from(hours)) << 80);
        let at = now() + Duration::hours(i64::from(hours));
        let mut event =
            AuditEvent::new(AuditId(id), at, AuditAction::UserUpdated, Some(self::id(1)));
        event.actor_id = Some(self::id(2));
        event
    };
    let nothing = ThrottleUpdate::charge(Vec::new(), now());
    let events: Vec<_> = (10..20).map(event).collect();
    let _ = store.update_counters(&nothing, &events).await.unwrap();

    let named = |event: &AuditEvent| {
        let mut event = event.clone();
        event.actor_name = Some(employee(2).user.full_name);
        event.subject_name = Some(employee(1).user.full_name);
        event
    };
    let mut query = AuditQuery::newest(20);
    (query.from, query.to) = (Some(events[3].at), Some(events[6].at));
    let found = store.audit(&query).await.unwrap();
    let expected: Vec<_> = events[3..6].iter().rev().map(named).collect();
    assert_eq!(found, expected);
    query.before = Some(events[5].id);
    assert_eq!(store.audit(&query).await.unwrap(), expected[1..]);
    (query.from, query.to) = (None, Some(now()));
    assert_eq!(store.audit(&query).await.unwrap(), []);

    delete(&store, 1).await.unwrap().unwrap();
    query.to = None;
    let found = store.audit(&query).await.unwrap();
    assert_eq!(found[0].subject_name, None);
    assert_eq!(found[0].actor_name, expected[0].actor_name);
}

async fn insert_users_inserts_all_users_or_none(store: AnyStore) {
    store.insert_users(&[]).await.unwrap();
    let many: Vec<_> = (1..=1201).map(|n| created(&employee(n))).collect();
    let mut with_a_conflict = many.clone();
    with_a_conflict[1200].account.user.phone = employee(7).user.phone;
    let error = store.insert_users(&with_a_conflict).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Conflict(UniqueKey::Phone));
    assert!(store.account(id(1)).await.unwrap().is_none());
    assert!(
        store
            .audit(&AuditQuery::newest(10))
            .await
            .unwrap()
            .is_empty()
    );

    store.insert_users(&many).await.unwrap();
    for n in [1, 500, 501, 1201] {
        assert_eq!(store.account(id(n)).await.unwrap().unwrap(), employee(n));
    }
    assert_eq!(
        store.audit(&AuditQuery::newest(2000)).await.unwrap().len(),
        1201
    );
}

async fn users_by_keys_finds_many_users_at_once(store: AnyStore) {
    let many: Vec<_> = (1..=1201).map(|n| created(&employee(n))).collect();
    store.insert_users(&many).await.unwrap();
    let mut linked = admin(2001);
    linked.user.telegram_id = Some(TelegramId(77));
    let admins = [created(&admin(2000)), created(&linked)];
    store.insert_users(&admins).await.unwrap();
    let mut keys = UserKeys::default();
    assert!(store.users_by_keys(&keys).await.unwrap().is_empty());

    keys.phones = (1..=1300).filter_map(|n| employee(n).user.phone).collect();
    keys.emails = (1..=2000).filter_map(|n| admin(n).user.email).collect();
    keys.telegram_ids = (1..=1000).map(TelegramId).collect();
    let found = store.users_by_keys(&keys).await.unwrap();
    let found: BTreeSet<_> = found.into_iter().map(|user| user.id).collect();
    assert_eq!(found, (1..=1201).chain([2000, 2001]).map(id).collect());
}

/// Names an account and inserts an audit event; ends the sessions of user 1.
fn rename(account: &mut Account) -> AccountUpdate {
    let user = account.user.id;
    "Changed".clone_into(&mut account.user.full_name);
    let event = AuditEvent::new(
        AuditId(uuid::Uuid::from_u128(user.0.as_u128() + 10_000)),
        now(),
        AuditAction::UserUpdated,
        Some(user),
    );
    let update = AccountUpdate::none().event(event);
    if user == id(1) {
        update.end(EndSessions::all(now(), EndReason::Deactivated))
    } else {
        update
    }
}

async fn update_accounts_changes_accounts_and_inserts_users_or_nothing(store: AnyStore) {
    let many: Vec<_> = (1..=701).map(|n| created(&employee(n))).collect();
    store.insert_users(&many).await.unwrap();
    begin(&store, session(1, 1)).await;
    let all: BTreeSet<UserId> = (1..=701).map(id).collect();
    let with_unknown: BTreeSet<UserId> = (1..=702).map(id).collect();
    let change = |account: &mut Account| Ok(Some(rename(account)));
    let new = [created(&employee(5000))];
    let same_phone = [
        created(&employee(5001)),
        created(&{
            let mut account = employee(5002);
            account.user.phone = employee(701).user.phone;
            account
        }),
    ];
    let rejecting = |account: &mut Account| {
        let is_last = account.user.id == id(701);
        Ok((!is_last).then(|| rename(account)))
    };
    for (ids, change, new, expected) in [
        (&with_unknown, &change as &UpdateFn<'_>, &new[..], None),
        (&all, &rejecting, &new, None),
        (&all, &change, &same_phone, Some(UniqueKey::Phone)),
    ] {
        let result = store.update_accounts(ids, change, new).await;
        match expected {
            None => assert!(result.unwrap().is_none()),
            Some(key) => assert_eq!(result.unwrap_err().kind(), StoreErrorKind::Conflict(key)),
        }
        assert_eq!(store.account(id(1)).await.unwrap().unwrap(), employee(1));
        assert!(
            store
                .session(SessionId(uuid::Uuid::from_u128(1)))
                .await
                .unwrap()
                .unwrap()
                .0
                .end
                .is_none()
        );
        for inserted in [5000, 5001] {
            assert!(store.account(id(inserted)).await.unwrap().is_none());
        }
        assert_eq!(
            store.audit(&AuditQuery::newest(2000)).await.unwrap().len(),
            701
        );
    }

    let updated = store
        .update_accounts(&all, &change, &new)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(updated.len(), 701);
    let ended: Vec<SessionId> = updated
        .into_iter()
        .flat_map(|updated| updated.ended)
        .collect();
    assert_eq!(ended, [SessionId(uuid::Uuid::from_u128(1))]);
    let changed = store.account(id(701)).await.unwrap().unwrap();
    assert_eq!(changed.user.full_name, "Changed");
    let mut query = UserQuery::newest(1000);
    query.terms = SearchTerms::parse("changed").unwrap();
    assert_eq!(store.users(&query).await.unwrap().users.len(), 701);
    assert!(store.account(id(5000)).await.unwrap().is_some());
    assert_eq!(
        store.audit(&AuditQuery::newest(2000)).await.unwrap().len(),
        1403
    );
}

async fn update_accounts_exchanges_unique_values(store: AnyStore) {
    let mut accounts = [employee(1), employee(2)];
    for (n, account) in accounts.iter_mut().enumerate() {
        account.user.email = Some(format!("{n}@example.com").parse().unwrap());
        account.user.telegram_id = Some(TelegramId(i64::try_from(n).unwrap()));
        account.user.external_id = Some(format!("E{n}").parse().unwrap());
    }
    store
        .insert_users(&accounts.each_ref().map(created))
        .await
        .unwrap();
    let [one, two] = accounts;
    let exchange = |account: &mut Account| {
        let other = if account.user.id == one.user.id {
            &two
        } else {
            &one
        };
        account.user.phone.clone_from(&other.user.phone);
        account.user.email.clone_from(&other.user.email);
        account.user.telegram_id = other.user.telegram_id;
        account.user.external_id.clone_from(&other.user.external_id);
        Ok(Some(AccountUpdate::none()))
    };
    let ids = BTreeSet::from([id(1), id(2)]);
    store
        .update_accounts(&ids, &exchange, &[])
        .await
        .unwrap()
        .unwrap();
    let changed = store.account(id(1)).await.unwrap().unwrap().user;
    assert_eq!(
        (changed.phone, changed.email),
        (two.user.phone.clone(), two.user.email.clone())
    );
    assert_eq!(
        (changed.telegram_id, changed.external_id),
        (two.user.telegram_id, two.user.external_id.clone())
    );

    let same = |account: &mut Account| {
        account.user.phone.clone_from(&one.user.phone);
        Ok(Some(AccountUpdate::none()))
    };
    let error = store.update_accounts(&ids, &same, &[]).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Conflict(UniqueKey::Phone));
}

async fn update_accounts_leaves_an_active_administrator(store: AnyStore) {
    store
        .insert_users(&[created(&admin(1)), created(&admin(2))])
        .await
        .unwrap();
    let deactivate = |account: &mut Account| {
        account.user.is_active = false;
        Ok(Some(AccountUpdate::none()))
    };
    let both = BTreeSet::from([id(1), id(2)]);
    let error = store
        .update_accounts(&both, &deactivate, &[])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::LastAdmin);
    assert!(store.account(id(1)).await.unwrap().unwrap().user.is_active);
    let successor = [created(&admin(3))];
    store
        .update_accounts(&both, &deactivate, &successor)
        .await
        .unwrap()
        .unwrap();
    assert!(!store.account(id(2)).await.unwrap().unwrap().user.is_active);
    assert!(store.is_bootstrapped().await.unwrap());
}

async fn users_by_keys_compares_external_ids_as_they_are(store: AnyStore) {
    let with_id = |n: u128, text: &str| {
        let mut account = employee(n);
        account.user.external_id = Some(text.parse().unwrap());
        created(&account)
    };
    let ids = ["A1", "a1", "Ә1", "А1", "1' OR true --"];
    let many: Vec<_> = (1..).zip(ids).map(|(n, text)| with_id(n, text)).collect();
    store.insert_users(&many).await.unwrap();
    store.insert_users(&[created(&employee(9))]).await.unwrap();

    let mut keys = UserKeys::default();
    keys.external_ids = ["A1", "1' OR true --", "unknown"]
        .map(|text| text.parse().unwrap())
        .into();
    let found = store.users_by_keys(&keys).await.unwrap();
    let found: BTreeSet<_> = found.into_iter().map(|user| user.id).collect();
    assert_eq!(found, [1, 5].map(id).into());

    let mut query = UserQuery::newest(10);
    query.external_id = Some("a1".parse().unwrap());
    let page = store.users(&query).await.unwrap();
    assert_eq!(
        page.users.iter().map(|user| user.id).collect::<Vec<_>>(),
        [id(2)]
    );
}

async fn metadata_is_listed_on_request_only(store: AnyStore) {
    store
        .insert_users(&[created(&employee(1)), created(&employee(2))])
        .await
        .unwrap();
    let metadata: Metadata = r#"{"department":"sales"}"#.parse().unwrap();
    let change = |account: &mut Account| {
        account.metadata.clone_from(&metadata);
        Ok(Some(AccountUpdate::none()))
    };
    let updated = store.update_account(id(2), &change).await.unwrap().unwrap();
    assert_eq!(updated.account.metadata, metadata);

    let listed = async |query: &UserQuery| {
        let users = store.users(query).await.unwrap().users;
        users
            .into_iter()
            .map(|user| user.metadata)
            .collect::<Vec<_>>()
    };
    let mut query = UserQuery::newest(10);
    assert_eq!(listed(&query).await, [None, None]);
    query.with_metadata = true;
    assert_eq!(
        listed(&query).await,
        [Some(metadata), Some(Metadata::default())]
    );
}

async fn delete(store: &AnyStore, user: u128) -> Result<Option<User>, StoreErrorKind> {
    let event = AuditEvent::new(
        AuditId(uuid::Uuid::from_u128(1 << 64 | user)),
        now(),
        AuditAction::UserDeleted,
        Some(id(user)),
    );
    let change = |_: &mut Account| {
        Ok(Some(
            AccountUpdate::none().delete_user().event(event.clone()),
        ))
    };
    let deleted = store.update_account(id(user), &change).await;
    let deleted = deleted.map_err(|error| error.kind())?;
    Ok(deleted.map(|deleted| deleted.account.user))
}

async fn a_deleted_user_leaves_only_audit_events(store: AnyStore) {
    let mut account = employee(1);
    account.user.email = Some("one@example.com".parse().unwrap());
    account.user.telegram_id = Some(TelegramId(7));
    account.user.external_id = Some("HR-1".parse().unwrap());
    store
        .insert_users(&[created(&account), created(&employee(2))])
        .await
        .unwrap();
    let device = StoredDevice::new(DeviceId(uuid::Uuid::from_u128(9)), id(1), 1, now());
    let begin = |_: &mut Account| {
        let update = AccountUpdate::none().begin(session(5, 1));
        let update = update.begin_challenge(challenge(7, 1));
        let update = update.passkey(PasskeyChange::Add(passkey(1, 1)));
        Ok(Some(update.keep_device(device.clone())))
    };
    store.update_account(id(1), &begin).await.unwrap().unwrap();
    assert_eq!(delete(&store, 1).await.unwrap(), Some(account.user.clone()));

    assert_eq!(store.account(id(1)).await.unwrap(), None);
    let phone = account.user.phone.as_ref().unwrap();
    assert_eq!(store.account_by_phone(phone).await.unwrap(), None);
    let session = store.session(SessionId(uuid::Uuid::from_u128(5))).await;
    assert_eq!(session.unwrap(), None);
    assert_eq!(store.device(device.id).await.unwrap(), None);
    assert_eq!(store.challenge(&[7; 32]).await.unwrap(), None);
    assert_eq!(store.passkeys_of(id(1)).await.unwrap(), []);
    let mut query = UserQuery::newest(10);
    query.terms = SearchTerms::parse("employee").unwrap();
    let left = store.users(&query).await.unwrap().users;
    assert_eq!(left, [employee(2).user]);
    let events = store.audit(&AuditQuery::newest(10)).await.unwrap();
    assert_eq!(
        events
            .iter()
            .filter(|event| event.subject_id == Some(id(1)))
            .count(),
        2
    );
    assert_eq!(delete(&store, 1).await.unwrap(), None);

    account.user.id = id(3);
    store.insert_users(&[created(&account)]).await.unwrap();
}

async fn the_last_active_administrator_cannot_be_deleted(store: AnyStore) {
    store
        .insert_users(&[created(&admin(1)), created(&admin(2))])
        .await
        .unwrap();
    deactivate(&store, 2).await.unwrap();
    assert_eq!(delete(&store, 1).await, Err(StoreErrorKind::LastAdmin));
    assert!(store.account(id(1)).await.unwrap().is_some());
    assert!(delete(&store, 2).await.unwrap().is_some());
}

async fn concurrent_deletions_leave_one_administrator(store: AnyStore) {
    let admins: Vec<_> = (1..=10).map(|n| created(&admin(n))).collect();
    store.insert_users(&admins).await.unwrap();
    let tasks = (1..=10).map(|n| {
        let store = store.clone();
        tokio::spawn(async move { delete(&store, n).await })
    });
    let mut deleted = 0;
    for task in tasks.collect::<Vec<_>>() {
        match task.await.unwrap() {
            Ok(user) => deleted += usize::from(user.is_some()),
            Err(kind) => assert_eq!(kind, StoreErrorKind::LastAdmin),
        }
    }
    assert_eq!(deleted, 9);
}

async fn the_second_factor_is_stored_with_the_account(store: AnyStore) {
    let mut account = admin(1);
    let codes = vec![[1; 32], [2; 32]];
    account.second_factor.recovery_codes.clone_from(&codes);
    account.second_factor.totp = Some(StoredTotp::new(vec![1; 64], now(), 59_333_333));
    account.second_factor.passkeys = 3;
    store.insert_users(&[created(&account)]).await.unwrap();
    assert_eq!(store.account(id(1)).await.unwrap(), Some(account.clone()));

    account.second_factor.recovery_codes.clear();
    account.second_factor.totp = None;
    let pending = PendingTotp::new(vec![2; 64], now(), SessionId(uuid::Uuid::from_u128(5)));
    account.second_factor.pending = Some(pending);
    let replace = |current: &mut Account| {
        current.second_factor = account.second_factor.clone();
        Ok(Some(AccountUpdate::none()))
    };
    store
        .update_account(id(1), &replace)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(store.account(id(1)).await.unwrap(), Some(account.clone()));
}

/// Runs a change of an account ten times at once, as replicas do. Returns how often it succeeded.
async fn at_once(store: &AnyStore, change: Arc<UpdateFn<'static>>) -> usize {
    let tasks = (0..10).map(|_| {
        let (store, change) = (store.clone(), change.clone());
        tokio::spawn(async move { store.update_account(id(1), &*change).await })
    });
    let mut succeeded = 0;
    for task in tasks.collect::<Vec<_>>() {
        succeeded += usize::from(task.await.unwrap().unwrap().is_some());
    }
    succeeded
}

async fn one_of_concurrent_sign_ins_with_the_same_code_succeeds(store: AnyStore) {
    let mut account = admin(1);
    account.second_factor.totp = Some(StoredTotp::new(vec![1; 64], now(), 10));
    store.insert_users(&[created(&account)]).await.unwrap();
    let accept = |account: &mut Account| {
        let totp = account.second_factor.totp.as_mut().unwrap();
        if totp.last_step >= 11 {
            return Ok(None);
        }
        totp.last_step = 11;
        Ok(Some(AccountUpdate::none()))
    };
    assert_eq!(at_once(&store, Arc::new(accept)).await, 1);
}

async fn one_of_concurrent_sign_ins_with_the_same_recovery_code_succeeds(store: AnyStore) {
    let mut account = admin(1);
    account.second_factor.recovery_codes = vec![[1; 32], [2; 32]];
    store.insert_users(&[created(&account)]).await.unwrap();
    let accept = |account: &mut Account| {
        let codes = &mut account.second_factor.recovery_codes;
        let found = codes.iter().position(|code| *code == [1; 32]);
        Ok(found.map(|found| {
            codes.remove(found);
            AccountUpdate::none()
        }))
    };
    assert_eq!(at_once(&store, Arc::new(accept)).await, 1);
    let left = store.account(id(1)).await.unwrap().unwrap();
    assert_eq!(left.second_factor.recovery_codes, [[2; 32]]);
}

fn challenge(n: u8, user: u128) -> StoredChallenge {
    let expires_at = now() + Duration::minutes(5);
    let mut challenge = StoredChallenge::new([n; 32], id(user), 3, expires_at);
    challenge.device = Some(DeviceId(uuid::Uuid::from_u128(9)));
    challenge.address = Some("2001:db8::1".parse().unwrap());
    challenge
}

async fn begin_challenge(store: &AnyStore, challenge: &StoredChallenge) {
    let change = |_: &mut Account| {
        Ok(Some(
            AccountUpdate::none().begin_challenge(challenge.clone()),
        ))
    };
    let begun = store.update_account(challenge.user, &change).await;
    begun.unwrap().unwrap();
}

/// Completes a challenge with a change of the account. Returns `false` if nothing was changed.
async fn complete_challenge(store: &AnyStore, n: u8, user: u128) -> bool {
    let change = |account: &mut Account| {
        "Completed".clone_into(&mut account.user.full_name);
        Ok(Some(AccountUpdate::none().complete_challenge([n; 32])))
    };
    let completed = store.update_account(id(user), &change).await;
    completed.unwrap().is_some()
}

async fn a_challenge_is_completed_once(store: AnyStore) {
    store
        .insert_users(&[created(&admin(1)), created(&admin(2))])
        .await
        .unwrap();
    let mut without_device = challenge(8, 1);
    (without_device.device, without_device.address) = (None, None);
    for begun in [challenge(7, 1), without_device] {
        begin_challenge(&store, &begun).await;
        assert_eq!(store.challenge(&begun.id).await.unwrap(), Some(begun));
    }
    assert!(!complete_challenge(&store, 7, 2).await, "of another user");
    assert!(!complete_challenge(&store, 9, 1).await, "unknown");
    for user in [1, 2] {
        let account = store.account(id(user)).await.unwrap().unwrap();
        assert_eq!(account.user.full_name, "Admin");
    }
    assert!(complete_challenge(&store, 7, 1).await);
    assert!(!complete_challenge(&store, 7, 1).await);
    assert_eq!(store.challenge(&[7; 32]).await.unwrap(), None);
    assert!(store.challenge(&[8; 32]).await.unwrap().is_some());
}

async fn one_of_concurrent_completions_of_a_challenge_succeeds(store: AnyStore) {
    store.insert_users(&[created(&admin(1))]).await.unwrap();
    begin_challenge(&store, &challenge(7, 1)).await;
    let complete = |_: &mut Account| Ok(Some(AccountUpdate::none().complete_challenge([7; 32])));
    assert_eq!(at_once(&store, Arc::new(complete)).await, 1);
}

async fn a_challenge_has_five_attempts_until_it_expires(store: AnyStore) {
    store.insert_users(&[created(&admin(1))]).await.unwrap();
    begin_challenge(&store, &challenge(7, 1)).await;
    begin_challenge(&store, &challenge(8, 1)).await;
    let tasks = (0..20).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.count_challenge_attempt(&[7; 32], now()).await })
    });
    let mut counted = 0;
    for task in tasks.collect::<Vec<_>>() {
        counted += u32::from(task.await.unwrap().unwrap());
    }
    assert_eq!(counted, MAX_CHALLENGE_ATTEMPTS);
    let stored = store.challenge(&[7; 32]).await.unwrap().unwrap();
    assert_eq!(stored.attempts, MAX_CHALLENGE_ATTEMPTS);

    let count = async |n, at| store.count_challenge_attempt(&[n; 32], at).await.unwrap();
    let expiry = now() + Duration::minutes(5);
    assert!(count(8, expiry - Duration::microseconds(1)).await);
    assert!(!count(8, expiry).await);
    assert!(!count(9, now()).await, "unknown");
}

async fn purge_challenges_deletes_expired_challenges(store: AnyStore) {
    store.insert_users(&[created(&admin(1))]).await.unwrap();
    let mut later = challenge(8, 1);
    later.expires_at += Duration::seconds(1);
    for challenge in [challenge(7, 1), later.clone()] {
        begin_challenge(&store, &challenge).await;
    }
    let purged = store.purge_challenges(later.expires_at).await;
    assert_eq!(purged.unwrap(), 1);
    assert_eq!(store.challenge(&[7; 32]).await.unwrap(), None);
    assert_eq!(store.challenge(&[8; 32]).await.unwrap(), Some(later));
}

/// A promotion of this user that the administrator 9 requested.
fn promotion(n: u128, user: u128) -> StoredPromotion {
    let expires_at = now() + Duration::hours(24);
    let id_of = PromotionId(uuid::Uuid::from_u128(n));
    StoredPromotion::new(id_of, id(user), id(9), now(), expires_at)
}

async fn request_promotion(store: &AnyStore, promotion: &StoredPromotion) {
    let change = |_: &mut Account| {
        Ok(Some(
            AccountUpdate::none().request_promotion(promotion.clone()),
        ))
    };
    let requested = store.update_account(promotion.user, &change).await;
    requested.unwrap().unwrap();
}

/// Ends a promotion with a change of the account. Returns `false` if nothing was changed.
async fn end_promotion(store: &AnyStore, n: u128, user: u128) -> bool {
    let change = |account: &mut Account| {
        "Promoted".clone_into(&mut account.user.full_name);
        let promotion = PromotionId(uuid::Uuid::from_u128(n));
        Ok(Some(AccountUpdate::none().end_promotion(promotion)))
    };
    let ended = store.update_account(id(user), &change).await;
    ended.unwrap().is_some()
}

/// Inserts the administrator 9 and these employees.
async fn insert_with_admin(store: &AnyStore, employees: &[u128]) {
    let mut new = vec![created(&admin(9))];
    new.extend(employees.iter().map(|&n| created(&employee(n))));
    store.insert_users(&new).await.unwrap();
}

async fn a_promotion_ends_once(store: AnyStore) {
    insert_with_admin(&store, &[1, 2]).await;
    let mut requested = promotion(5, 1);
    requested.email = Some("new@example.com".parse().unwrap());
    request_promotion(&store, &requested).await;
    request_promotion(&store, &promotion(6, 2)).await;
    let found = store.promotion(requested.id).await.unwrap();
    assert_eq!(found, Some(requested.clone()));
    let newest_first = vec![promotion(6, 2), requested.clone()];
    assert_eq!(store.promotions(now()).await.unwrap(), newest_first);

    assert!(!end_promotion(&store, 5, 2).await, "of another user");
    assert!(!end_promotion(&store, 7, 1).await, "unknown");
    let account = store.account(id(1)).await.unwrap().unwrap();
    assert_ne!(account.user.full_name, "Promoted");
    assert!(end_promotion(&store, 5, 1).await);
    assert!(!end_promotion(&store, 5, 1).await);
    assert_eq!(store.promotion(requested.id).await.unwrap(), None);
    assert!(store.promotion(promotion(6, 2).id).await.unwrap().is_some());
}

async fn one_of_concurrent_approvals_of_a_promotion_succeeds(store: AnyStore) {
    insert_with_admin(&store, &[1]).await;
    let requested = promotion(5, 1);
    request_promotion(&store, &requested).await;
    let id = requested.id;
    let end = move |_: &mut Account| Ok(Some(AccountUpdate::none().end_promotion(id)));
    assert_eq!(at_once(&store, Arc::new(end)).await, 1);
}

async fn another_request_replaces_a_promotion(store: AnyStore) {
    insert_with_admin(&store, &[1]).await;
    request_promotion(&store, &promotion(5, 1)).await;
    request_promotion(&store, &promotion(6, 1)).await;
    let left = store.promotions(now()).await.unwrap();
    assert_eq!(left, [promotion(6, 1)]);
    assert!(!end_promotion(&store, 5, 1).await);
}

async fn expired_promotions_are_purged(store: AnyStore) {
    insert_with_admin(&store, &[1, 2]).await;
    let mut later = promotion(6, 2);
    later.expires_at += Duration::seconds(1);
    for promotion in [promotion(5, 1), later.clone()] {
        request_promotion(&store, &promotion).await;
    }
    let open = store.promotions(promotion(5, 1).expires_at).await.unwrap();
    assert_eq!(open, [later.clone()]);
    assert_eq!(store.purge_promotions(later.expires_at).await.unwrap(), 1);
    assert_eq!(store.promotion(promotion(5, 1).id).await.unwrap(), None);
    assert_eq!(store.promotion(later.id).await.unwrap(), Some(later));
}

async fn promotions_are_deleted_with_their_users(store: AnyStore) {
    insert_with_admin(&store, &[1, 2]).await;
    store.insert_users(&[created(&admin(8))]).await.unwrap();
    request_promotion(&store, &promotion(5, 1)).await;
    request_promotion(&store, &promotion(6, 2)).await;
    for (deleted, left) in [(1, vec![promotion(6, 2)]), (9, Vec::new())] {
        let delete = |_: &mut Account| Ok(Some(AccountUpdate::none().delete_user()));
        let updated = store.update_account(id(deleted), &delete).await;
        updated.unwrap().unwrap();
        assert_eq!(store.promotions(now()).await.unwrap(), left);
    }
}

fn passkey(n: u8, user: u128) -> StoredPasskey {
    let passkey_id = PasskeyId(uuid::Uuid::from_u128(n.into()));
    let mut passkey =
        StoredPasskey::new(passkey_id, id(user), vec![n; 200], vec![n + 1; 77], now());
    passkey.counter = 5;
    "Жұмыс".clone_into(&mut passkey.name);
    passkey.transports = vec!["hybrid".to_owned(), "internal".to_owned()];
    passkey.is_backup_eligible = true;
    passkey
}

/// Changes the passkeys of a user, and the name, which must change with them.
async fn change_passkeys(
    store: &AnyStore,
    user: u128,
    change: PasskeyChange,
) -> Result<Option<UpdatedAccount>, StoreErrorKind> {
    let update = |account: &mut Account| {
        account.user.full_name.push('+');
        Ok(Some(AccountUpdate::none().passkey(change.clone())))
    };
    let updated = store.update_account(id(user), &update).await;
    updated.map_err(|error| error.kind())
}

async fn two_admins(store: &AnyStore) {
    let admins = [created(&admin(1)), created(&admin(2))];
    store.insert_users(&admins).await.unwrap();
}

async fn passkeys_change_with_their_account(store: AnyStore) {
    two_admins(&store).await;
    let (mut first, mut second) = (passkey(1, 1), passkey(2, 1));
    second.transports.clear();
    second.created_at += Duration::seconds(1);
    second.last_used_at = Some(now() + Duration::minutes(1));
    for added in [&second, &first] {
        let add = PasskeyChange::Add(added.clone());
        change_passkeys(&store, 1, add).await.unwrap().unwrap();
    }
    assert_eq!(
        store.passkeys_of(id(1)).await.unwrap(),
        [first.clone(), second.clone()]
    );
    assert_eq!(store.passkeys_of(id(2)).await.unwrap(), []);

    let used = PasskeyUse::new(&first, 6, true, now() + Duration::hours(1));
    let rename = |name: &str| PasskeyChange::Rename(first.id, name.to_owned());
    let changes = [
        PasskeyChange::Use(used),
        rename("Laptop"),
        PasskeyChange::Delete(first.id),
    ];
    for change in &changes {
        let refused = change_passkeys(&store, 2, change.clone()).await;
        assert_eq!(refused.unwrap_err(), StoreErrorKind::PasskeyChanged);
    }
    let other = store.account(id(2)).await.unwrap().unwrap();
    assert_eq!(other.user.full_name, "Admin");
    for change in &changes[..2] {
        change_passkeys(&store, 1, change.clone())
            .await
            .unwrap()
            .unwrap();
    }
    (first.counter, first.is_backed_up) = (6, true);
    first.last_used_at = Some(used.at);
    "Laptop".clone_into(&mut first.name);
    assert_eq!(
        store.passkeys_of(id(1)).await.unwrap(),
        [first.clone(), second.clone()]
    );

    change_passkeys(&store, 1, changes[2].clone())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(store.passkeys_of(id(1)).await.unwrap(), [second]);
    let gone = change_passkeys(&store, 1, changes[2].clone()).await;
    assert_eq!(gone.unwrap_err(), StoreErrorKind::PasskeyChanged);
    for _ in 0..2 {
        let all = PasskeyChange::DeleteAll;
        change_passkeys(&store, 1, all).await.unwrap().unwrap();
        assert_eq!(store.passkeys_of(id(1)).await.unwrap(), []);
    }
}

async fn a_key_pair_is_registered_once(store: AnyStore) {
    two_admins(&store).await;
    let add = PasskeyChange::Add(passkey(1, 1));
    change_passkeys(&store, 1, add).await.unwrap().unwrap();
    for user in [1, 2] {
        let mut other = passkey(2, user);
        other.credential_id = vec![1; 200];
        let refused = change_passkeys(&store, user, PasskeyChange::Add(other)).await;
        let taken = StoreErrorKind::Conflict(UniqueKey::Passkey);
        assert_eq!(refused.unwrap_err(), taken);
    }
    assert_eq!(store.passkeys_of(id(1)).await.unwrap(), [passkey(1, 1)]);
    let other = store.account(id(2)).await.unwrap().unwrap();
    assert_eq!(other.user.full_name, "Admin");
}

async fn one_of_concurrent_registrations_of_a_key_pair_succeeds(store: AnyStore) {
    two_admins(&store).await;
    let tasks = (0..10).map(|n| {
        let store = store.clone();
        let user = u128::from(n % 2 + 1);
        let mut added = passkey(n + 1, user);
        added.credential_id = vec![1; 200];
        tokio::spawn(async move { change_passkeys(&store, user, PasskeyChange::Add(added)).await })
    });
    let mut added = 0;
    for task in tasks.collect::<Vec<_>>() {
        match task.await.unwrap() {
            Ok(Some(_)) => added += 1,
            Ok(None) => panic!("the account exists"),
            Err(kind) => assert_eq!(kind, StoreErrorKind::Conflict(UniqueKey::Passkey)),
        }
    }
    assert_eq!(added, 1);
}

async fn a_use_of_a_passkey_requires_the_seen_counter(store: AnyStore) {
    two_admins(&store).await;
    let mut stored = passkey(1, 1);
    let add = PasskeyChange::Add(stored.clone());
    change_passkeys(&store, 1, add).await.unwrap().unwrap();
    let used = |counter| PasskeyChange::Use(PasskeyUse::new(&stored, counter, false, now()));
    change_passkeys(&store, 1, used(6)).await.unwrap().unwrap();
    for counter in [6, 7] {
        let refused = change_passkeys(&store, 1, used(counter)).await;
        assert_eq!(refused.unwrap_err(), StoreErrorKind::PasskeyChanged);
    }
    stored.counter = 6;
    let last = PasskeyUse::new(&stored, u32::MAX, false, now());
    change_passkeys(&store, 1, PasskeyChange::Use(last))
        .await
        .unwrap()
        .unwrap();
    let all = store.passkeys_of(id(1)).await.unwrap();
    assert_eq!(all[0].counter, u32::MAX);
}

/// Runs an update ten times at once, as replicas do. Returns how often it succeeded; the others must
/// have been refused because of the passkey.
async fn passkey_at_once(store: &AnyStore, update: AccountUpdate) -> usize {
    let tasks = (0..10).map(|_| {
        let (store, update) = (store.clone(), update.clone());
        let change = move |_: &mut Account| Ok(Some(update.clone()));
        tokio::spawn(async move { store.update_account(id(1), &change).await })
    });
    let mut succeeded = 0;
    for task in tasks.collect::<Vec<_>>() {
        match task.await.unwrap() {
            Ok(updated) => succeeded += usize::from(updated.is_some()),
            Err(error) => assert_eq!(error.kind(), StoreErrorKind::PasskeyChanged),
        }
    }
    succeeded
}

async fn one_of_concurrent_uses_of_a_counter_succeeds(store: AnyStore) {
    two_admins(&store).await;
    let stored = passkey(1, 1);
    let add = PasskeyChange::Add(stored.clone());
    change_passkeys(&store, 1, add).await.unwrap().unwrap();
    let used = PasskeyUse::new(&stored, 6, false, now());
    let update = AccountUpdate::none().passkey(PasskeyChange::Use(used));
    assert_eq!(passkey_at_once(&store, update).await, 1);
}

fn used_challenge(n: u8) -> UsedChallenge {
    UsedChallenge::new([n; 16], now() + Duration::minutes(n.into()))
}

async fn one_of_concurrent_uses_of_a_challenge_succeeds(store: AnyStore) {
    two_admins(&store).await;
    let update = AccountUpdate::none().use_challenge(used_challenge(5));
    assert_eq!(passkey_at_once(&store, update.clone()).await, 1);
    let change = |account: &mut Account| {
        "Used".clone_into(&mut account.user.full_name);
        Ok(Some(update.clone()))
    };
    let refused = store.update_account(id(2), &change).await.unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::PasskeyChanged);
    let other = store.account(id(2)).await.unwrap().unwrap();
    assert_eq!(other.user.full_name, "Admin");
}

async fn purge_used_challenges_deletes_expired_marks(store: AnyStore) {
    two_admins(&store).await;
    let mark = async |n| {
        let update = AccountUpdate::none().use_challenge(used_challenge(n));
        let change = move |_: &mut Account| Ok(Some(update.clone()));
        let marked = store.update_account(id(1), &change).await;
        marked.map(drop).map_err(|error| error.kind())
    };
    for n in [1, 2] {
        mark(n).await.unwrap();
    }
    let purged = store
        .purge_used_challenges(used_challenge(2).expires_at)
        .await;
    assert_eq!(purged.unwrap(), 1);
    mark(1).await.unwrap();
    assert_eq!(mark(2).await, Err(StoreErrorKind::PasskeyChanged));
}

async fn a_proof_is_stored_with_a_session_of_the_account(store: AnyStore) {
    store
        .insert_users(&[created(&admin(1)), created(&admin(2))])
        .await
        .unwrap();
    begin(&store, session(5, 1)).await;
    let methods = AuthMethods::PASSWORD.with(AuthMethod::OneTimeCode);
    for user in [2, 1] {
        let before = store.session(session(5, 1).id).await.unwrap().unwrap().0;
        assert_eq!(before, session(5, 1));
        let proof = SessionProof::new(before.id, now(), methods);
        let prove = |_: &mut Account| Ok(Some(AccountUpdate::none().prove(proof)));
        let proved = store.update_account(id(user), &prove).await;
        proved.unwrap().unwrap();
    }
    let after = store.session(session(5, 1).id).await.unwrap().unwrap().0;
    assert_eq!(
        (after.authenticated_at, after.auth_methods),
        (now(), methods)
    );
}

async fn a_completed_bootstrap_claim_is_final(store: AnyStore) {
    assert!(!store.is_bootstrapped().await.unwrap());
    let claim = store.claim_bootstrap(now()).await.unwrap().unwrap();
    claim.complete(&[created(&admin(1))]).await.unwrap();
    assert!(store.is_bootstrapped().await.unwrap());
    assert!(store.account(id(1)).await.unwrap().is_some());
    assert!(store.claim_bootstrap(now()).await.unwrap().is_none());
}

async fn a_dropped_bootstrap_claim_is_released(store: AnyStore) {
    drop(store.claim_bootstrap(now()).await.unwrap().unwrap());
    assert!(!store.is_bootstrapped().await.unwrap());
    let claim = store.claim_bootstrap(now()).await.unwrap().unwrap();
    claim.complete(&[created(&admin(1))]).await.unwrap();
}

async fn a_failed_bootstrap_claim_writes_nothing(store: AnyStore) {
    store.insert_users(&[created(&admin(1))]).await.unwrap();
    let claim = store.claim_bootstrap(now()).await.unwrap().unwrap();
    let mut same_address = admin(2);
    same_address.user.email = admin(1).user.email;
    let error = claim.complete(&[created(&same_address)]).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Conflict(UniqueKey::Email));
    assert!(!store.is_bootstrapped().await.unwrap());
    assert!(store.account(id(2)).await.unwrap().is_none());
}

async fn one_of_concurrent_bootstrap_claims_completes(store: AnyStore) {
    let tasks = (1..=20).map(|n| {
        let store = store.clone();
        tokio::spawn(async move {
            match store.claim_bootstrap(now()).await.unwrap() {
                Some(claim) => claim.complete(&[created(&admin(n))]).await.is_ok(),
                None => false,
            }
        })
    });
    let mut successes = 0;
    for task in tasks.collect::<Vec<_>>() {
        successes += u32::from(task.await.unwrap());
    }
    assert_eq!(successes, 1);
}

async fn ping_succeeds(store: AnyStore) {
    store.ping().await.unwrap();
}
