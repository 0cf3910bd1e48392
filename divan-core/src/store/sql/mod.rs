//! The store for SQL databases: one text of each statement, one decoding of rows and one
//! implementation of each method. [`Backend`] holds what differs between the databases.

mod accounts;
mod audit;
mod backend;
mod bootstrap;
mod devices;
mod error;
mod migrate;
mod rows;
mod sessions;
mod statements;
mod throttle;
mod updates;
mod users;

use std::future::Future;
use std::time::{Duration, Instant};

use sqlx::{Database, Pool};

pub use backend::Backend;
#[cfg(feature = "postgres")]
pub(super) use rows::from_micros;
#[cfg(feature = "sqlite")]
pub(super) use statements::ACCOUNT_BY_ID;
#[cfg(feature = "postgres")]
pub(super) use statements::ACCOUNT_BY_ID_FOR_UPDATE;

use super::StoreError;

/// A store in an SQL database. Use it as [`SqliteStore`](super::SqliteStore) or
/// [`PostgresStore`](super::PostgresStore).
///
/// Each method logs its name (`call`), its duration (`micros`) and its error kind at level `DEBUG`
/// with the target `divan_core::store`; never a value.
#[derive(Debug)]
pub struct SqlStore<DB: Database> {
    writer: Pool<DB>,
    readers: Pool<DB>,
    statement_cache: bool,
}

impl<DB: Database> SqlStore<DB> {
    pub(super) fn new(writer: Pool<DB>, readers: Pool<DB>, statement_cache: bool) -> Self {
        Self {
            writer,
            readers,
            statement_cache,
        }
    }

    pub(super) fn writer(&self) -> &Pool<DB> {
        &self.writer
    }

    pub(super) fn readers(&self) -> &Pool<DB> {
        &self.readers
    }

    /// Waits for running queries and closes the pools.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// By hand, because deriving would require `DB: Clone`.
impl<DB: Database> Clone for SqlStore<DB> {
    fn clone(&self) -> Self {
        Self::new(
            self.writer.clone(),
            self.readers.clone(),
            self.statement_cache,
        )
    }
}

/// Repeats a transaction that failed because of concurrent ones, a bounded number of times.
async fn retrying<T, F>(mut attempt: impl FnMut() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    const ATTEMPTS: u32 = 5;
    for n in 0..ATTEMPTS - 1 {
        match attempt().await {
            Err(error) if error::is_retryable(&error) => {
                tokio::time::sleep(Duration::from_millis(10 << n)).await;
            }
            result => return result,
        }
    }
    attempt().await
}

/// Logs a call with its duration and the kind of its error.
async fn traced<T>(
    call: &'static str,
    result: impl Future<Output = Result<T, StoreError>> + Send,
) -> Result<T, StoreError> {
    if !tracing::enabled!(target: "divan_core::store", tracing::Level::DEBUG) {
        return result.await;
    }
    let started = Instant::now();
    let result = result.await;
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let error = result
        .as_ref()
        .err()
        .map(|error| tracing::field::debug(error.kind()));
    tracing::debug!(target: "divan_core::store", call, micros, error, "store");
    result
}
