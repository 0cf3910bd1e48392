use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, Sqlite, SqliteConnection, Transaction};
use time::OffsetDateTime;
use uuid::Uuid;

use super::schema::MIGRATION_DEADLINE;
use super::sql::{self, sql_people, sql_sessions, sql_store, to_micros};
use super::{
    Account, AccountUpdate, AuditQuery, AuditStore, BootstrapClaim, BootstrapStore, EndSessions,
    FoundUsers, MigrateError, NewUser, PoolState, Schema, SearchTerms, SessionAdvance,
    SessionStore, Store, StoreError, StoreErrorKind, StoredSession, UpdateFn, UpdatedAccount,
    UserQuery, UserStore, search_words,
};
use crate::session::{EndReason, MAX_LIVE_SESSIONS};
use crate::types::{AuditEvent, Email, Phone, SessionId, TelegramId, User, UserId};

/// How many connections read at a time.
const READERS: u32 = 4;

/// How long one connection waits for another one that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

const HAS_MIGRATIONS: &str =
    "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'";

/// The embedded store: one file, no server to run.
///
/// SQLite lets one connection write at a time. So one pool holds a single connection for writing,
/// where writers queue up in order, and another holds the readers, which write-ahead logging never
/// makes wait.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
}

sql_store!(
    SqliteStore,
    Sqlite,
    SqliteConnection,
    divan_migrations::sqlite,
    HAS_MIGRATIONS,
    sql::ACCOUNT_BY_ID
);
sql_sessions!(SqliteStore, Sqlite, SqliteConnection);
sql_people!(SqliteStore, Sqlite, SqliteConnection);

impl SqliteStore {
    /// Opens the database file, creates it where it is missing, and brings its schema up to date.
    ///
    /// # Errors
    /// When the file cannot be opened or written, or its schema cannot be brought up to date.
    pub async fn open(path: &Path) -> Result<Self, MigrateError> {
        let store = Self::connect(path).await?;
        store.migrate().await?;
        Ok(store)
    }

    /// Opens the database file with the schema that it has. A file that is missing is made, for its
    /// owner alone to read.
    ///
    /// # Errors
    /// When the file cannot be opened or written.
    pub async fn connect(path: &Path) -> Result<Self, StoreError> {
        create_private(path).map_err(sqlx::Error::Io)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .foreign_keys(true)
            // A sign-in that was answered must survive a power cut.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT);
        use_write_ahead_log(&options).await?;
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options.clone())
            .await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_lazy_with(options.pragma("query_only", "on"));
        Ok(Self { writer, readers })
    }

    /// How its connections are used: the one that writes, and those that read.
    pub fn connections(&self) -> PoolState {
        let (writer, readers) = (PoolState::of(&self.writer), PoolState::of(&self.readers));
        PoolState {
            open: writer.open + readers.open,
            idle: writer.idle + readers.idle,
            max: writer.max + readers.max,
        }
    }

    /// Waits for what is under way and closes the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// A transaction that writes, since nobody else then does.
    async fn locked(&self) -> Result<Transaction<'static, Sqlite>, MigrateError> {
        let started = Instant::now();
        loop {
            match self.begin_write().await.map_err(StoreError::from) {
                Err(error) if error.kind() != StoreErrorKind::Unavailable => {
                    return Err(error.into());
                }
                Err(_) if started.elapsed() > MIGRATION_DEADLINE => return Err(MigrateError::Busy),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                Ok(transaction) => return Ok(transaction),
            }
        }
    }

    async fn begin_write(&self) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }

    /// They are kept in the connection, which nobody shares.
    #[expect(clippy::unused_self, reason = "what every store of SQL is asked")]
    fn statement_cache(&self) -> bool {
        true
    }
}

/// Makes the file, where it is missing, such that its owner alone can read it: it holds password
/// hashes. SQLite gives the files beside it the same permissions.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Switches the file to write-ahead logging, which it stays in. SQLite does not wait for other
/// connections here, as it does elsewhere, so this does.
async fn use_write_ahead_log(options: &SqliteConnectOptions) -> Result<(), StoreError> {
    let options = options.clone().journal_mode(SqliteJournalMode::Wal);
    let started = Instant::now();
    loop {
        match SqliteConnection::connect_with(&options).await {
            Ok(connection) => return Ok(connection.close().await?),
            Err(error) if is_locked(&error) && started.elapsed() < BUSY_TIMEOUT => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn is_locked(error: &sqlx::Error) -> bool {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .and_then(|code| code.parse::<u32>().ok());
    code.is_some_and(|code| matches!(code & 0xFF, 5 | 6))
}
