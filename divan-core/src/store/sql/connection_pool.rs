use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sqlx::Connection;
use tokio::sync::{Semaphore, watch};

use super::Backend;
use super::guard::timed_out;
use super::pooled_connection::PooledConnection;
use crate::store::PoolState;

/// Age after which a connection is replaced, so that settings of the server and the addresses behind
/// a name take effect.
const MAX_AGE: Duration = Duration::from_mins(30);

/// Time without use after which a connection is replaced.
const MAX_IDLE: Duration = Duration::from_mins(10);

/// Time limit of a check. A server that is slower has other problems.
pub(super) const CHECK_LIMIT: Duration = Duration::from_secs(1);

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

    /// Number of times that connections moved to another server.
    fn moves(&self) -> u64;

    /// Reports an error after which another attempt within seconds may succeed.
    fn is_temporary(&self, error: &sqlx::Error) -> bool;
}

/// A pool whose connections all lead to a server that accepts writes. Each one is checked when it is
/// lent, and nothing in it waits without a time limit.
pub(in crate::store) struct ConnectionPool<DB: Backend> {
    connector: Box<dyn Connector<DB>>,
    slots: Arc<Semaphore>,
    idle: Mutex<VecDeque<Idle<DB>>>,
    moves: watch::Sender<u64>,
    max: u32,
    acquire_timeout: Duration,
}

struct Idle<DB: Backend> {
    open: Open<DB>,
    since: Instant,
}

/// An open connection.
pub(super) struct Open<DB: Backend> {
    pub(super) connection: DB::Connection,
    opened_at: Instant,
    /// [`Connector::moves`] when it was opened.
    pub(super) server: u64,
}

#[cfg_attr(
    not(feature = "postgres"),
    expect(dead_code, reason = "SQLite uses the pools of `sqlx`")
)]
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
            moves: watch::Sender::new(0),
            max,
            acquire_timeout,
        }
    }

    /// Lends a connection that has been checked.
    pub(super) async fn acquire(pool: &Arc<Self>) -> Result<PooledConnection<DB>, sqlx::Error> {
        let mut last_error = sqlx::Error::PoolTimedOut;
        let acquired = async {
            let slots = Arc::clone(&pool.slots).acquire_owned();
            let slot = slots.await.map_err(|_| sqlx::Error::PoolClosed)?;
            let open = match pool.checked_idle().await {
                Some(open) => open,
                None => pool.connect(&mut last_error).await?,
            };
            Ok(PooledConnection::new(pool, open, slot))
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
        let open = match tokio::time::timeout(self.acquire_timeout, connected).await {
            Ok(result) => result?,
            Err(_) => return Err(last_error),
        };
        self.put(open);
        Ok(())
    }

    /// Tries until it succeeds, or fails with an error that is not temporary. It also takes a
    /// connection that was returned, because the server may refuse further ones.
    async fn connect(&self, last_error: &mut sqlx::Error) -> Result<Open<DB>, sqlx::Error> {
        let mut pause = MIN_PAUSE;
        loop {
            match self.connector.connect().await {
                Ok(connection) => return Ok(self.opened(connection)),
                Err(error) if self.connector.is_temporary(&error) => *last_error = error,
                Err(error) => return Err(error),
            }
            tokio::time::sleep(pause).await;
            if let Some(open) = self.checked_idle().await {
                return Ok(open);
            }
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    /// Number of moves to another server, as it changes.
    pub(super) fn moves(&self) -> watch::Receiver<u64> {
        self.moves.subscribe()
    }

    /// After a move, all connections to the previous server are given up, because it is not reachable or
    /// does not accept writes.
    fn opened(&self, connection: DB::Connection) -> Open<DB> {
        let server = self.connector.moves();
        let has_moved = self.moves.send_if_modified(|known| {
            let has_moved = *known != server;
            *known = server;
            has_moved
        });
        if has_moved {
            self.discard_idle();
        }
        Open {
            connection,
            opened_at: Instant::now(),
            server,
        }
    }

    /// The oldest idle connection that passes its check.
    async fn checked_idle(&self) -> Option<Open<DB>> {
        loop {
            let Idle { mut open, since } = self.idle().pop_front()?;
            if open.opened_at.elapsed() >= MAX_AGE || since.elapsed() >= MAX_IDLE {
                continue;
            }
            if self.check(&mut open.connection).await {
                return Some(open);
            }
            self.discard_idle();
        }
    }

    /// Returns `true` if the server responds in time and accepts writes.
    pub(super) async fn check(&self, connection: &mut DB::Connection) -> bool {
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

    pub(super) fn put(&self, open: Open<DB>) {
        if !self.slots.is_closed() && open.server == *self.moves.borrow() {
            let since = Instant::now();
            self.idle().push_back(Idle { open, since });
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
        for Idle { open, .. } in idle {
            let _ = tokio::time::timeout(CHECK_LIMIT, open.connection.close()).await;
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
            .finish_non_exhaustive()
    }
}
