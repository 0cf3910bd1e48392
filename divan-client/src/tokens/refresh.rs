use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use divan_core::api::{Refresh, RefreshRequest};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::file_store::LOCK_TIMEOUT;
use super::single_flight::{RefreshResult, SingleFlight};
use super::source::TokenSource;
use super::store::CasResult;
use super::token_pair::Tokens;
use crate::error::Error;
use crate::request::Request;
use crate::transport::deadline_after;

/// Time limit of a refresh, including retries.
///
/// The server gives the same response to a repeated refresh for 30 seconds. In the worst case two
/// refreshes overlap such that one reads the store just before the other writes to it. Both then
/// finish within twice this time plus one write, which is less than those 30 seconds.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(14);

/// Minimum age of a pair before it is refreshed.
///
/// Another process with the same store may still be refreshing the previous pair. If this pair were
/// replaced before that request arrives, the server would treat it as a stolen token.
const MIN_REFRESH_AGE: Duration = REFRESH_TIMEOUT.saturating_add(LOCK_TIMEOUT);

impl TokenSource {
    /// Returns newer tokens than `stale` from the store or the server; `stale` itself while it is
    /// too young to be refreshed.
    ///
    /// Concurrent callers share one refresh and its result. The refresh runs in its own task and
    /// completes when the callers are cancelled: the server has acted, and the response must not be
    /// lost.
    pub(super) async fn refreshed(
        self: &Arc<Self>,
        stale: &Tokens,
        deadline: Instant,
    ) -> Result<Tokens, Error> {
        let mut result = self.join_or_start(stale);
        let result = timeout_at(deadline, result.wait_for(Option::is_some)).await;
        match result.map_err(|_| Error::timed_out())?.as_deref() {
            Ok(Some(result)) => result.clone(),
            _ => Err(Error::setup(
                "the refresh was aborted: the Tokio runtime has shut down, or the token store panicked",
            )),
        }
    }

    fn join_or_start(self: &Arc<Self>, stale: &Tokens) -> RefreshResult {
        let mut current = self.in_flight();
        if let Some(flight) = &*current
            && flight.stale.is_same_pair(stale)
            // A refresh whose runtime has shut down never completes.
            && flight.result.has_changed().is_ok()
        {
            return flight.result.clone();
        }
        let (sender, result) = watch::channel(None);
        *current = Some(SingleFlight {
            stale: stale.clone(),
            result: result.clone(),
        });
        let (source, stale) = (Arc::clone(self), stale.clone());
        tokio::spawn(async move {
            let outcome = source.refresh(&stale).await;
            source
                .in_flight()
                .take_if(|flight| flight.stale.is_same_pair(&stale));
            sender.send_replace(Some(outcome));
        });
        result
    }

    fn in_flight(&self) -> MutexGuard<'_, Option<SingleFlight>> {
        self.refresh_in_flight
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn refresh(&self, stale: &Tokens) -> Result<Tokens, Error> {
        // Starts before the store is read, because the stored pair may be replaced right after.
        let deadline = deadline_after(REFRESH_TIMEOUT);
        let stored = self.require_stored().await?;
        if !stored.is_same_pair(stale) || is_recent(&stored, self.clock.now()) {
            return Ok(stored);
        }
        let body = RefreshRequest::new(stored.refresh_token.clone());
        let request = Request::<Refresh>::new(&body);
        match self.transport.send(&request, None, deadline).await {
            Ok(response) => {
                let new = self.tokens_from(&response);
                match self
                    .store
                    .compare_and_swap(Some(&stored), Some(&new))
                    .await?
                {
                    CasResult::Swapped => Ok(new),
                    CasResult::Conflict(current) => {
                        self.check_owner(current)?.ok_or_else(Error::not_signed_in)
                    }
                }
            }
            Err(error) if error.is_signed_out() => {
                match self.store.compare_and_swap(Some(&stored), None).await? {
                    CasResult::Conflict(current @ Some(_)) => {
                        self.check_owner(current)?.ok_or(error)
                    }
                    _ => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }
}

/// Returns `true` if it is too early to refresh this pair. When the clock was set back by more than
/// the minimum age, the age is unknown and the pair may be refreshed.
fn is_recent(tokens: &Tokens, now: SystemTime) -> bool {
    let age = match now.duration_since(tokens.obtained_at) {
        Ok(age) => age,
        Err(ahead) => ahead.duration(),
    };
    age < MIN_REFRESH_AGE
}
