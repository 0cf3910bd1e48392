//! An application with tables and migrations of its own uses the same database.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod created;

use created::created;
use divan_core::password::PasswordHash;
use divan_core::store::{Account, PostgresStore, SqliteStore, Store};
use divan_core::types::{Role, User, UserId};
use divan_testing::TestDatabase;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sqlx::{PgPool, SqlSafeStr};
use time::OffsetDateTime;

const INSERT_USER: &str = "INSERT INTO users (id, email) VALUES (1, 'user@example.com')";

/// Migrations of an application, in the default table of `sqlx` and with the numbers and table
/// names that Divan might have used.
fn application() -> Migrator {
    let users = "CREATE TABLE users (id BIGINT PRIMARY KEY, email TEXT UNIQUE); \
        CREATE TABLE sessions (id BIGINT PRIMARY KEY); CREATE TABLE audit (id BIGINT PRIMARY KEY);";
    Migrator::with_migrations(vec![Migration::new(
        1,
        "divan".into(),
        MigrationType::Simple,
        users.into_sql_str(),
        false,
    )])
}

async fn require_works(store: &dyn Store) {
    let id = UserId(uuid::Uuid::from_u128(1));
    let mut user = User::new(id, Role::Employee, "Employee", OffsetDateTime::UNIX_EPOCH);
    user.phone = Some("+77011234567".parse().unwrap());
    let account = Account::new(user, PasswordHash::from_stored("hash"));
    store.insert_users(&[created(&account)]).await.unwrap();
    assert_eq!(store.account(id).await.unwrap(), Some(account));
}

#[tokio::test]
async fn sqlite_store_shares_the_database_with_an_application_in_both_orders() {
    for is_application_first in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("app.db"))
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal);
        let pool = SqlitePoolOptions::new().max_connections(1);
        let writer = pool.clone().connect_with(options.clone()).await.unwrap();
        let readers = pool.connect_lazy_with(options.pragma("query_only", "on"));
        let store = SqliteStore::from_pools(writer.clone(), readers);
        if is_application_first {
            application().run(&writer).await.unwrap();
        }
        store.migrate().await.unwrap();
        application().run(&writer).await.unwrap();
        store.migrate().await.unwrap();
        require_works(&store).await;
        sqlx::query(INSERT_USER).execute(&writer).await.unwrap();
    }
}

#[tokio::test]
async fn postgres_store_shares_the_database_with_an_application_in_both_orders() {
    for is_application_first in [true, false] {
        let database = TestDatabase::create().await;
        let pool = PgPool::connect(database.url()).await.unwrap();
        let store = PostgresStore::from_pool(pool.clone(), true);
        if is_application_first {
            application().run(&pool).await.unwrap();
        }
        store.migrate().await.unwrap();
        application().run(&pool).await.unwrap();
        store.migrate().await.unwrap();
        require_works(&store).await;
        sqlx::query(INSERT_USER).execute(&pool).await.unwrap();
    }
}
