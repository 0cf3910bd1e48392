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

/// Time limit of one statement or short transaction on a connection of a [`ConnectionPool`]. A connection
/// whose network path is lost sends nothing, and TCP takes a quarter of an hour to give up.
pub(super) const STATEMENT_LIMIT: Duration = Duration::from_secs(4);

/// Source of the connections of a store. As an [`Executor`] it runs one statement.
pub(in crate::store) struct Connections<DB: Backend> {
    source: Source<DB>,
    /// Begins a transaction around a single statement.
    begin: Option<&'static str>,
}

enum Source<DB: Backend> {
    Shared(Pool<DB>),
    #[cfg_attr(
        not(feature = "postgres"),
        expect(dead_code, reason = "SQLite uses the pools of `sqlx`")
    )]
    Own(Arc<ConnectionPool<DB>>),
}

impl<DB: Backend> Connections<DB> {
    /// Uses a pool of `sqlx`: of SQLite, or of the application.
    pub(in crate::store) fn shared(pool: Pool<DB>) -> Self {
        Self {
            source: Source::Shared(pool),
            begin: None,
        }
    }

    /// Uses a pool that finds the server to write to.
    #[cfg(feature = "postgres")]
    pub(in crate::store) fn own(pool: ConnectionPool<DB>) -> Self {
        Self {
            source: Source::Own(Arc::new(pool)),
            begin: None,
        }
    }

    /// Runs also single statements in a transaction. `sqlx` sends a statement in two steps, between
    /// which a proxy that shares connections between transactions may change the connection.
    #[cfg(feature = "postgres")]
    pub(in crate::store) fn in_transactions(self, begin: &'static str) -> Self {
        Self {
            begin: Some(begin),
            ..self
        }
    }

    /// A connection for one or more statements that read, or one that writes.
    pub(in crate::store) async fn acquire(&self) -> Result<Lease<DB>, sqlx::Error> {
        match (&self.source, self.begin) {
            (_, Some(begin)) => self.begin_on_lease(begin).await,
            (Source::Shared(pool), None) => Ok(Lease::Shared(pool.acquire().await?)),
            (Source::Own(pool), None) => Ok(Lease::Own(ConnectionPool::acquire(pool).await?)),
        }
    }

    /// Begins a transaction with a statement.
    pub(in crate::store) async fn begin(
        &self,
        statement: &'static str,
    ) -> Result<WriteTransaction<DB>, sqlx::Error> {
        Ok(WriteTransaction::new(self.begin_on_lease(statement).await?))
    }

    async fn begin_on_lease(&self, statement: &'static str) -> Result<Lease<DB>, sqlx::Error> {
        match &self.source {
            Source::Shared(pool) => {
                let transaction = pool.begin_with(statement).await?;
                Ok(Lease::SharedTransaction(transaction))
            }
            Source::Own(pool) => {
                Lease::begin(ConnectionPool::acquire(pool).await?, statement).await
            }
        }
    }

    pub(in crate::store) fn state(&self) -> PoolState {
        match &self.source {
            Source::Shared(pool) => PoolState::new(pool),
            Source::Own(pool) => pool.state(),
        }
    }

    /// Waits for running queries and closes all connections.
    pub(super) async fn close(&self) {
        match &self.source {
            Source::Shared(pool) => pool.close().await,
            Source::Own(pool) => pool.close().await,
        }
    }
}

/// By hand, because deriving would require `DB: Clone`.
impl<DB: Backend> Clone for Connections<DB> {
    fn clone(&self) -> Self {
        let source = match &self.source {
            Source::Shared(pool) => Source::Shared(pool.clone()),
            Source::Own(pool) => Source::Own(Arc::clone(pool)),
        };
        Self {
            source,
            begin: self.begin,
        }
    }
}

impl<DB: Backend> fmt::Debug for Connections<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Shared(pool) => pool.fmt(f),
            Source::Own(pool) => pool.fmt(f),
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
            let read = async {
                let rows: Vec<_> = lease.fetch_many(query).try_collect().await?;
                lease.finish().await?;
                Ok::<_, sqlx::Error>(rows)
            };
            let rows = guard.run(read).await?;
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
            let read = async {
                let row = lease.fetch_optional(query).await?;
                lease.finish().await?;
                Ok(row)
            };
            guard.run(read).await
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
            lease.finish().await?;
            Ok(statement)
        })
    }
}
