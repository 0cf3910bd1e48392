//! What every store has to do, run on every store.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::sync::Arc;

use divan_core::infra::DatabaseUrl;
use divan_core::password::PasswordHash;
use divan_core::store::{
    Account, MemoryStore, PostgresPool, PostgresStore, SignIn, SignInOutcome, SqliteStore, Store,
    StoreErrorKind, TelegramAccount, UniqueKey,
};
use divan_core::types::{Role, TelegramId, User, UserId};
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
                pool.keeps_statements = false;
                let (_database, store) = super::postgres_store(pool).await;
                super::$test(std::sync::Arc::new(store)).await;
            })*
        }
    };
}

contract!(
    a_stored_user_comes_back_as_it_was,
    nobody_is_nobody,
    no_two_users_share_a_phone_an_email_or_a_telegram_account,
    of_parallel_inserts_of_one_value_one_wins,
    a_sign_in_is_written_down_and_binds,
    a_sign_in_without_telegram_leaves_the_binding_alone,
    what_changed_meanwhile_wins_over_a_sign_in,
    a_telegram_account_binds_to_one_user,
    of_parallel_bindings_of_one_telegram_account_one_wins,
    the_first_administrator_is_created_once,
    a_dropped_claim_leaves_the_bootstrap_open,
    a_failed_claim_writes_nothing,
    of_parallel_claims_one_wins,
    the_store_answers_a_ping,
);

type AnyStore = Arc<dyn Store>;

async fn postgres_store(pool: PostgresPool) -> (TestDatabase, PostgresStore) {
    let database = TestDatabase::create().await;
    let DatabaseUrl::Postgres(url) = database.url().parse().unwrap() else { panic!("{database:?}") };
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
    Account { user, password_hash: hash("old") }
}

fn admin(n: u128) -> Account {
    let mut user = User::new(id(n), Role::Admin, "Admin", now());
    user.email = Some(format!("admin{n}@example.com").parse().unwrap());
    Account { user, password_hash: hash("old") }
}

fn sign_in(n: u128, telegram: Option<i64>) -> SignIn {
    SignIn {
        user: id(n),
        role: Role::Employee,
        seen_hash: hash("old"),
        new_hash: hash("old"),
        telegram: telegram
            .map(|id| TelegramAccount { id: TelegramId(id), username: Some(format!("name{id}")) }),
        at: now() + Duration::hours(1),
    }
}

fn done(outcome: SignInOutcome) -> User {
    match outcome {
        SignInOutcome::Done(user) => *user,
        other => panic!("expected a sign-in, got {other:?}"),
    }
}

async fn a_stored_user_comes_back_as_it_was(store: AnyStore) {
    let mut account = employee(1);
    "Қазақша и ещё по-русски".clone_into(&mut account.user.full_name);
    account.user.email = Some("one@example.com".parse().unwrap());
    account.user.telegram_id = Some(TelegramId(i64::MAX));
    account.user.telegram_username = Some("name".to_owned());
    account.user.is_active = false;
    account.user.password_change_required = true;
    account.user.last_login_at = Some(now() + Duration::seconds(1));
    store.insert_user(&account).await.unwrap();

    assert_eq!(store.user(id(1)).await.unwrap().unwrap(), account.user);
    let by_phone = store.account_by_phone(account.user.phone.as_ref().unwrap()).await.unwrap().unwrap();
    assert_eq!((by_phone.user, by_phone.password_hash), (account.user.clone(), hash("old")));
    let by_email = store.account_by_email(account.user.email.as_ref().unwrap()).await.unwrap().unwrap();
    assert_eq!(by_email.user, account.user);
}

async fn nobody_is_nobody(store: AnyStore) {
    assert!(store.user(id(1)).await.unwrap().is_none());
    assert!(store.account_by_phone(&"+77010000001".parse().unwrap()).await.unwrap().is_none());
    assert!(store.account_by_email(&"one@example.com".parse().unwrap()).await.unwrap().is_none());
    assert_eq!(store.complete_sign_in(&sign_in(1, None)).await.unwrap(), SignInOutcome::Changed);
}

async fn no_two_users_share_a_phone_an_email_or_a_telegram_account(store: AnyStore) {
    let mut first = employee(1);
    first.user.email = Some("one@example.com".parse().unwrap());
    first.user.telegram_id = Some(TelegramId(7));
    store.insert_user(&first).await.unwrap();

    let mut phone = employee(2);
    phone.user.phone.clone_from(&first.user.phone);
    let mut email = employee(2);
    email.user.email.clone_from(&first.user.email);
    let mut telegram = employee(2);
    telegram.user.telegram_id = first.user.telegram_id;
    let cases = [(phone, UniqueKey::Phone), (email, UniqueKey::Email), (telegram, UniqueKey::TelegramId)];
    for (account, key) in cases {
        let error = store.insert_user(&account).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Conflict(key));
        assert!(store.user(id(2)).await.unwrap().is_none(), "nothing is half-written");
    }
}

async fn of_parallel_inserts_of_one_value_one_wins(store: AnyStore) {
    type Change = fn(&mut User);
    let same: [(UniqueKey, Change); 3] = [
        (UniqueKey::Phone, |user| user.phone = Some("+77010000000".parse().unwrap())),
        (UniqueKey::Email, |user| user.email = Some("one@example.com".parse().unwrap())),
        (UniqueKey::TelegramId, |user| user.telegram_id = Some(TelegramId(7))),
    ];
    for (round, (key, change)) in (1..).zip(same) {
        let tasks = (1..=20).map(|n| {
            let store = store.clone();
            let mut account = employee(round * 100 + n);
            change(&mut account.user);
            tokio::spawn(async move { store.insert_user(&account).await })
        });
        let mut won = 0;
        for task in tasks.collect::<Vec<_>>() {
            match task.await.unwrap() {
                Ok(()) => won += 1,
                Err(error) => assert_eq!(error.kind(), StoreErrorKind::Conflict(key)),
            }
        }
        assert_eq!(won, 1, "{key:?}");
    }
}

async fn a_sign_in_is_written_down_and_binds(store: AnyStore) {
    store.insert_user(&employee(1)).await.unwrap();
    let first = SignIn { new_hash: hash("new"), ..sign_in(1, Some(7)) };
    let user = done(store.complete_sign_in(&first).await.unwrap());
    assert_eq!(user.telegram_id, Some(TelegramId(7)));
    assert_eq!(user.telegram_username.as_deref(), Some("name7"));
    assert_eq!((user.last_login_at, user.updated_at), (Some(first.at), first.at));
    assert_eq!(store.user(id(1)).await.unwrap().unwrap(), user);
    let account = store.account_by_phone(user.phone.as_ref().unwrap()).await.unwrap().unwrap();
    assert_eq!(account.password_hash, hash("new"));

    let again = SignIn { seen_hash: hash("new"), at: first.at + Duration::hours(1), ..first.clone() };
    let user = done(store.complete_sign_in(&again).await.unwrap());
    assert_eq!((user.last_login_at, user.updated_at), (Some(again.at), first.at));
}

async fn a_sign_in_without_telegram_leaves_the_binding_alone(store: AnyStore) {
    let mut account = admin(1);
    account.user.telegram_id = Some(TelegramId(7));
    account.user.telegram_username = Some("kept".to_owned());
    store.insert_user(&account).await.unwrap();
    let user = done(store.complete_sign_in(&SignIn { role: Role::Admin, ..sign_in(1, None) }).await.unwrap());
    assert_eq!(user.telegram_id, Some(TelegramId(7)));
    assert_eq!(user.telegram_username.as_deref(), Some("kept"));
}

async fn what_changed_meanwhile_wins_over_a_sign_in(store: AnyStore) {
    store.insert_user(&employee(1)).await.unwrap();
    let mut inactive = employee(2);
    inactive.user.is_active = false;
    store.insert_user(&inactive).await.unwrap();
    let mut bound = employee(3);
    bound.user.telegram_id = Some(TelegramId(7));
    store.insert_user(&bound).await.unwrap();

    let new_password = SignIn { seen_hash: hash("older"), ..sign_in(1, Some(1)) };
    let new_role = SignIn { role: Role::Admin, ..sign_in(1, None) };
    for changed in [new_password, new_role, sign_in(2, Some(2)), sign_in(3, Some(3))] {
        let before = store.user(changed.user).await.unwrap();
        assert_eq!(store.complete_sign_in(&changed).await.unwrap(), SignInOutcome::Changed);
        assert_eq!(store.user(changed.user).await.unwrap(), before);
    }
}

async fn a_telegram_account_binds_to_one_user(store: AnyStore) {
    store.insert_user(&employee(1)).await.unwrap();
    store.insert_user(&employee(2)).await.unwrap();
    done(store.complete_sign_in(&sign_in(1, Some(7))).await.unwrap());
    assert_eq!(store.complete_sign_in(&sign_in(2, Some(7))).await.unwrap(), SignInOutcome::TelegramTaken);
    let second = store.user(id(2)).await.unwrap().unwrap();
    assert_eq!((second.telegram_id, second.last_login_at), (None, None));
}

async fn of_parallel_bindings_of_one_telegram_account_one_wins(store: AnyStore) {
    for n in 1..=10 {
        store.insert_user(&employee(n)).await.unwrap();
    }
    let tasks = (1..=10).map(|n| {
        let store = store.clone();
        tokio::spawn(async move { store.complete_sign_in(&sign_in(n, Some(7))).await.unwrap() })
    });
    let mut won = 0;
    for task in tasks.collect::<Vec<_>>() {
        match task.await.unwrap() {
            SignInOutcome::Done(_) => won += 1,
            outcome => assert_eq!(outcome, SignInOutcome::TelegramTaken),
        }
    }
    assert_eq!(won, 1);
}

async fn the_first_administrator_is_created_once(store: AnyStore) {
    assert!(!store.is_bootstrapped().await.unwrap());
    let claim = store.claim_bootstrap(now()).await.unwrap().unwrap();
    claim.complete(&admin(1)).await.unwrap();
    assert!(store.is_bootstrapped().await.unwrap());
    assert!(store.user(id(1)).await.unwrap().is_some());
    assert!(store.claim_bootstrap(now()).await.unwrap().is_none());
}

async fn a_dropped_claim_leaves_the_bootstrap_open(store: AnyStore) {
    drop(store.claim_bootstrap(now()).await.unwrap().unwrap());
    assert!(!store.is_bootstrapped().await.unwrap());
    let claim = store.claim_bootstrap(now()).await.unwrap().unwrap();
    claim.complete(&admin(1)).await.unwrap();
}

async fn a_failed_claim_writes_nothing(store: AnyStore) {
    store.insert_user(&admin(1)).await.unwrap();
    let claim = store.claim_bootstrap(now()).await.unwrap().unwrap();
    let mut same_address = admin(2);
    same_address.user.email = admin(1).user.email;
    let error = claim.complete(&same_address).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Conflict(UniqueKey::Email));
    assert!(!store.is_bootstrapped().await.unwrap());
    assert!(store.user(id(2)).await.unwrap().is_none());
}

async fn of_parallel_claims_one_wins(store: AnyStore) {
    let tasks = (1..=20).map(|n| {
        let store = store.clone();
        tokio::spawn(async move {
            match store.claim_bootstrap(now()).await.unwrap() {
                Some(claim) => claim.complete(&admin(n)).await.is_ok(),
                None => false,
            }
        })
    });
    let mut won = 0;
    for task in tasks.collect::<Vec<_>>() {
        won += u32::from(task.await.unwrap());
    }
    assert_eq!(won, 1);
}

async fn the_store_answers_a_ping(store: AnyStore) {
    store.ping().await.unwrap();
}
