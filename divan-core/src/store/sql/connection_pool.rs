use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sqlx::{Connection, Executor};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Backend;
use super::connections::timed_out;
use crate::store::PoolState;

/// Age after which a connection is replaced, so that settings of the server and the addresses behind
/// a name take effect.
const MAX_AGE: Duration = Duration::from_mins(30);

/// Time without use after which a connection is replaced.
const MAX_IDLE: Duration = Duration::from_mins(10);

/// Time limit of a check. A server that is slower has other problems.
const CHECK_LIMIT: Duration = Duration::from_secs(1);

/// First pause between two attempts to connect; doubled up to [`MAX_PAUSE`].
const MIN_PAUSE: Duration = Duration::from_millis(20);
const MAX_PAUSE: Duration = Duration::from_millis(250);

/// Opens connections and decides whether they can be used.
#[async_trait]
pub(in crate::store) trait Connector<DB: Backend>:
    fmt::Debug + Send + Sync
{
    /// Opens a connection to a server that accepts writes.
    async fn connect(&self) -> Result<DB::Connection, sqlx::Error>;

    /// Asks the server whether it accepts writes.
    async fn is_writable(&self, connection: &mut DB::Connection) -> Result<bool, sqlx::Error>;

    /// Reports an error after which another attempt within seconds may succeed.
    fn is_temporary(&self, error: &sqlx::Error) -> bool;
}

/// A pool whose connections all lead to a server that accepts writes. Each one is checked when it is
/// lent, and nothing in it waits without a time limit.
pub(in crate::store) struct ConnectionPool<DB: Backend> {
    connector: Box<dyn Connector<DB>>,
    slots: Arc<Semaphore>,
    idle: Mutex<VecDeque<Idle<DB>>>,
    max: u32,
    acquire_timeout: Duration,
}

struct Idle<DB: Backend> {
    connection: DB::Connection,
    opened_at: Instant,
    since: Instant,
}

impl<DB: Backend> ConnectionPool<DB> {
    pub(in crate::store) fn new(
        connector: impl Connector<DB> + 'static,
        max: u32,
        acquire_timeout: Duration,
    ) -> Self {
        Self {
            connector: Box::new(connector),
            slots: Arc::new(Semaphore::new(max as usize)),
            idle: Mutex::new(VecDeque::new()),
            max,
            acquire_timeout,
        }
    }

    pub(super) fn acquire_timeout(&self) -> Duration {
        self.acquire_timeout
    }

    /// Lends a connection that has been checked.
    pub(super) async fn acquire(pool: &Arc<Self>) -> Result<PooledConnection<DB>, sqlx::Error> {
        let mut last_error = sqlx::Error::PoolTimedOut;
        let acquired = async {
            let slots = Arc::clone(&pool.slots).acquire_owned();
            let slot = slots.await.map_err(|_| sqlx::Error::PoolClosed)?;
            if let Some(idle) = pool.checked_idle().await {
                return Ok(PooledConnection::new(
                    pool,
                    idle.connection,
                    idle.opened_at,
                    slot,
                ));
            }
            let connection = pool.connect(&mut last_error).await?;
            Ok(PooledConnection::new(
                pool,
                connection,
                Instant::now(),
                slot,
            ))
        };
        match tokio::time::timeout(pool.acquire_timeout, acquired).await {
            Ok(result) => result,
            Err(_) => Err(last_error),
        }
    }

    /// Opens a connection. Returns the server's own error, which a time-out would hide.
    pub(in crate::store) async fn connect_once(&self) -> Result<(), sqlx::Error> {
        let mut last_error = timed_out(self.acquire_timeout);
        let connected = self.connect(&mut last_error);
        let connection = match tokio::time::timeout(self.acquire_timeout, connected).await {
            Ok(result) => result?,
            Err(_) => return Err(last_error),
        };
        self.put(connection, Instant::now());
        Ok(())
    }

    /// Tries until it succeeds, or fails with an error that is not temporary.
    async fn connect(&self, last_error: &mut sqlx::Error) -> Result<DB::Connection, sqlx::Error> {
        let mut pause = MIN_PAUSE;
        loop {
            match self.connector.connect().await {
                Ok(connection) => return Ok(connection),
                Err(error) if self.connector.is_temporary(&error) => *last_error = error,
                Err(error) => return Err(error),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    /// The oldest idle connection that passes its check.
    async fn checked_idle(&self) -> Option<Idle<DB>> {
        loop {
            let mut idle = self.idle().pop_front()?;
            if idle.opened_at.elapsed() >= MAX_AGE || idle.since.elapsed() >= MAX_IDLE {
                continue;
            }
            if self.check(&mut idle.connection).await {
                return Some(idle);
            }
            self.discard_idle();
        }
    }

    /// Returns `true` if the server responds in time and accepts writes.
    async fn check(&self, connection: &mut DB::Connection) -> bool {
        let check = self.connector.is_writable(connection);
        matches!(tokio::time::timeout(CHECK_LIMIT, check).await, Ok(Ok(true)))
    }

    /// Closes the idle connections, because they lead to the server of one that failed.
    fn discard_idle(&self) {
        let discarded = mem::take(&mut *self.idle());
        if !discarded.is_empty() {
            tracing::debug!(connections = discarded.len(), "closed idle connections");
        }
    }

    fn put(&self, connection: DB::Connection, opened_at: Instant) {
        if !self.slots.is_closed() {
            self.idle().push_back(Idle {
                connection,
                opened_at,
                since: Instant::now(),
            });
        }
    }

    /// An idle connection is never lent while another one is opened, so both together are at most
    /// `max`.
    pub(super) fn state(&self) -> PoolState {
        let idle = u32::try_from(self.idle().len()).unwrap_or(u32::MAX);
        let free = u32::try_from(self.slots.available_permits()).unwrap_or(u32::MAX);
        PoolState {
            open: self
                .max
                .saturating_sub(free)
                .saturating_add(idle)
                .min(self.max),
            idle,
            max: self.max,
        }
    }

    pub(super) async fn close(&self) {
        // A connection that hangs does not delay the end of the program.
        let all = self.slots.acquire_many(self.max);
        let _ = tokio::time::timeout(self.acquire_timeout, all).await;
        self.slots.close();
        let idle = mem::take(&mut *self.idle());
        for Idle { connection, .. } in idle {
            let _ = tokio::time::timeout(CHECK_LIMIT, connection.close()).await;
        }
    }

    fn idle(&self) -> MutexGuard<'_, VecDeque<Idle<DB>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<DB: Backend> fmt::Debug for ConnectionPool<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionPool")
            .field("connector", &self.connector)
            .field("state", &self.state())
            .finish()
    }
}

/// A connection that is lent, with its place among the open connections.
pub(in crate::store) struct PooledConnection<DB: Backend> {
    lent: Option<Lent<DB>>,
    pub(super) is_in_transaction: bool,
}

struct Lent<DB: Backend> {
    pool: Arc<ConnectionPool<DB>>,
    connection: DB::Connection,
    opened_at: Instant,
    slot: OwnedSemaphorePermit,
}

impl<DB: Backend> PooledConnection<DB> {
    fn new(
        pool: &Arc<ConnectionPool<DB>>,
        connection: DB::Connection,
        opened_at: Instant,
        slot: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            lent: Some(Lent {
                pool: Arc::clone(pool),
                connection,
                opened_at,
                slot,
            }),
            is_in_transaction: false,
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
        self.pool.put(self.connection, self.opened_at);
        drop(self.slot);
    }

    /// Rolls back and checks the connection, then returns it. Closes it if it does not respond or does
    /// not accept writes.
    async fn recover(mut self, is_in_transaction: bool) {
        let is_usable = async {
            if is_in_transaction {
                self.connection.execute("ROLLBACK").await?;
            }
            let connector = &self.pool.connector;
            connector.is_writable(&mut self.connection).await
        };
        if matches!(
            tokio::time::timeout(CHECK_LIMIT, is_usable).await,
            Ok(Ok(true))
        ) {
            self.release();
        } else {
            self.pool.discard_idle();
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
        &self.lent.as_ref().expect("a connection").connection
    }
}

#[expect(
    clippy::expect_used,
    reason = "only `release` and `drop`, which end the loan, take the connection"
)]
impl<DB: Backend> DerefMut for PooledConnection<DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        &mut self.lent.as_mut().expect("a connection").connection
    }
}
