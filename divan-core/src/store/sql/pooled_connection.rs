use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use sqlx::Executor;
use tokio::sync::OwnedSemaphorePermit;

use super::Backend;
use super::connection_pool::{CHECK_LIMIT, ConnectionPool, Open};

/// A connection that is lent, with its place among the open connections.
pub(in crate::store) struct PooledConnection<DB: Backend> {
    lent: Option<Lent<DB>>,
    pub(super) is_in_transaction: bool,
}

struct Lent<DB: Backend> {
    pool: Arc<ConnectionPool<DB>>,
    open: Open<DB>,
    slot: OwnedSemaphorePermit,
}

impl<DB: Backend> PooledConnection<DB> {
    pub(super) fn new(
        pool: &Arc<ConnectionPool<DB>>,
        open: Open<DB>,
        slot: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            lent: Some(Lent {
                pool: Arc::clone(pool),
                open,
                slot,
            }),
            is_in_transaction: false,
        }
    }

    /// Completes when the connections move to another server.
    pub(super) fn moved(&self) -> impl Future<Output = ()> + Send + use<DB> {
        let lent = self.lent.as_ref();
        let moves = lent.map(|lent| (lent.pool.moves(), lent.open.server));
        async move {
            if let Some((mut moves, own)) = moves {
                // An error means that the pool has ended.
                let _ = moves.wait_for(|server| *server != own).await;
            }
        }
    }

    /// Returns the connection without a check.
    pub(super) fn release(mut self) {
        if let Some(lent) = self.lent.take() {
            lent.release();
        }
    }
}

impl<DB: Backend> Lent<DB> {
    fn release(self) {
        self.pool.put(self.open);
        drop(self.slot);
    }

    /// Rolls back and checks the connection, then returns it. Closes it if it does not respond or does
    /// not accept writes.
    async fn recover(mut self, is_in_transaction: bool) {
        let connection = &mut self.open.connection;
        if is_in_transaction {
            let rollback = tokio::time::timeout(CHECK_LIMIT, connection.execute("ROLLBACK"));
            if !matches!(rollback.await, Ok(Ok(_))) {
                return;
            }
        }
        if self.pool.check(connection).await {
            self.release();
        }
    }
}

/// A connection that was not released may be in the middle of a statement.
impl<DB: Backend> Drop for PooledConnection<DB> {
    fn drop(&mut self) {
        let lent = self.lent.take();
        if let (Some(lent), Ok(runtime)) = (lent, tokio::runtime::Handle::try_current()) {
            runtime.spawn(lent.recover(self.is_in_transaction));
        }
    }
}

#[expect(
    clippy::expect_used,
    reason = "only `release` and `drop`, which end the loan, take the connection"
)]
impl<DB: Backend> Deref for PooledConnection<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        &self.lent.as_ref().expect("a connection").open.connection
    }
}

#[expect(
    clippy::expect_used,
    reason = "only `release` and `drop`, which end the loan, take the connection"
)]
impl<DB: Backend> DerefMut for PooledConnection<DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        &mut self.lent.as_mut().expect("a connection").open.connection
    }
}
