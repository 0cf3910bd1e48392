use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::{HashError, Password, PasswordHash, PasswordHasher, Verification};
use crate::entropy::{Entropy, OsEntropy};

/// Runs a [`PasswordHasher`] on blocking threads, so many at a time and no more.
///
/// A hash takes tens of milliseconds and tens of megabytes. Unbounded, a flood of logins would take
/// all cores and all memory; here it fills a queue of bounded length and wait, and the rest is told
/// to come back.
#[derive(Clone, Debug)]
pub struct HashQueue {
    hasher: Arc<dyn PasswordHasher>,
    entropy: Arc<dyn Entropy>,
    at_a_time: usize,
    /// One for each hash that runs.
    permits: Arc<Semaphore>,
    /// One for each hash that runs or waits.
    places: Arc<Semaphore>,
    max_wait: Duration,
    past: Arc<Past>,
}

/// What has happened so far.
#[derive(Debug, Default)]
struct Past {
    hashes: AtomicU64,
    waited_micros: AtomicU64,
}

/// How busy a [`HashQueue`] is, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HashQueueLoad {
    /// How many hashes run now.
    pub running: usize,
    /// How many wait now.
    pub waiting: usize,
    /// How many have begun to run so far.
    pub begun: u64,
    /// How long they have waited for it, all together.
    pub waited: Duration,
}

/// The hash was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashQueueError {
    /// Too many passwords are waiting to be hashed. Try again in a while.
    #[error("too many passwords are waiting to be hashed")]
    Overloaded,
    /// Hashing itself failed.
    #[error(transparent)]
    Hash(#[from] HashError),
}

impl HashQueue {
    /// How many may wait.
    pub const MAX_WAITING: usize = 256;

    /// What all hashes that run at a time may take together, in bytes, where the number of cores
    /// would allow more. It goes by today's parameters; a stored hash with others takes 64 MiB at
    /// most, or as much as one with today's.
    pub const MEMORY_BUDGET: usize = 1024 * 1024 * 1024;

    /// A queue before this hasher. Defaults: as many at a time as there are cores and fit into the
    /// memory budget, 256 waiting, at most 15 s each, salts from the operating system.
    pub fn new(hasher: Arc<dyn PasswordHasher>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let in_memory = Self::MEMORY_BUDGET / hasher.memory().max(1);
        let permits = cores.min(in_memory).max(1);
        Self {
            hasher,
            entropy: Arc::new(OsEntropy),
            at_a_time: permits,
            permits: Arc::new(Semaphore::new(permits)),
            places: Arc::new(Semaphore::new(permits + Self::MAX_WAITING)),
            max_wait: Duration::from_secs(15),
            past: Arc::default(),
        }
    }

    /// How many hashes run at a time, whatever they take. Default: see [`new`](Self::new).
    #[must_use]
    pub fn permits(mut self, permits: NonZeroUsize) -> Self {
        self.at_a_time = permits.get();
        self.permits = Arc::new(Semaphore::new(permits.get()));
        self.places = Arc::new(Semaphore::new(permits.get() + Self::MAX_WAITING));
        self
    }

    /// How many hashes run at a time.
    pub fn at_a_time(&self) -> usize {
        self.at_a_time
    }

    /// How busy it is.
    pub fn load(&self) -> HashQueueLoad {
        let running = self
            .at_a_time
            .saturating_sub(self.permits.available_permits());
        let places = self.at_a_time + Self::MAX_WAITING;
        let taken = places.saturating_sub(self.places.available_permits());
        HashQueueLoad {
            running,
            waiting: taken.saturating_sub(running),
            begun: self.past.hashes.load(Ordering::Relaxed),
            waited: Duration::from_micros(self.past.waited_micros.load(Ordering::Relaxed)),
        }
    }

    /// How long one may wait for its turn. Default: 15 seconds.
    #[must_use]
    pub fn max_wait(mut self, max_wait: Duration) -> Self {
        self.max_wait = max_wait;
        self
    }

    /// Where salts come from. Default: the operating system.
    #[must_use]
    pub fn entropy(mut self, entropy: Arc<dyn Entropy>) -> Self {
        self.entropy = entropy;
        self
    }

    /// Hashes a password with a fresh salt.
    ///
    /// # Errors
    /// [`HashQueueError::Overloaded`] when the queue is full or the wait too long.
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, HashQueueError> {
        let mut salt = [0; 16];
        self.entropy.fill(&mut salt).map_err(|_| HashError)?;
        self.run(move |hasher| hasher.hash(&password, &salt))
            .await?
            .map_err(HashQueueError::from)
    }

    /// Compares a password with a stored hash, or with none, in exactly one hash computation.
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
        let _place = self
            .places
            .try_acquire()
            .map_err(|_| HashQueueError::Overloaded)?;
        let arrived = Instant::now();
        let permit = tokio::time::timeout(self.max_wait, Arc::clone(&self.permits).acquire_owned())
            .await
            .map_err(|_| HashQueueError::Overloaded)?
            .map_err(|_| HashQueueError::Overloaded)?;
        let waited = u64::try_from(arrived.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.past.hashes.fetch_add(1, Ordering::Relaxed);
        self.past.waited_micros.fetch_add(waited, Ordering::Relaxed);
        let hasher = Arc::clone(&self.hasher);
        // The permit goes along: a caller that hangs up must not free a place whose hash still
        // runs.
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

    /// Holds every call until the test lets it go.
    #[derive(Debug)]
    struct Held(Arc<Barrier>);

    impl PasswordHasher for Held {
        fn hash(&self, _: &Password, _: &[u8; 16]) -> Result<PasswordHash, HashError> {
            Err(HashError)
        }

        fn verify(&self, _: &Password, _: Option<&PasswordHash>) -> Verification {
            self.0.wait();
            Verification::Mismatch
        }
    }

    #[tokio::test]
    async fn who_waits_too_long_is_told_to_come_back() {
        let gate = Arc::new(Barrier::new(2));
        let queue = HashQueue::new(Arc::new(Held(Arc::clone(&gate))))
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
        assert_eq!((load.running, load.waiting, load.begun), (1, 1, 1));
        assert_eq!(queue.load().waiting, 0);

        tokio::task::spawn_blocking(move || gate.wait())
            .await
            .unwrap();
        assert_eq!(first.await.unwrap(), Ok(Verification::Mismatch));
    }

    #[test]
    fn hashes_that_are_large_run_one_at_a_time() {
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
    async fn a_full_queue_refuses_at_once() {
        let queue = HashQueue::new(Arc::new(Held(Arc::new(Barrier::new(1)))));
        let _all = queue
            .places
            .try_acquire_many(u32::try_from(queue.places.available_permits()).unwrap())
            .unwrap();
        let password = Password::new(&"password".into()).unwrap();
        assert_eq!(
            queue.verify(password, None).await,
            Err(HashQueueError::Overloaded)
        );
    }
}
