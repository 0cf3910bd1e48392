//! A shared connection that is established on demand and re-established after a failure.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

type Attempt<C, E> = Arc<OnceCell<Result<C, E>>>;

/// A shared connection. Concurrent callers share one attempt and its result; a call after a failed
/// attempt or a broken connection starts another attempt.
pub(super) struct Reconnecting<C, E> {
    attempt: Mutex<Attempt<C, E>>,
}

impl<C, E> Default for Reconnecting<C, E> {
    fn default() -> Self {
        Self {
            attempt: Mutex::default(),
        }
    }
}

impl<C: Clone, E: Clone> Reconnecting<C, E> {
    /// Returns the connection. Runs `connect` if there is none, or if it is not `is_open`.
    pub(super) async fn get(
        &self,
        is_open: impl Fn(&C) -> bool,
        connect: impl Future<Output = Result<C, E>>,
    ) -> Result<C, E> {
        // If the caller that connects is dropped, a waiting one runs its own `connect`.
        self.attempt(is_open).get_or_init(|| connect).await.clone()
    }

    fn attempt(&self, is_open: impl Fn(&C) -> bool) -> Attempt<C, E> {
        let mut attempt = self.attempt.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = match attempt.get() {
            Some(Ok(connection)) => !is_open(connection),
            Some(Err(_)) => true,
            None => false,
        };
        if is_over {
            *attempt = Arc::default();
        }
        Arc::clone(&attempt)
    }
}

impl<C, E> fmt::Debug for Reconnecting<C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reconnecting(..)")
    }
}
