use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quick_cache::sync::Cache;
use tokio::time::Instant;

use crate::store::StoredSession;
use crate::types::{SessionId, User, UserId};

/// How old an entry may be, from *before* its read: what another process ends is over within this
/// time here.
const MAX_AGE: Duration = Duration::from_secs(1);

/// How many sessions are kept at most; with their users some tens of megabytes.
const CAPACITY: usize = 50_000;

/// The sessions that were looked up within the last second, with their users.
pub(super) struct SessionCache {
    entries: Cache<SessionId, Arc<CachedSession>>,
    /// Counts what was forgotten, so that a read that began before cannot bring it back.
    forgotten: Mutex<u64>,
}

/// A session and its user, as they were when they were read.
#[derive(Debug)]
pub(super) struct CachedSession {
    pub(super) session: StoredSession,
    pub(super) user: User,
    read: Read,
}

/// A read of the database that has begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct Read {
    began: Instant,
    forgotten: u64,
}

/// What is to be forgotten when this is dropped: also when whoever wanted to write something gave
/// up in the middle, and it may or may not be written.
#[must_use]
pub(super) struct Forget<'a> {
    cache: &'a SessionCache,
    user: UserId,
    only: Option<SessionId>,
}

impl Default for SessionCache {
    fn default() -> Self {
        Self {
            entries: Cache::new(CAPACITY),
            forgotten: Mutex::default(),
        }
    }
}

impl SessionCache {
    /// The session, if it was read within the last second and has come as far as this generation.
    pub(super) fn get(&self, id: SessionId, generation: u64) -> Option<Arc<CachedSession>> {
        let entry = self.entries.get(&id)?;
        let is_good =
            entry.read.began.elapsed() < MAX_AGE && generation <= entry.session.rotation.current();
        is_good.then_some(entry)
    }

    /// To be called before the database is asked.
    pub(super) fn begin_read(&self) -> Read {
        Read {
            began: Instant::now(),
            forgotten: *self.forgotten(),
        }
    }

    /// Keeps what was read, unless something was forgotten since.
    pub(super) fn keep(
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
        let forgotten = self.forgotten();
        if *forgotten == read.forgotten {
            self.entries.insert(entry.session.id, entry.clone());
        }
        entry
    }

    /// Forgets the session.
    pub(super) fn forget(&self, id: SessionId) {
        *self.forgotten() += 1;
        self.entries.remove(&id);
    }

    /// Will forget the sessions of a user, or one of them.
    pub(super) fn forget_on_drop(&self, user: UserId, only: Option<SessionId>) -> Forget<'_> {
        Forget {
            cache: self,
            user,
            only,
        }
    }

    fn forgotten(&self) -> MutexGuard<'_, u64> {
        self.forgotten
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl CachedSession {
    pub(super) fn read(&self) -> Read {
        self.read
    }
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.only {
            self.cache.forget(id);
        } else {
            *self.cache.forgotten() += 1;
            self.cache
                .entries
                .retain(|_, entry| entry.user.id != self.user);
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
