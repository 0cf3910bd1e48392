mod class;
mod error;
mod load;
mod permit;
mod schedule;
#[cfg(test)]
mod schedule_tests;
#[cfg(test)]
mod tests;
mod turn;
mod worker;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::{Password, PasswordHash, PasswordHasher, Verification};
use crate::entropy::{Entropy, OsEntropy};
use class::Track;
use turn::{Shared, Waiter};

pub use class::HashClass;
pub use error::HashQueueError;
pub use load::{HashClassLoad, HashQueueLoad};
pub use permit::HashPermit;

/// Bounded queue that runs a [`PasswordHasher`] on a limited number of threads.
///
/// A hash takes tens of milliseconds and tens of megabytes. Without a limit, a flood of sign-ins
/// would use all cores and memory. The queue therefore runs as many hashes as it has permits, on
/// threads of its own with a lower priority. Each thread reuses its memory, and releases it after
/// 10 s without work. The threads end with the queue.
///
/// [Trusted](HashClass::Trusted) hashes go first, one at a time for each user, and at most 256
/// wait. Further ones of the same user are untrusted. [Untrusted](HashClass::Untrusted) ones run on
/// at most half of the permits. If there is a single permit, they run when no trusted one waits.
/// Their clients take turns; a client is a user or an address (IPv4, or IPv6 /64). At most 64 wait.
/// When more arrive, the newest of the client with the most waiting is refused. Among such clients,
/// it is one of the network (IPv4 /24, IPv6 /48) with the most. A
/// [background](HashClass::Background) hash runs when no other can start, one at a time.
/// [Legacy](PasswordHash::check) hashes are many times slower and always run in the untrusted half.
///
/// Callers that are refused or wait too long receive [`HashQueueError::Overloaded`].
#[derive(Clone, Debug)]
pub struct HashQueue {
    shared: Arc<Shared>,
    entropy: Arc<dyn Entropy>,
    max_wait: Duration,
}

impl HashQueue {
    /// Memory limit in bytes for all concurrent hashes, which may reduce their number below the
    /// number of cores. It is based on the current parameters; verifying a stored hash with other
    /// parameters takes at most 64 MiB, or the memory of the current parameters if that is more.
    pub const MEMORY_BUDGET: usize = 1024 * 1024 * 1024;

    /// Creates a queue for a hasher. Defaults: one permit per core within the memory budget, a
    /// waiting time of 5 s, salts from the operating system.
    pub fn new(hasher: Arc<dyn PasswordHasher>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let in_memory = Self::MEMORY_BUDGET / hasher.memory().max(1);
        Self {
            shared: Shared::new(hasher, cores.min(in_memory).max(1)),
            entropy: Arc::new(OsEntropy),
            max_wait: Duration::from_secs(5),
        }
    }

    /// Sets the number of concurrent hashes, regardless of memory. Default: see [`new`](Self::new).
    #[must_use]
    pub fn permits(mut self, permits: NonZeroUsize) -> Self {
        self.shared = Shared::new(Arc::clone(&self.shared.hasher), permits.get());
        self
    }

    /// Maximum waiting time, except of background hashes. Default: 5 seconds.
    #[must_use]
    pub fn max_wait(mut self, max_wait: Duration) -> Self {
        self.max_wait = max_wait;
        self
    }

    /// Source of salts. Default: the operating system.
    #[must_use]
    pub fn entropy(mut self, entropy: Arc<dyn Entropy>) -> Self {
        self.entropy = entropy;
        self
    }

    /// Number of concurrent hashes.
    pub fn concurrency(&self) -> usize {
        self.shared.concurrency
    }

    /// Returns the current load.
    pub fn load(&self) -> HashQueueLoad {
        self.shared.load()
    }

    /// Waits for a turn to hash a password.
    ///
    /// # Errors
    /// [`HashQueueError::Overloaded`] when the queue is full or the waiting time exceeded.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use divan_core::password::{
    ///     Argon2idHasher, HashClass, HashQueue, HashQueueError, Password, PasswordHash, Verification,
    /// };
    ///
    /// async fn is_correct(
    ///     queue: &HashQueue,
    ///     password: Password,
    ///     stored: PasswordHash,
    /// ) -> Result<bool, HashQueueError> {
    ///     let class = HashClass::Untrusted { address: None };
    ///     let mut permit = queue.acquire_for(class, Some(&stored)).await?;
    ///     // It is this caller's turn, and nothing has been hashed yet: record the attempt here.
    ///     Ok(permit.verify(password, Some(stored)).await? != Verification::Mismatch)
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let queue = HashQueue::new(Arc::new(Argon2idHasher::default()));
    /// let password = Password::new(&"umbrella 77".into())?;
    /// let stored = queue.hash(HashClass::Background, password.clone()).await?;
    /// assert!(is_correct(&queue, password, stored).await?);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn acquire(&self, class: HashClass) -> Result<HashPermit, HashQueueError> {
        self.acquire_for(class, None).await
    }

    /// Waits for a turn to verify a password against a stored hash, or against none.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire).
    pub async fn acquire_for(
        &self,
        class: HashClass,
        stored: Option<&PasswordHash>,
    ) -> Result<HashPermit, HashQueueError> {
        let arrived = Instant::now();
        let mut waiter = Waiter::join(&self.shared, class.track(stored), class.source());
        let track = waiter.track();
        let turn = match track {
            Track::Background => waiter.turn().await,
            _ => tokio::time::timeout(self.max_wait, waiter.turn())
                .await
                .ok()
                .flatten(),
        };
        let totals = self.shared.totals(track);
        let Some(turn) = turn else {
            totals.refused.fetch_add(1, Ordering::Relaxed);
            return Err(HashQueueError::Overloaded);
        };
        totals.add_wait(arrived.elapsed());
        Ok(HashPermit::new(turn, Arc::clone(&self.entropy)))
    }

    /// Hashes a password with a fresh salt.
    ///
    /// # Errors
    /// [`HashQueueError::Overloaded`] when the queue is full or the waiting time exceeded.
    pub async fn hash(
        &self,
        class: HashClass,
        password: Password,
    ) -> Result<PasswordHash, HashQueueError> {
        self.acquire(class).await?.hash(password).await
    }

    /// Verifies a password against a stored hash, or against none, with exactly one hash computation.
    ///
    /// # Errors
    /// As [`hash`](Self::hash).
    pub async fn verify(
        &self,
        class: HashClass,
        password: Password,
        stored: Option<PasswordHash>,
    ) -> Result<Verification, HashQueueError> {
        let mut permit = self.acquire_for(class, stored.as_ref()).await?;
        permit.verify(password, stored).await
    }
}
