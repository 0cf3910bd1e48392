use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteQueryResult,
    SqliteSynchronous,
};
use sqlx::{Connection, Sqlite, SqliteConnection};

use super::pool::without_maintenance;
use super::sql::{self, Backend, Connections, Lease, SqlStore, WriteTransaction};
use super::{MigrateError, PoolState, StoreError, StoreErrorKind};

/// Maximum number of connections that read.
const READERS: u32 = 4;

/// Maximum wait of one connection for another one that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

const BEGIN: &str = "BEGIN IMMEDIATE";

/// The embedded store in one SQLite file.
///
/// SQLite lets one connection write at a time. Therefore one pool holds a single connection for
/// writing, where writers queue in order, and another holds the readers, which write-ahead logging
/// never blocks.
pub type SqliteStore = SqlStore<Sqlite>;

impl Backend for Sqlite {
    const HAS_MIGRATIONS: &'static str =
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'divan_migrations'";

    /// A transaction for writing excludes all other writers from its start.
    const ACCOUNT_TO_WRITE: &'static str = sql::ACCOUNT_BY_ID;

    const TRY_LOCK_CLAIMS: Option<&'static str> = None;

    const TRY_LOCK_LOG: Option<&'static str> = None;

    const CLAIM_MESSAGES: &'static str = sql::CLAIM_MESSAGES_SQLITE;

    fn migrator() -> Migrator {
        divan_migrations::sqlite()
    }

    fn rows_affected(result: &SqliteQueryResult) -> u64 {
        result.rows_affected()
    }

    async fn begin_write(store: &SqliteStore) -> Result<WriteTransaction<Self>, sqlx::Error> {
        let writer = store.writer();
        match writer.begin(BEGIN).await {
            // At a full disk, SQLite rolls a transaction back by itself. `sqlx` then believes that the
            // connection is still in it, and begins no other one.
            Err(sqlx::Error::InvalidSavePointStatement) => {
                if let Lease::Shared(connection) = writer.acquire().await? {
                    connection.close().await?;
                }
                writer.begin(BEGIN).await
            }
            begun => begun,
        }
    }

    async fn try_begin_migration(
        store: &SqliteStore,
    ) -> Result<Option<WriteTransaction<Self>>, StoreError> {
        match Self::begin_write(store).await.map_err(StoreError::from) {
            Ok(transaction) => Ok(Some(transaction)),
            Err(error) if error.kind() == StoreErrorKind::Unavailable => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl SqliteStore {
    /// Opens the database file, creates it when it is missing, and migrates the schema.
    ///
    /// # Errors
    /// When the file cannot be opened or written, or the migration fails.
    pub async fn open(path: &Path) -> Result<Self, MigrateError> {
        let store = Self::connect(path).await?;
        store.migrate().await?;
        Ok(store)
    }

    /// Opens the database file without migrating the schema. Creates a missing file with
    /// permissions for its owner only.
    ///
    /// # Errors
    /// When the file cannot be opened or written.
    pub async fn connect(path: &Path) -> Result<Self, StoreError> {
        create_private(path).map_err(sqlx::Error::Io)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .foreign_keys(true)
            // A completed sign-in must survive a power failure.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT);
        use_write_ahead_log(&options).await?;
        let writer = without_maintenance(SqlitePoolOptions::new())
            .max_connections(1)
            .connect_with(options.clone())
            .await?;
        let readers = without_maintenance(SqlitePoolOptions::new())
            .max_connections(READERS)
            .connect_lazy_with(options.pragma("query_only", "on"));
        Ok(Self::from_pools(writer, readers))
    }

    /// Works on pools of the application. Call [`migrate`](Self::migrate) before the first use.
    ///
    /// - `writer` must have `max_connections(1)`, so that writers queue instead of failing with
    ///   `SQLITE_BUSY`.
    /// - Both pools must set `foreign_keys(true)` and open a file in write-ahead logging mode.
    /// - `synchronous(Full)` keeps a completed sign-in across a power failure, and a
    ///   `busy_timeout` of some seconds waits for other processes that write.
    /// - Both pools should set `idle_timeout(None)` and `max_lifetime(None)`: in `sqlx` 0.9 the
    ///   maintenance task of a pool can loop without end and occupy a core.
    ///
    /// ```
    /// use divan_core::store::SqliteStore;
    /// use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("app.db");
    /// let options = SqliteConnectOptions::new()
    ///     .filename(path)
    ///     .create_if_missing(true)
    ///     .foreign_keys(true)
    ///     .journal_mode(SqliteJournalMode::Wal)
    ///     .synchronous(SqliteSynchronous::Full);
    /// let writer = SqlitePoolOptions::new()
    ///     .max_connections(1)
    ///     .idle_timeout(None)
    ///     .max_lifetime(None)
    ///     .connect_with(options.clone())
    ///     .await?;
    /// let readers = SqlitePoolOptions::new()
    ///     .max_connections(4)
    ///     .idle_timeout(None)
    ///     .max_lifetime(None)
    ///     .connect_lazy_with(options.pragma("query_only", "on"));
    /// let store = SqliteStore::from_pools(writer, readers);
    /// store.migrate().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_pools(writer: SqlitePool, readers: SqlitePool) -> Self {
        Self::new(
            Connections::shared(writer),
            Connections::shared(readers),
            true,
        )
    }

    /// The state of both connection pools together.
    pub fn connections(&self) -> PoolState {
        let writer = self.writer().state();
        let readers = self.readers().state();
        PoolState {
            open: writer.open + readers.open,
            idle: writer.idle + readers.idle,
            max: writer.max + readers.max,
        }
    }
}

/// Creates a missing file with permissions for its owner only, as it holds password hashes. SQLite
/// gives its journal files the same permissions.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Switches the file to write-ahead logging, permanently. SQLite's busy time-out does not apply to
/// this, so it is repeated here.
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
