use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::store::StoredService;
use crate::types::ServiceId;

/// The maximum age of an entry, counted from *before* its read. A credential that another process deletes is
/// rejected here within this time.
const MAX_AGE: Duration = Duration::from_secs(1);

/// A cache of service credentials, of which there are at most a hundred.
#[derive(Debug, Default)]
pub(in crate::service) struct ServiceCache {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    entries: HashMap<ServiceId, (Instant, Arc<StoredService>)>,
    /// The number of invalidations, so that a read that began before one is not cached after it.
    invalidations: u64,
}

/// The start of a read from the database.
#[derive(Clone, Copy, Debug)]
pub(super) struct Read {
    began: Instant,
    invalidations: u64,
}

/// Invalidates a credential when it is dropped: also when a write was cancelled and may or may not have happened.
#[derive(Debug)]
#[must_use]
pub(super) struct InvalidateOnDrop<'a>(&'a ServiceCache, ServiceId);

impl ServiceCache {
    /// Returns the credential, if it was read within the last second.
    pub(super) fn get(&self, id: ServiceId) -> Option<Arc<StoredService>> {
        let state = self.state();
        let (began, service) = state.entries.get(&id)?;
        (began.elapsed() < MAX_AGE).then(|| service.clone())
    }

    /// Starts a read. Must be called before the query.
    pub(super) fn begin_read(&self) -> Read {
        Read {
            began: Instant::now(),
            invalidations: self.state().invalidations,
        }
    }

    /// Caches the result of a read, unless something was invalidated since.
    pub(super) fn insert(&self, read: Read, service: StoredService) -> Arc<StoredService> {
        let service = Arc::new(service);
        let mut state = self.state();
        if state.invalidations == read.invalidations {
            state
                .entries
                .retain(|_, (began, _)| began.elapsed() < MAX_AGE);
            let entry = (read.began, service.clone());
            state.entries.insert(service.id, entry);
        }
        service
    }

    /// Changes a cached credential, such as the time of its last use.
    pub(super) fn change(&self, id: ServiceId, change: impl FnOnce(&mut StoredService)) {
        if let Some((_, service)) = self.state().entries.get_mut(&id) {
            change(Arc::make_mut(service));
        }
    }

    /// Returns a guard that invalidates a credential.
    pub(super) fn invalidate_on_drop(&self, id: ServiceId) -> InvalidateOnDrop<'_> {
        InvalidateOnDrop(self, id)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for InvalidateOnDrop<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.invalidations += 1;
        state.entries.remove(&self.1);
    }
}
