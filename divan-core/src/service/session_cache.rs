use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quick_cache::sync::Cache;
use tokio::time::Instant;

use crate::store::StoredSession;
use crate::types::{SessionId, User, UserId};

/// The maximum age of an entry, counted from *before* its read. A session that another process ends
/// is rejected here within this time.
const MAX_AGE: Duration = Duration::from_secs(1);

/// The maximum number of entries; with their users some tens of megabytes.
const CAPACITY: usize = 50_000;

/// A cache of sessions and their users.
pub(super) struct SessionCache {
    entries: Cache<SessionId, Arc<CachedSession>>,
    /// The number of invalidations, so that a read that began before one is not cached after it.
    invalidations: Mutex<u64>,
}

/// A session and its user at the time of the read.
#[derive(Debug)]
pub(super) struct CachedSession {
    pub(super) session: StoredSession,
    pub(super) user: User,
    read: Read,
}

/// The start of a read from the database.
#[derive(Clone, Copy, Debug)]
pub(super) struct Read {
    began: Instant,
    invalidations: u64,
}

/// Invalidates entries when it is dropped: also when a write was cancelled and may or may not have
/// happened.
#[must_use]
pub(super) struct InvalidateOnDrop<'a> {
    cache: &'a SessionCache,
    users: BTreeSet<UserId>,
    only: Option<SessionId>,
}

impl Default for SessionCache {
    fn default() -> Self {
        Self {
            entries: Cache::new(CAPACITY),
            invalidations: Mutex::default(),
        }
    }
}

impl SessionCache {
    /// Returns the session, if it was read within the last second and has reached this generation.
    pub(super) fn get(&self, id: SessionId, generation: u64) -> Option<Arc<CachedSession>> {
        let entry = self.entries.get(&id)?;
        let is_good =
            entry.read.began.elapsed() < MAX_AGE && generation <= entry.session.rotation.current();
        is_good.then_some(entry)
    }

    /// Starts a read. Must be called before the query.
    pub(super) fn begin_read(&self) -> Read {
        Read {
            began: Instant::now(),
            invalidations: *self.invalidations(),
        }
    }

    /// Caches the result of a read, unless something was invalidated since.
    pub(super) fn insert(
        &self,
        read: Read,
        session: StoredSession,
        user: User,
    ) -> Arc<CachedSession> {
        let entry = Arc::new(CachedSession {
            session,
            user,
            read,
        });
        let invalidations = self.invalidations();
        if *invalidations == read.invalidations {
            self.entries.insert(entry.session.id, entry.clone());
        }
        entry
    }

    /// Invalidates the session.
    pub(super) fn invalidate(&self, id: SessionId) {
        *self.invalidations() += 1;
        self.entries.remove(&id);
    }

    /// Returns a guard that invalidates all sessions of a user, or one of them.
    pub(super) fn invalidate_on_drop(
        &self,
        user: UserId,
        only: Option<SessionId>,
    ) -> InvalidateOnDrop<'_> {
        InvalidateOnDrop {
            cache: self,
            users: BTreeSet::from([user]),
            only,
        }
    }

    /// Returns a guard that invalidates all sessions of several users.
    pub(super) fn invalidate_users_on_drop(&self, users: BTreeSet<UserId>) -> InvalidateOnDrop<'_> {
        InvalidateOnDrop {
            cache: self,
            users,
            only: None,
        }
    }

    fn invalidations(&self) -> MutexGuard<'_, u64> {
        self.invalidations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl CachedSession {
    pub(super) fn read(&self) -> Read {
        self.read
    }
}

impl Drop for InvalidateOnDrop<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.only {
            self.cache.invalidate(id);
        } else {
            *self.cache.invalidations() += 1;
            self.cache
                .entries
                .retain(|_, entry| !self.users.contains(&entry.user.id));
        }
    }
}

impl fmt::Debug for SessionCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionCache")
            .field("sessions", &self.entries.len())
            .finish_non_exhaustive()
    }
}
