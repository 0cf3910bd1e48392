use std::time::{Duration, Instant};

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgQueryResult, PgSslMode};
use sqlx::{Connection, PgConnection, Postgres, Transaction};
use time::OffsetDateTime;

use super::pool::without_maintenance;
use super::sql::{self, Backend, SqlStore};
use super::{MigrateError, PoolState, StoreError, StoreErrorKind};
use crate::database_url::{PostgresPool, PostgresUrl, SslMode};

/// One lock per database, held until the end of the transaction, so that it also works behind a
/// connection pooler.
const TRY_LOCK: &str = "SELECT pg_try_advisory_xact_lock(4918283719)";

/// The store for several servers on one PostgreSQL database.
pub type PostgresStore = SqlStore<Postgres>;

impl Backend for Postgres {
    const HAS_MIGRATIONS: &'static str = "SELECT count(*) FROM information_schema.tables \
        WHERE table_schema = current_schema() AND table_name = 'divan_migrations'";

    const ACCOUNT_TO_WRITE: &'static str = sql::ACCOUNT_BY_ID_FOR_UPDATE;

    fn migrator() -> Migrator {
        divan_migrations::postgres()
    }

    fn rows_affected(result: &PgQueryResult) -> u64 {
        result.rows_affected()
    }

    async fn begin_write(writer: &PgPool) -> Result<Transaction<'static, Self>, sqlx::Error> {
        writer.begin().await
    }

    async fn try_begin_migration(
        writer: &PgPool,
    ) -> Result<Option<Transaction<'static, Self>>, StoreError> {
        let mut transaction = writer.begin().await?;
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

    /// Connects without migrating the schema.
    ///
    /// # Errors
    /// When the server does not accept a connection in time.
    pub async fn connect(url: &PostgresUrl, pool: PostgresPool) -> Result<Self, StoreError> {
        let pool_options = without_maintenance(PgPoolOptions::new())
            .max_connections(pool.max_connections.get())
            .acquire_timeout(pool.acquire_timeout)
            // A connection is replaced from time to time, so that settings of the server and the
            // addresses behind a name take effect.
            .before_acquire(|_, used| {
                let is_usable = used.age < MAX_AGE && used.idle_for < MAX_IDLE;
                Box::pin(async move { Ok(is_usable) })
            });
        let options = options(url, pool);
        wait_for_server(&options, pool.acquire_timeout)
            .await
            .map_err(|error| connect_error(error, url))?;
        let connections = pool_options.connect_lazy_with(options);
        Ok(Self::from_pool(connections, pool.statement_cache))
    }

    /// Works on a pool of the application, whose `search_path` decides the schema of the tables. Call
    /// [`migrate`](Self::migrate) before the first use.
    ///
    /// `statement_cache` is `false` when a proxy shares connections between transactions, as in
    /// [`PostgresPool::statement_cache`]; the pool must then be made with
    /// `statement_cache_capacity(0)`. Transactions must have the isolation level
    /// `READ COMMITTED`, PostgreSQL's default.
    ///
    /// Create the pool with `idle_timeout(None)` and `max_lifetime(None)`, as [`connect`](Self::connect)
    /// does: in `sqlx` 0.9 the maintenance task of a pool can loop without end and occupy a core. Replace
    /// old connections in `before_acquire` instead.
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
        Self::new(pool.clone(), pool, statement_cache)
    }

    /// The state of its connection pool.
    pub fn connections(&self) -> PoolState {
        PoolState::new(self.writer())
    }

    /// The current time of the server.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn time(&self) -> Result<OffsetDateTime, StoreError> {
        const TIME: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
        let micros: i64 = sqlx::query_scalar(TIME)
            .persistent(false)
            .fetch_one(self.readers())
            .await?;
        Ok(sql::from_micros(micros))
    }
}

/// Age after which a connection is replaced.
const MAX_AGE: Duration = Duration::from_mins(30);

/// Time without use after which a connection is replaced.
const MAX_IDLE: Duration = Duration::from_mins(10);

/// Waits until the server accepts a connection, as it may start later than this program. Returns
/// the server's last error, which a pool would hide behind its own time-out.
async fn wait_for_server(options: &PgConnectOptions, within: Duration) -> Result<(), sqlx::Error> {
    let started = Instant::now();
    loop {
        let left = within.saturating_sub(started.elapsed());
        let error = match tokio::time::timeout(left, PgConnection::connect_with(options)).await {
            Ok(Ok(connection)) => return connection.close().await,
            Ok(Err(error)) => error,
            Err(_) => sqlx::Error::PoolTimedOut,
        };
        let is_starting = matches!(error, sqlx::Error::Io(_)) || has_code(&error, "57P03");
        if !is_starting || started.elapsed() >= within {
            return Err(error);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Keeps the server's message, which the operator needs, unless it contains the password.
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
    StoreError::with_message(error)
}

fn has_code(error: &sqlx::Error, code: &str) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|found| found == code)
}

fn options(url: &PostgresUrl, pool: PostgresPool) -> PgConnectOptions {
    let mut options = PgConnectOptions::new_without_pgpass()
        .host(&url.host)
        .port(url.port)
        .username(&url.user)
        .database(&url.database)
        .application_name(&url.application_name)
        .ssl_mode(match url.ssl_mode {
            SslMode::Disable => PgSslMode::Disable,
            SslMode::Allow => PgSslMode::Allow,
            SslMode::Prefer => PgSslMode::Prefer,
            // `sqlx` would ignore the certificates that libpq verifies then.
            SslMode::Require if url.ssl_root_cert.is_some() => PgSslMode::VerifyCa,
            SslMode::Require => PgSslMode::Require,
            SslMode::VerifyCa => PgSslMode::VerifyCa,
            SslMode::VerifyFull => PgSslMode::VerifyFull,
        });
    if let Some(password) = &url.password {
        options = options.password(password.expose());
    }
    if let Some(certificates) = &url.ssl_root_cert {
        options = options.ssl_root_cert(certificates);
    }
    if !pool.statement_cache {
        options = options.statement_cache_capacity(0);
    }
    options
}
