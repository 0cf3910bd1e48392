use std::ops::{Deref, DerefMut};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Executor, Transaction};

use super::Backend;
use super::connections::STATEMENT_LIMIT;
use super::guard::Guard;
use super::pooled_connection::PooledConnection;

/// A connection on loan from a pool. [`finish`](Self::finish) returns it; a lease that is dropped
/// otherwise, for example after an error or in the middle of a statement, is rolled back and checked
/// before it is used again.
pub(in crate::store) enum Lease<DB: Backend> {
    Shared(PoolConnection<DB>),
    SharedTransaction(Transaction<'static, DB>),
    Own(PooledConnection<DB>),
}

impl<DB: Backend> Lease<DB> {
    /// Begins a transaction on a connection of the pool.
    pub(super) async fn begin(
        mut connection: PooledConnection<DB>,
        statement: &'static str,
    ) -> Result<Self, sqlx::Error> {
        connection.is_in_transaction = true;
        let guard = Guard::new(&connection, STATEMENT_LIMIT);
        guard.run(connection.execute(statement)).await?;
        Ok(Self::Own(connection))
    }

    /// Limits of a statement or transaction on this connection, where there are some.
    pub(super) fn guard(&self, limit: Duration) -> Guard {
        match self {
            Self::Shared(_) | Self::SharedTransaction(_) => Guard::none(),
            Self::Own(connection) => Guard::new(connection, limit),
        }
    }

    /// Commits the transaction, if there is one, and returns the connection.
    pub(in crate::store) async fn finish(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Shared(_) => Ok(()),
            Self::SharedTransaction(transaction) => transaction.commit().await,
            Self::Own(mut connection) => {
                if connection.is_in_transaction {
                    connection.execute("COMMIT").await?;
                    connection.is_in_transaction = false;
                }
                connection.release();
                Ok(())
            }
        }
    }
}

impl<DB: Backend> Deref for Lease<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        match self {
            Self::Shared(connection) => connection,
            Self::SharedTransaction(transaction) => transaction,
            Self::Own(connection) => connection,
        }
    }
}

impl<DB: Backend> DerefMut for Lease<DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        match self {
            Self::Shared(connection) => connection,
            Self::SharedTransaction(transaction) => transaction,
            Self::Own(connection) => connection,
        }
    }
}

/// An open transaction. Dropping it rolls back.
pub struct WriteTransaction<DB: Backend>(Lease<DB>);

impl<DB: Backend> WriteTransaction<DB> {
    pub(super) fn new(lease: Lease<DB>) -> Self {
        Self(lease)
    }

    pub(super) fn guard(&self, limit: Duration) -> Guard {
        self.0.guard(limit)
    }

    pub(in crate::store) async fn commit(self) -> Result<(), sqlx::Error> {
        self.0.finish().await
    }
}

impl<DB: Backend> Deref for WriteTransaction<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        &self.0
    }
}

impl<DB: Backend> DerefMut for WriteTransaction<DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        &mut self.0
    }
}
