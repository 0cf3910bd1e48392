use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgSslMode};
use sqlx::{Connection, PgConnection, Postgres, Transaction};
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
use crate::infra::{PostgresUrl, SslMode};
use crate::session::{EndReason, MAX_LIVE_SESSIONS};
use crate::types::{AuditEvent, Email, Phone, SessionId, TelegramId, User, UserId};

const HAS_MIGRATIONS: &str = "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = '_sqlx_migrations'";

/// One lock for each database, which ends with its transaction: it also holds behind a proxy that
/// shares connections.
const TRY_LOCK: &str = "SELECT pg_try_advisory_xact_lock(4918283719)";

/// The store for several servers on one database: PostgreSQL, or what speaks its protocol.
#[derive(Clone, Debug)]
pub struct PostgresStore {
    writer: PgPool,
    readers: PgPool,
    statement_cache: bool,
}

sql_store!(
    PostgresStore,
    Postgres,
    PgConnection,
    divan_migrations::postgres,
    HAS_MIGRATIONS,
    sql::ACCOUNT_BY_ID_FOR_UPDATE
);
sql_sessions!(PostgresStore, Postgres, PgConnection);
sql_people!(PostgresStore, Postgres, PgConnection);

/// How a [`PostgresStore`] holds its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PostgresPool {
    /// The most connections at a time. Default: 10.
    pub max_connections: NonZeroU32,
    /// How long a request waits for a connection, and a connection for the server. Default: 5
    /// seconds.
    pub acquire_timeout: Duration,
    /// Whether prepared statements are kept for their connection. Off behind a proxy that shares
    /// connections between transactions (PgBouncer's `pool_mode = transaction`). Default: on.
    pub statement_cache: bool,
}

impl Default for PostgresPool {
    fn default() -> Self {
        Self {
            max_connections: NonZeroU32::MIN.saturating_add(9),
            acquire_timeout: Duration::from_secs(5),
            statement_cache: true,
        }
    }
}

impl PostgresStore {
    /// Connects, and brings the schema up to date.
    ///
    /// # Errors
    /// When the server does not let us in in time, or its schema cannot be brought up to date.
    pub async fn open(url: &PostgresUrl, pool: PostgresPool) -> Result<Self, MigrateError> {
        let store = Self::connect(url, pool).await?;
        store.migrate().await?;
        Ok(store)
    }

    /// Connects to the database with the schema that it has.
    ///
    /// # Errors
    /// When the server does not let us in in time.
    pub async fn connect(url: &PostgresUrl, pool: PostgresPool) -> Result<Self, StoreError> {
        let pool_options = PgPoolOptions::new()
            .max_connections(pool.max_connections.get())
            .acquire_timeout(pool.acquire_timeout);
        let options = options(url, pool);
        reach(&options, pool.acquire_timeout)
            .await
            .map_err(|error| refusal(error, url))?;
        let connections = pool_options.connect_lazy_with(options);
        Ok(Self {
            writer: connections.clone(),
            readers: connections,
            statement_cache: pool.statement_cache,
        })
    }

    /// What time the server has.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn time(&self) -> Result<OffsetDateTime, StoreError> {
        const TIME: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
        let micros: i64 = sqlx::query_scalar(TIME)
            .persistent(false)
            .fetch_one(&self.readers)
            .await?;
        Ok(sql::from_micros(micros))
    }

    /// How its connections are used.
    pub fn connections(&self) -> PoolState {
        PoolState::of(&self.writer)
    }

    /// Waits for what is under way and closes the connections.
    pub async fn close(&self) {
        self.writer.close().await;
    }

    /// A transaction that holds the lock of migrations. Asked for again and again: a lock that is
    /// waited for in the database has no deadline of ours, and blocks others behind it.
    async fn locked(&self) -> Result<Transaction<'static, Postgres>, MigrateError> {
        let started = Instant::now();
        loop {
            let mut transaction = self.begin_write().await.map_err(StoreError::from)?;
            let locked: bool = sqlx::query_scalar(TRY_LOCK)
                .persistent(false)
                .fetch_one(&mut *transaction)
                .await
                .map_err(StoreError::from)?;
            if locked {
                return Ok(transaction);
            }
            transaction.rollback().await.map_err(StoreError::from)?;
            if started.elapsed() > MIGRATION_DEADLINE {
                return Err(MigrateError::Busy);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn begin_write(&self) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        self.writer.begin().await
    }

    fn statement_cache(&self) -> bool {
        self.statement_cache
    }
}

/// Waits until the server lets us in: where both start together, it may be the slower one. Its last
/// refusal is the error, which a pool would hide behind a time-out of its own.
async fn reach(options: &PgConnectOptions, within: Duration) -> Result<(), sqlx::Error> {
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

/// What was said at the start is what an operator has to read, unless it holds the password.
fn refusal(error: sqlx::Error, url: &PostgresUrl) -> StoreError {
    let password = url
        .password
        .as_ref()
        .map_or("", |password| password.expose());
    let is_secret = !password.is_empty() && password != url.user && password != url.database;
    if is_secret && error.to_string().contains(password) {
        return StoreError::caused_by(
            StoreErrorKind::Internal,
            "it refuses the connection, in words that hold the password and are left out",
        );
    }
    StoreError::in_its_words(error)
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
