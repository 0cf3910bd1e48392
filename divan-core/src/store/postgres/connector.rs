use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{Connection, Postgres, Row};
use zeroize::Zeroizing;

use super::options::options;
use crate::database_url::{DatabaseUrl, PostgresPool, PostgresUrl, SslMode};
use crate::error_sources;
use crate::store::sql::{self, timed_out};

/// `on` for a standby, and for a server whose transactions are read-only.
const READ_ONLY: &str = "SHOW transaction_read_only";

/// Longest default time limit for one host.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Finds the server that accepts writes among the hosts of a URL.
#[derive(Debug)]
pub(super) struct Connector {
    url: Mutex<PostgresUrl>,
    pool: PostgresPool,
    /// Index of the host that accepted the last connection.
    current: AtomicUsize,
    moves: AtomicU64,
}

impl Connector {
    pub(super) fn new(url: PostgresUrl, pool: PostgresPool) -> Self {
        Self {
            url: Mutex::new(url),
            pool,
            current: AtomicUsize::new(0),
            moves: AtomicU64::new(0),
        }
    }

    fn url(&self) -> PostgresUrl {
        let url = self.url.lock().unwrap_or_else(PoisonError::into_inner);
        url.clone()
    }

    /// Tries each host once, first the one that accepted the last connection.
    async fn try_hosts(&self, url: &PostgresUrl) -> Result<PgConnection, sqlx::Error> {
        let hosts = url.hosts();
        let limit = url.connect_timeout.unwrap_or_else(|| {
            let shares = u32::try_from(hosts.len() + 1).unwrap_or(u32::MAX);
            CONNECT_TIMEOUT.min(self.pool.acquire_timeout / shares)
        });
        let current = self.current.load(Ordering::Relaxed);
        let mut failure: Option<sqlx::Error> = None;
        for offset in 0..hosts.len() {
            let index = (current + offset) % hosts.len();
            let options = options(url, &hosts[index], self.pool);
            let opened = tokio::time::timeout(limit, open(options, url.ssl_mode)).await;
            match opened.unwrap_or_else(|_| Err(timed_out(limit))) {
                Ok(connection) => {
                    if self.current.swap(index, Ordering::Relaxed) != index {
                        self.moves.fetch_add(1, Ordering::Relaxed);
                        tracing::info!(host = %hosts[index], "using another database server");
                    }
                    return Ok(connection);
                }
                // An error that another attempt does not mend says more than an unreachable host.
                Err(error) if failure.is_none() || is_refused(&error) || !is_temporary(&error) => {
                    failure = Some(error);
                }
                Err(_) => {}
            }
        }
        Err(failure.unwrap_or(sqlx::Error::PoolTimedOut))
    }

    /// Reads the file of the URL again. Returns the URL if it has changed.
    async fn read_again(&self, used: &PostgresUrl) -> Option<PostgresUrl> {
        let file = used.file.clone()?;
        let read = tokio::task::spawn_blocking(move || read_url(&file));
        let mut url = read.await.ok()??;
        url.file.clone_from(&used.file);
        let password = |url: &PostgresUrl| Some(url.password.as_ref()?.expose().to_owned());
        if url.to_string() == used.to_string() && password(&url) == password(used) {
            return None;
        }
        tracing::info!("read the changed credentials of the database");
        *self.url.lock().unwrap_or_else(PoisonError::into_inner) = url.clone();
        Some(url)
    }
}

#[async_trait]
impl sql::Connector<Postgres> for Connector {
    async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        let url = self.url();
        match self.try_hosts(&url).await {
            Err(error) if is_refused(&error) => match self.read_again(&url).await {
                Some(url) => self.try_hosts(&url).await,
                None => Err(error),
            },
            result => result,
        }
    }

    async fn is_writable(&self, connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
        is_writable(connection).await
    }

    fn moves(&self) -> u64 {
        self.moves.load(Ordering::Relaxed)
    }

    fn is_temporary(&self, error: &sqlx::Error) -> bool {
        is_temporary(error)
    }
}

fn is_tls_fault(error: &sqlx::Error) -> bool {
    error_sources::find::<rustls::Error>(error).is_some()
}

fn is_temporary(error: &sqlx::Error) -> bool {
    match error {
        // A certificate does not change within seconds.
        sqlx::Error::Io(_) => !is_tls_fault(error),
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            // PgBouncer refuses parameters, and its mode of single statements, with this code.
            let is_protocol = code == "08P01";
            let is_class = |class: &&str| code.starts_with(*class);
            !is_protocol && ["57", "53", "08"].iter().any(is_class)
        }
        _ => false,
    }
}

/// Reads the URL from a file, which may hang or be endless.
fn read_url(file: &Path) -> Option<PostgresUrl> {
    const MAX_BYTES: u64 = 64 * 1024;
    let mut text = Zeroizing::new(String::new());
    let file = File::open(file).ok()?;
    file.take(MAX_BYTES).read_to_string(&mut text).ok()?;
    match text.trim().parse().ok()? {
        DatabaseUrl::Postgres(url) => Some(url),
        DatabaseUrl::Sqlite(_) => None,
    }
}

/// Opens a connection to a server that accepts writes. As libpq, `prefer` continues without TLS if the
/// handshake fails.
async fn open(options: PgConnectOptions, mode: SslMode) -> Result<PgConnection, sqlx::Error> {
    let mut connection = match PgConnection::connect_with(&options).await {
        Err(error) if mode == SslMode::Prefer && is_tls_fault(&error) => {
            PgConnection::connect_with(&options.ssl_mode(PgSslMode::Disable)).await?
        }
        result => result?,
    };
    if is_writable(&mut connection).await? {
        return Ok(connection);
    }
    let text = "the server is a standby or its transactions are read-only";
    Err(sqlx::Error::Io(io::Error::other(text)))
}

async fn is_writable(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let row = sqlx::raw_sql(READ_ONLY).fetch_one(connection).await?;
    let is_read_only: String = row.try_get(0)?;
    Ok(is_read_only == "off")
}

/// Reports that the server does not accept the credentials (SQLSTATE 28000, 28P01).
fn is_refused(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| code.starts_with("28"))
}
