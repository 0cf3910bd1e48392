use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use sqlx::{Either, Execute, Executor, Pool, SqlStr};

use super::Backend;
use super::connection_pool::ConnectionPool;
use super::lease::{Lease, WriteTransaction};
use crate::store::PoolState;

/// Time limit of one statement on a connection of a [`ConnectionPool`]. A connection whose network
/// path is lost sends nothing, and TCP takes a quarter of an hour to give up.
const STATEMENT_LIMIT: Duration = Duration::from_secs(4);

/// Source of the connections of a store. As an [`Executor`] it runs one statement.
pub(in crate::store) enum Connections<DB: Backend> {
    /// A pool of `sqlx`: of SQLite, or of the application.
    Shared(Pool<DB>),
    /// A pool that finds the server to write to.
    Own(Arc<ConnectionPool<DB>>),
}

impl<DB: Backend> Connections<DB> {
    pub(in crate::store) async fn acquire(&self) -> Result<Lease<DB>, sqlx::Error> {
        match self {
            Self::Shared(pool) => Ok(Lease::Shared(pool.acquire().await?)),
            Self::Own(pool) => Ok(Lease::Own(ConnectionPool::acquire(pool).await?)),
        }
    }

    /// Begins a transaction with a statement.
    pub(in crate::store) async fn begin(
        &self,
        statement: &'static str,
    ) -> Result<WriteTransaction<DB>, sqlx::Error> {
        match self {
            Self::Shared(pool) => {
                let transaction = pool.begin_with(statement).await?;
                Ok(WriteTransaction::shared(transaction))
            }
            Self::Own(pool) => {
                WriteTransaction::begin(ConnectionPool::acquire(pool).await?, statement).await
            }
        }
    }

    /// Time limit of a transaction, including the wait for a connection; `None` if there is none.
    pub(super) fn transaction_limit(&self) -> Option<Duration> {
        match self {
            Self::Shared(_) => None,
            Self::Own(pool) => Some(pool.acquire_timeout().max(STATEMENT_LIMIT)),
        }
    }

    pub(in crate::store) fn state(&self) -> PoolState {
        match self {
            Self::Shared(pool) => PoolState::new(pool),
            Self::Own(pool) => pool.state(),
        }
    }

    /// Waits for running queries and closes all connections.
    pub(super) async fn close(&self) {
        match self {
            Self::Shared(pool) => pool.close().await,
            Self::Own(pool) => pool.close().await,
        }
    }

    /// Applies the time limit of a statement.
    async fn limited<T>(
        &self,
        statement: impl Future<Output = Result<T, sqlx::Error>> + Send,
    ) -> Result<T, sqlx::Error> {
        match self {
            Self::Shared(_) => statement.await,
            Self::Own(_) => within(STATEMENT_LIMIT, statement).await,
        }
    }
}

/// Fails with [`timed_out`] after a time limit.
pub(super) async fn within<T, E: From<sqlx::Error>>(
    limit: Duration,
    result: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    match tokio::time::timeout(limit, result).await {
        Ok(result) => result,
        Err(_) => Err(timed_out(limit).into()),
    }
}

/// The error of a server that sends nothing.
pub(in crate::store) fn timed_out(limit: Duration) -> sqlx::Error {
    let text = format!("no response within {} s", limit.as_secs_f32());
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, text))
}

/// By hand, because deriving would require `DB: Clone`.
impl<DB: Backend> Clone for Connections<DB> {
    fn clone(&self) -> Self {
        match self {
            Self::Shared(pool) => Self::Shared(pool.clone()),
            Self::Own(pool) => Self::Own(Arc::clone(pool)),
        }
    }
}

impl<DB: Backend> fmt::Debug for Connections<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shared(pool) => pool.fmt(f),
            Self::Own(pool) => pool.fmt(f),
        }
    }
}

impl<'p, DB: Backend> Executor<'p> for &'_ Connections<DB> {
    type Database = DB;

    /// Reads all rows before it returns the first one.
    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<DB::QueryResult, DB::Row>, sqlx::Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let connections = self.clone();
        let rows = async move {
            let mut lease = connections.acquire().await?;
            let rows = lease.fetch_many(query).try_collect();
            let rows: Vec<_> = connections.limited(rows).await?;
            lease.release();
            Ok::<_, sqlx::Error>(stream::iter(rows.into_iter().map(Ok)))
        };
        stream::once(rows).try_flatten().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<DB::Row>, sqlx::Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let connections = self.clone();
        Box::pin(async move {
            let mut lease = connections.acquire().await?;
            let row = connections.limited(lease.fetch_optional(query)).await?;
            lease.release();
            Ok(row)
        })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [DB::TypeInfo],
    ) -> BoxFuture<'e, Result<DB::Statement, sqlx::Error>>
    where
        'p: 'e,
    {
        let connections = self.clone();
        Box::pin(async move {
            let mut lease = connections.acquire().await?;
            let statement = lease.prepare_with(sql, parameters).await?;
            lease.release();
            Ok(statement)
        })
    }
}
