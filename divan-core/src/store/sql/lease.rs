use std::ops::{Deref, DerefMut};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Executor, Transaction};

use super::Backend;
use super::connection_pool::PooledConnection;
use super::connections::STATEMENT_LIMIT;
use super::guard::Guard;

/// A connection on loan from a pool. [`release`](Self::release) returns it; a lease that is dropped
/// otherwise, for example after an error or in the middle of a statement, is checked before it is
/// used again.
pub(in crate::store) enum Lease<DB: Backend> {
    Shared(PoolConnection<DB>),
    Own(PooledConnection<DB>),
}

impl<DB: Backend> Lease<DB> {
    /// Time limit of a statement, where there is one.
    pub(super) fn guard(&self, limit: Duration) -> Guard {
        match self {
            Self::Shared(_) => Guard::none(),
            Self::Own(connection) => Guard::new(connection, limit),
        }
    }

    /// Returns the connection after a statement that ended regularly.
    pub(in crate::store) fn release(self) {
        if let Self::Own(connection) = self {
            connection.release();
        }
    }
}

impl<DB: Backend> Deref for Lease<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        match self {
            Self::Shared(connection) => connection,
            Self::Own(connection) => connection,
        }
    }
}

impl<DB: Backend> DerefMut for Lease<DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        match self {
            Self::Shared(connection) => connection,
            Self::Own(connection) => connection,
        }
    }
}

/// An open transaction. Dropping it rolls back.
pub struct WriteTransaction<DB: Backend>(Open<DB>);

enum Open<DB: Backend> {
    Shared(Transaction<'static, DB>),
    Own(PooledConnection<DB>),
}

impl<DB: Backend> WriteTransaction<DB> {
    pub(super) fn shared(transaction: Transaction<'static, DB>) -> Self {
        Self(Open::Shared(transaction))
    }

    pub(super) async fn begin(
        mut connection: PooledConnection<DB>,
        statement: &'static str,
    ) -> Result<Self, sqlx::Error> {
        connection.is_in_transaction = true;
        let guard = Guard::new(&connection, STATEMENT_LIMIT);
        guard.run(connection.execute(statement)).await?;
        Ok(Self(Open::Own(connection)))
    }

    /// Time limit of the transaction, where there is one.
    pub(super) fn guard(&self, limit: Duration) -> Guard {
        match &self.0 {
            Open::Shared(_) => Guard::none(),
            Open::Own(connection) => Guard::new(connection, limit),
        }
    }

    pub(in crate::store) async fn commit(self) -> Result<(), sqlx::Error> {
        match self.0 {
            Open::Shared(transaction) => transaction.commit().await,
            Open::Own(mut connection) => {
                connection.execute("COMMIT").await?;
                connection.is_in_transaction = false;
                connection.release();
                Ok(())
            }
        }
    }
}

impl<DB: Backend> Deref for WriteTransaction<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        match &self.0 {
            Open::Shared(transaction) => transaction,
            Open::Own(connection) => connection,
        }
    }
}

impl<DB: Backend> DerefMut for WriteTransaction<DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        match &mut self.0 {
            Open::Shared(transaction) => transaction,
            Open::Own(connection) => connection,
        }
    }
}
