//! The store for SQL databases: one text of each statement, one decoding of rows and one
//! implementation of each method. [`Backend`] holds what differs between the databases.

mod accounts;
mod audit;
mod backend;
mod bootstrap;
mod challenges;
mod connection_pool;
mod connections;
mod devices;
mod error;
mod events;
mod full_disk;
mod guard;
mod lease;
mod migrate;
mod outbox;
mod passkeys;
mod pooled_connection;
mod promotions;
mod retry;
mod rows;
mod services;
mod sessions;
mod statements;
mod throttle;
mod updates;
mod users;
mod webhooks;

use std::future::Future;
use std::time::Instant;

pub use backend::Backend;
#[cfg(feature = "postgres")]
pub(super) use connection_pool::{ConnectionPool, Connector};
pub(super) use connections::Connections;
#[cfg(feature = "postgres")]
pub(super) use error::connection_error;
#[cfg(feature = "postgres")]
pub(super) use guard::timed_out;
#[cfg(feature = "sqlite")]
pub(super) use lease::Lease;
pub(super) use lease::WriteTransaction;
#[cfg(feature = "postgres")]
pub(super) use rows::from_micros;
#[cfg(feature = "sqlite")]
pub(super) use statements::{ACCOUNT_BY_ID, CLAIM_MESSAGES_SQLITE};
#[cfg(feature = "postgres")]
pub(super) use statements::{ACCOUNT_BY_ID_FOR_UPDATE, CLAIM_MESSAGES_POSTGRES};

use full_disk::FullDisk;

use super::StoreError;

/// A store in an SQL database. Use it as [`SqliteStore`](super::SqliteStore) or
/// [`PostgresStore`](super::PostgresStore).
///
/// Each method logs its name (`call`), its duration (`micros`) and its error kind at level `DEBUG`
/// with the target `divan_core::store`; never a value.
#[derive(Debug)]
pub struct SqlStore<DB: Backend> {
    writer: Connections<DB>,
    readers: Connections<DB>,
    statement_cache: bool,
    full_disk: FullDisk,
}

impl<DB: Backend> SqlStore<DB> {
    pub(super) fn new(
        writer: Connections<DB>,
        readers: Connections<DB>,
        statement_cache: bool,
    ) -> Self {
        Self {
            writer,
            readers,
            statement_cache,
            full_disk: FullDisk::default(),
        }
    }

    pub(super) fn writer(&self) -> &Connections<DB> {
        &self.writer
    }

    pub(super) fn readers(&self) -> &Connections<DB> {
        &self.readers
    }

    /// Waits for running queries and closes the pools.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Observes the outcome of a call. Logs its duration and the kind of its error.
    async fn traced<T>(
        &self,
        call: &'static str,
        result: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let started = Instant::now();
        let result = result.await;
        self.full_disk.observe(&result);
        if tracing::enabled!(target: "divan_core::store", tracing::Level::DEBUG) {
            let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
            let error = result
                .as_ref()
                .err()
                .map(|error| tracing::field::debug(error.kind()));
            tracing::debug!(target: "divan_core::store", call, micros, error, "store");
        }
        result
    }
}

/// By hand, because deriving would require `DB: Clone`.
impl<DB: Backend> Clone for SqlStore<DB> {
    fn clone(&self) -> Self {
        Self {
            writer: self.writer.clone(),
            readers: self.readers.clone(),
            statement_cache: self.statement_cache,
            full_disk: self.full_disk.clone(),
        }
    }
}
