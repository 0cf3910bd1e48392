use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::{HashError, Password, PasswordHash, PasswordHasher, Verification};
use crate::entropy::{Entropy, OsEntropy};

/// Bounded queue that runs a [`PasswordHasher`] on a limited number of blocking threads.
///
/// A hash takes tens of milliseconds and tens of megabytes. Without a limit, a flood of sign-ins
/// would use all cores and memory. The queue has a maximum length and waiting time; further requests
/// fail with [`HashQueueError::Overloaded`].
#[derive(Clone, Debug)]
pub struct HashQueue {
    hasher: Arc<dyn PasswordHasher>,
    entropy: Arc<dyn Entropy>,
    concurrency: usize,
    /// One permit per running hash.
    permits: Arc<Semaphore>,
    /// One permit per running or waiting hash.
    slots: Arc<Semaphore>,
    max_wait: Duration,
    totals: Arc<Totals>,
}

/// Counters since the start.
#[derive(Debug, Default)]
struct Totals {
    hashes: AtomicU64,
    waited_micros: AtomicU64,
}

/// Load of a [`HashQueue`], for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HashQueueLoad {
    /// Number of running hashes.
    pub running: usize,
    /// Number of waiting hashes.
    pub waiting: usize,
    /// Number of hashes started so far.
    pub started: u64,
    /// Total waiting time of all started hashes.
    pub waited: Duration,
}

/// Error of a hash that was not computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashQueueError {
    /// Too many passwords are waiting to be hashed. Try again later.
    #[error("too many passwords are waiting to be hashed")]
    Overloaded,
    /// The hash computation failed.
    #[error(transparent)]
    Hash(#[from] HashError),
}

impl HashQueue {
    /// Maximum number of waiting hashes.
    pub const MAX_WAITING: usize = 256;

    /// Memory limit in bytes for all concurrent hashes, which may reduce their number below the
    /// number of cores. It is based on the current parameters; verifying a stored hash with other
    /// parameters takes at most 64 MiB, or the memory of the current parameters if that is more.
    pub const MEMORY_BUDGET: usize = 1024 * 1024 * 1024;

    /// Creates a queue for a hasher. Defaults: one concurrent hash per core within the memory
    /// budget, 256 waiting hashes, a waiting time of 15 s, salts from the operating system.
    pub fn new(hasher: Arc<dyn PasswordHasher>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let in_memory = Self::MEMORY_BUDGET / hasher.memory().max(1);
        let permits = cores.min(in_memory).max(1);
        Self {
            hasher,
            entropy: Arc::new(OsEntropy),
            concurrency: permits,
            permits: Arc::new(Semaphore::new(permits)),
            slots: Arc::new(Semaphore::new(permits + Self::MAX_WAITING)),
            max_wait: Duration::from_secs(15),
            totals: Arc::default(),
        }
    }

    /// Sets the number of concurrent hashes, regardless of memory. Default: see [`new`](Self::new).
    #[must_use]
    pub fn permits(mut self, permits: NonZeroUsize) -> Self {
        self.concurrency = permits.get();
        self.permits = Arc::new(Semaphore::new(permits.get()));
        self.slots = Arc::new(Semaphore::new(permits.get() + Self::MAX_WAITING));
        self
    }

    /// Number of concurrent hashes.
    pub fn concurrency(&self) -> usize {
        self.concurrency
    }

    /// Returns the current load.
    pub fn load(&self) -> HashQueueLoad {
        let running = self
            .concurrency
            .saturating_sub(self.permits.available_permits());
        let slots = self.concurrency + Self::MAX_WAITING;
        let taken = slots.saturating_sub(self.slots.available_permits());
        HashQueueLoad {
            running,
            waiting: taken.saturating_sub(running),
            started: self.totals.hashes.load(Ordering::Relaxed),
            waited: Duration::from_micros(self.totals.waited_micros.load(Ordering::Relaxed)),
        }
    }

    /// Maximum waiting time. Default: 15 seconds.
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

    /// Hashes a password with a fresh salt.
    ///
    /// # Errors
    /// [`HashQueueError::Overloaded`] when the queue is full or the waiting time exceeded.
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, HashQueueError> {
        let mut salt = [0; 16];
        self.entropy.fill(&mut salt).map_err(|_| HashError)?;
        self.run(move |hasher| hasher.hash(&password, &salt))
            .await?
            .map_err(HashQueueError::from)
    }

    /// Verifies a password against a stored hash, or against none, with exactly one hash computation.
    ///
    /// # Errors
    /// As [`hash`](Self::hash).
    pub async fn verify(
        &self,
        password: Password,
        stored: Option<PasswordHash>,
    ) -> Result<Verification, HashQueueError> {
        self.run(move |hasher| hasher.verify(&password, stored.as_ref()))
            .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn PasswordHasher) -> T + Send + 'static,
    ) -> Result<T, HashQueueError> {
        let _slot = self
            .slots
            .try_acquire()
            .map_err(|_| HashQueueError::Overloaded)?;
        let arrived = Instant::now();
        let permit = tokio::time::timeout(self.max_wait, Arc::clone(&self.permits).acquire_owned())
            .await
            .map_err(|_| HashQueueError::Overloaded)?
            .map_err(|_| HashQueueError::Overloaded)?;
        let waited = u64::try_from(arrived.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.totals.hashes.fetch_add(1, Ordering::Relaxed);
        self.totals
            .waited_micros
            .fetch_add(waited, Ordering::Relaxed);
        let hasher = Arc::clone(&self.hasher);
        // The permit moves into the task: a cancelled caller must not release it while the hash
        // still runs.
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work(hasher.as_ref())
        })
        .await
        .map_err(|_| HashQueueError::Hash(HashError))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    /// Blocks each call until the test releases it.
    #[derive(Debug)]
    struct Blocked(Arc<Barrier>);

    impl PasswordHasher for Blocked {
        fn hash(&self, _: &Password, _: &[u8; 16]) -> Result<PasswordHash, HashError> {
            Err(HashError)
        }

        fn verify(&self, _: &Password, _: Option<&PasswordHash>) -> Verification {
            self.0.wait();
            Verification::Mismatch
        }
    }

    #[tokio::test]
    async fn a_hash_that_waits_too_long_is_rejected() {
        let gate = Arc::new(Barrier::new(2));
        let queue = HashQueue::new(Arc::new(Blocked(Arc::clone(&gate))))
            .permits(NonZeroUsize::MIN)
            .max_wait(Duration::from_millis(20));
        let password = Password::new(&"password".into()).unwrap();

        let first = tokio::spawn({
            let (queue, password) = (queue.clone(), password.clone());
            async move { queue.verify(password, None).await }
        });
        while queue.permits.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let waits = queue.verify(password.clone(), None);
        let (outcome, load) = tokio::join!(waits, async { queue.load() });
        assert_eq!(outcome, Err(HashQueueError::Overloaded));
        assert_eq!((load.running, load.waiting, load.started), (1, 1, 1));
        assert_eq!(queue.load().waiting, 0);

        tokio::task::spawn_blocking(move || gate.wait())
            .await
            .unwrap();
        assert_eq!(first.await.unwrap(), Ok(Verification::Mismatch));
    }

    #[test]
    fn large_hashes_run_one_at_a_time() {
        #[derive(Debug)]
        struct Large;
        impl PasswordHasher for Large {
            fn hash(&self, _: &Password, _: &[u8; 16]) -> Result<PasswordHash, HashError> {
                Err(HashError)
            }
            fn verify(&self, _: &Password, _: Option<&PasswordHash>) -> Verification {
                Verification::Mismatch
            }
            fn memory(&self) -> usize {
                HashQueue::MEMORY_BUDGET
            }
        }
        assert_eq!(
            HashQueue::new(Arc::new(Large)).permits.available_permits(),
            1
        );
    }

    #[tokio::test]
    async fn a_full_queue_rejects_immediately() {
        let queue = HashQueue::new(Arc::new(Blocked(Arc::new(Barrier::new(1)))));
        let _all = queue
            .slots
            .try_acquire_many(u32::try_from(queue.slots.available_permits()).unwrap())
            .unwrap();
        let password = Password::new(&"password".into()).unwrap();
        assert_eq!(
            queue.verify(password, None).await,
            Err(HashQueueError::Overloaded)
        );
    }
}
