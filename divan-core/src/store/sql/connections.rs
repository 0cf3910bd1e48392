use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use sqlx::{Either, Execute, Executor, Pool, SqlStr};

use super::Backend;
use super::connection_pool::ConnectionPool;
use super::lease::{Lease, WriteTransaction};
use crate::store::PoolState;

/// Time limit of one statement or short transaction on a connection of a [`ConnectionPool`]. A connection whose network
/// path is lost sends nothing, and TCP takes a quarter of an hour to give up.
pub(super) const STATEMENT_LIMIT: Duration = Duration::from_secs(4);

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
            let guard = lease.guard(STATEMENT_LIMIT);
            let rows: Vec<_> = guard.run(lease.fetch_many(query).try_collect()).await?;
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
            let guard = lease.guard(STATEMENT_LIMIT);
            let row = guard.run(lease.fetch_optional(query)).await?;
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
