use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use super::error::is_retryable;
use super::{Backend, SqlStore, WriteTransaction};
use crate::store::StoreError;

/// Time from the first attempt in which a transaction is repeated.
const DEADLINE: Duration = Duration::from_secs(3);

/// Longest first pause; doubled up to [`MAX_PAUSE`].
const MIN_PAUSE: Duration = Duration::from_millis(10);
const MAX_PAUSE: Duration = Duration::from_millis(250);

impl<DB: Backend> SqlStore<DB> {
    /// Runs a transaction, and repeats it if it fails because of concurrent ones. Each attempt has a time
    /// limit.
    pub(super) async fn write<T, F>(
        &self,
        limit: Duration,
        mut attempt: impl FnMut(WriteTransaction<DB>) -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let mut retry = Retry::new();
        loop {
            let transaction = DB::begin_write(self).await?;
            let guard = transaction.guard(limit);
            match guard.run(attempt(transaction)).await {
                Err(error) if retry.is_due(&error) => retry.pause().await,
                result => return result,
            }
        }
    }
}

/// Repeats a statement that failed because of concurrent transactions.
pub(super) async fn retrying<T, F>(mut attempt: impl FnMut() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut retry = Retry::new();
    loop {
        match attempt().await {
            Err(error) if retry.is_due(&error) => retry.pause().await,
            result => return result,
        }
    }
}

struct Retry {
    started: Instant,
    longest: Duration,
}

impl Retry {
    fn new() -> Self {
        Self {
            started: Instant::now(),
            longest: MIN_PAUSE,
        }
    }

    fn is_due(&self, error: &StoreError) -> bool {
        is_retryable(error) && self.started.elapsed() < DEADLINE
    }

    async fn pause(&mut self) {
        tokio::time::sleep(jitter(self.longest)).await;
        self.longest = (self.longest * 2).min(MAX_PAUSE);
    }
}

/// A random duration up to `max`, so that concurrent transactions do not meet again.
fn jitter(max: Duration) -> Duration {
    // Not a secret, so the random keys of a hasher suffice.
    let noise = RandomState::new().hash_one(());
    let share = u32::try_from(noise >> 32).unwrap_or(u32::MAX);
    max.mul_f64(f64::from(share) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_is_random_and_at_most_max() {
        let draws: Vec<_> = (0..100).map(|_| jitter(MAX_PAUSE)).collect();
        assert!(draws.iter().all(|draw| *draw <= MAX_PAUSE));
        assert!(draws.iter().any(|draw| *draw != draws[0]));
    }
}
