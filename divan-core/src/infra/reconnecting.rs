//! One connection for all who ask, made when it is asked for, and made again after it broke.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

type Attempt<C, E> = Arc<OnceCell<Result<C, E>>>;

/// Holds the connection. Whoever asks while it is being made waits for that same attempt and shares
/// what comes of it; who asks after it failed, or after it broke, begins another.
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
    /// The connection; `connect` makes it where there is none that `is_open`.
    pub(super) async fn get(
        &self,
        is_open: impl Fn(&C) -> bool,
        connect: impl Future<Output = Result<C, E>>,
    ) -> Result<C, E> {
        // When the caller that connects is dropped, one of those who wait takes over.
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
