mod connector;
mod options;

use sqlx::Postgres;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgPool, PgQueryResult};
use time::OffsetDateTime;

use self::connector::Connector;
use self::options::statement_cache;
use super::sql::{self, Backend, ConnectionPool, Connections, SqlStore, WriteTransaction};
use super::{MigrateError, PoolState, StoreError, StoreErrorKind};
use crate::database_url::{PostgresPool, PostgresUrl};

/// Takes the lock for migrations, of which each database has one. It ends with the transaction, because a
/// connection pooler may give the next transaction another connection.
const TRY_LOCK: &str = "SELECT pg_try_advisory_xact_lock(4918283719)";

const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// Store in PostgreSQL. Several servers of this program may share one database.
pub type PostgresStore = SqlStore<Postgres>;

impl Backend for Postgres {
    // The information schema does not show tables that this role must not read.
    const HAS_MIGRATIONS: &'static str = "SELECT count(*) FROM pg_catalog.pg_class \
        WHERE relname = 'divan_migrations' AND relnamespace = to_regnamespace(quote_ident(current_schema()))";

    const ACCOUNT_TO_WRITE: &'static str = sql::ACCOUNT_BY_ID_FOR_UPDATE;

    const TRY_LOCK_CLAIMS: Option<&'static str> =
        Some("SELECT pg_try_advisory_xact_lock(4918283720)");

    const TRY_LOCK_LOG: Option<&'static str> = Some("SELECT pg_try_advisory_xact_lock(4918283721)");

    const CLAIM_MESSAGES: &'static str = sql::CLAIM_MESSAGES_POSTGRES;

    fn migrator() -> Migrator {
        divan_migrations::postgres()
    }

    fn rows_affected(result: &PgQueryResult) -> u64 {
        result.rows_affected()
    }

    /// The statements rely on this level, whatever `default_transaction_isolation` is.
    async fn begin_write(store: &PostgresStore) -> Result<WriteTransaction<Self>, sqlx::Error> {
        store.writer().begin(BEGIN).await
    }

    async fn try_begin_migration(
        store: &PostgresStore,
    ) -> Result<Option<WriteTransaction<Self>>, StoreError> {
        let mut transaction = Self::begin_write(store).await?;
        let lock = sqlx::query_scalar(TRY_LOCK).persistent(false);
        let is_locked: bool = lock.fetch_one(&mut *transaction).await?;
        Ok(is_locked.then_some(transaction))
    }
}

impl PostgresStore {
    /// Connects and migrates the schema.
    ///
    /// # Errors
    /// When the server does not accept a connection in time, or the migration fails.
    pub async fn open(url: &PostgresUrl, pool: PostgresPool) -> Result<Self, MigrateError> {
        let store = Self::connect(url, pool).await?;
        store.migrate().await?;
        Ok(store)
    }

    /// Connects without migrating the schema. Each connection is checked: a standby, and a server whose
    /// transactions are read-only, are refused.
    ///
    /// # Errors
    /// When no server that accepts writes accepts a connection in time.
    pub async fn connect(url: &PostgresUrl, pool: PostgresPool) -> Result<Self, StoreError> {
        let connector = Connector::new(url.clone(), pool);
        let max = pool.max_connections.get();
        let connections = ConnectionPool::new(connector, max, pool.acquire_timeout);
        // The server may start later than this program.
        connections
            .connect_once()
            .await
            .map_err(|error| connect_error(error, url))?;
        let connections = Connections::own(connections);
        let statement_cache = statement_cache(url, pool);
        Ok(Self::on(connections, statement_cache))
    }

    /// Creates a store on a pool of the application. Call [`migrate`](Self::migrate) before the first use.
    /// The `search_path` of the pool decides the schema of the tables.
    ///
    /// - The pool decides which server it connects to. The checks and time limits of
    ///   [`connect`](Self::connect) do not apply.
    /// - Set `statement_cache` to `false` if a proxy shares connections between transactions, as in
    ///   [`PostgresPool::statement_cache`]. Then create the pool with `statement_cache_capacity(0)`.
    /// - Create the pool with `idle_timeout(None)` and `max_lifetime(None)`. Otherwise the maintenance task
    ///   of a pool of `sqlx` 0.9 can loop without end and occupy a core. Replace old connections in
    ///   `before_acquire` instead.
    ///
    /// ```no_run
    /// use divan_core::store::PostgresStore;
    ///
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = sqlx::postgres::PgPoolOptions::new()
    ///     .idle_timeout(None)
    ///     .max_lifetime(None)
    ///     .connect("postgres://app@localhost/app")
    ///     .await?;
    /// let store = PostgresStore::from_pool(pool, true);
    /// store.migrate().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_pool(pool: PgPool, statement_cache: bool) -> Self {
        Self::on(Connections::shared(pool), statement_cache)
    }

    fn on(connections: Connections<Postgres>, statement_cache: bool) -> Self {
        let connections = if statement_cache {
            connections
        } else {
            connections.in_transactions(BEGIN)
        };
        Self::new(connections.clone(), connections, statement_cache)
    }

    /// Returns the state of the connection pool.
    pub fn connections(&self) -> PoolState {
        self.writer().state()
    }

    /// Returns the current time of the server.
    ///
    /// # Errors
    /// When the server does not respond.
    pub async fn time(&self) -> Result<OffsetDateTime, StoreError> {
        const TIME: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
        let micros: i64 = sqlx::query_scalar(TIME)
            .persistent(false)
            .fetch_one(self.readers())
            .await?;
        Ok(sql::from_micros(micros))
    }
}

/// Returns the error of a connection. The operator needs the server's message, but it is omitted if it
/// contains the password.
fn connect_error(error: sqlx::Error, url: &PostgresUrl) -> StoreError {
    let password = url
        .password
        .as_ref()
        .map_or("", |password| password.expose());
    let is_secret = !password.is_empty() && password != url.user && password != url.database;
    if is_secret && error.to_string().contains(password) {
        return StoreError::caused_by(
            StoreErrorKind::Internal,
            "it refuses the connection; its message contains the password and is omitted",
        );
    }
    super::sql::connection_error(error)
}
