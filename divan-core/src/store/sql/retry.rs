use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use super::connections::within;
use super::error::is_retryable;
use super::{Backend, SqlStore};
use crate::store::StoreError;

/// Time from the first attempt in which a transaction is repeated.
const DEADLINE: Duration = Duration::from_secs(3);

/// Longest first pause; doubled up to [`MAX_PAUSE`].
const MIN_PAUSE: Duration = Duration::from_millis(10);
const MAX_PAUSE: Duration = Duration::from_millis(250);

impl<DB: Backend> SqlStore<DB> {
    /// Repeats a transaction that failed because of concurrent ones, until a deadline. Each attempt
    /// has the time limit of the connections.
    pub(super) async fn retrying<T, F>(&self, attempt: impl FnMut() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        retrying(self.writer.transaction_limit(), attempt).await
    }

    /// As [`retrying`](Self::retrying), with another time limit of each attempt.
    pub(super) async fn retrying_within<T, F>(
        &self,
        limit: Duration,
        attempt: impl FnMut() -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let limit = self.writer.transaction_limit().map(|_| limit);
        retrying(limit, attempt).await
    }
}

async fn retrying<T, F>(
    limit: Option<Duration>,
    mut attempt: impl FnMut() -> F,
) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let started = Instant::now();
    let mut longest = MIN_PAUSE;
    loop {
        let attempted = match limit {
            Some(limit) => within(limit, attempt()).await,
            None => attempt().await,
        };
        match attempted {
            Err(error) if is_retryable(&error) && started.elapsed() < DEADLINE => {
                tokio::time::sleep(jitter(longest)).await;
                longest = (longest * 2).min(MAX_PAUSE);
            }
            result => return result,
        }
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
