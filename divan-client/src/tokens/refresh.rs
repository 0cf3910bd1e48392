use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use divan_core::api::{Refresh, RefreshRequest};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::private_file::LONGEST_LOCK;
use super::{Swapped, TokenSource, Tokens};
use crate::Error;
use crate::call::Call;
use crate::wire::deadline_in;

/// After this long a refresh is given up, all its tries included.
///
/// The server answers a refresh alike for 30 seconds. Two that overlap in the worst way (one reads
/// the store just before the other stores its answer) are through in twice this time and the time
/// of a write, and so within those 30 seconds.
const GIVE_UP: Duration = Duration::from_secs(14);

/// A pair that is younger is not refreshed: another holder of the same store may still have a
/// refresh with the pair before on its way, which would look like a thief's once this one was
/// replaced too.
const SETTLED: Duration = GIVE_UP.saturating_add(LONGEST_LOCK);

/// A refresh that is under way, for all that need it.
#[derive(Debug)]
pub(super) struct Flight {
    stale: Tokens,
    landed: Landing,
}

type Landing = watch::Receiver<Option<Result<Tokens, Error>>>;

impl TokenSource {
    /// A pair newer than this one, from the store or the server; this one again while it is too
    /// young to be refreshed.
    ///
    /// Concurrent callers share one refresh, and its outcome. It goes on when they have gone: the
    /// server has acted, and the answer must not be lost.
    pub(super) async fn renewed(
        self: &Arc<Self>,
        stale: &Tokens,
        deadline: Instant,
    ) -> Result<Tokens, Error> {
        let mut landing = self.flight(stale);
        let landed = timeout_at(deadline, landing.wait_for(Option::is_some)).await;
        match landed.map_err(|_| Error::out_of_time())?.as_deref() {
            Ok(Some(outcome)) => outcome.clone(),
            _ => Err(Error::setup(
                "the refresh was broken off: its runtime has ended, or the token store panicked",
            )),
        }
    }

    /// The refresh of this pair that is under way, or a new one.
    fn flight(self: &Arc<Self>, stale: &Tokens) -> Landing {
        let mut current = self.current_flight();
        if let Some(flight) = &*current
            && flight.is_for(stale)
            // One whose runtime has ended never lands.
            && flight.landed.has_changed().is_ok()
        {
            return flight.landed.clone();
        }
        let (land, landed) = watch::channel(None);
        *current = Some(Flight {
            stale: stale.clone(),
            landed: landed.clone(),
        });
        let (source, stale) = (Arc::clone(self), stale.clone());
        tokio::spawn(async move {
            let outcome = source.refresh(&stale).await;
            source
                .current_flight()
                .take_if(|flight| flight.is_for(&stale));
            land.send_replace(Some(outcome));
        });
        landed
    }

    fn current_flight(&self) -> MutexGuard<'_, Option<Flight>> {
        self.flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn refresh(&self, stale: &Tokens) -> Result<Tokens, Error> {
        // From before the store is read: what is read may be replaced a moment later.
        let deadline = deadline_in(GIVE_UP);
        let held = self.held().await?;
        if !held.is_same_pair(stale) || is_young(&held, self.clock.now()) {
            return Ok(held);
        }
        let request = RefreshRequest::new(held.refresh_token.clone());
        match self
            .wire
            .call::<Refresh>(&Call::of(&request), None, deadline)
            .await
        {
            Ok(session) => {
                let next = self.tokens_of(&session);
                match self.store.swap(Some(&held), Some(&next)).await? {
                    Swapped::Done => Ok(next),
                    Swapped::Changed(newer) => self.own(newer)?.ok_or_else(Error::signed_out),
                }
            }
            Err(error) if error.is_signed_out() => {
                match self.store.swap(Some(&held), None).await? {
                    Swapped::Changed(Some(newer)) => self.own(Some(newer))?.ok_or(error),
                    _ => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }
}

impl Flight {
    fn is_for(&self, stale: &Tokens) -> bool {
        self.stale.is_same_pair(stale)
    }
}

/// Whether it is too early to refresh this pair. A clock that was set back by more than that tells
/// nothing of its age.
fn is_young(held: &Tokens, now: SystemTime) -> bool {
    let age = match now.duration_since(held.obtained_at) {
        Ok(age) => age,
        Err(ahead) => ahead.duration(),
    };
    age < SETTLED
}
