//! Turns of callers, and the threads that serve them.

use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::class::{Source, Track};
use super::load::{ClassTotals, HashQueueLoad, Totals};
use super::schedule::{Joined, Running, Schedule, Ticket};
use super::worker::{self, Job};
use crate::password::{HashError, HashMemory, PasswordHasher};

/// Part of the queue that permits and running hashes share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) hasher: Arc<dyn PasswordHasher>,
    pub(super) concurrency: usize,
    state: Mutex<State>,
    totals: ClassTotals,
}

#[derive(Debug)]
struct State {
    schedule: Schedule<oneshot::Sender<Turn>>,
    /// Threads without work. The one that worked last is used first.
    idle: Vec<Sender<Job>>,
}

/// Caller in the queue. Leaves the queue on drop.
pub(super) struct Waiter {
    shared: Arc<Shared>,
    ticket: Ticket,
    track: Track,
    turn: oneshot::Receiver<Turn>,
}

impl Waiter {
    pub(super) fn join(shared: &Arc<Shared>, track: Track, source: Source) -> Self {
        let (sender, turn) = oneshot::channel();
        let joined = shared.state().schedule.join(track, source, sender);
        let Joined {
            ticket,
            track,
            refused,
        } = joined;
        // Its receiver ends without a turn.
        drop(refused);
        shared.start();
        Self {
            shared: Arc::clone(shared),
            ticket,
            track,
            turn,
        }
    }

    /// Returns the track in which the caller waits.
    pub(super) fn track(&self) -> Track {
        self.track
    }

    /// Waits for the turn. `None` if the caller was refused.
    pub(super) async fn turn(&mut self) -> Option<Turn> {
        (&mut self.turn).await.ok()
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.shared.state().schedule.leave(self.ticket);
    }
}

/// Right to use one permit. Passes it on when dropped.
#[derive(Debug)]
pub(super) struct Turn {
    shared: Arc<Shared>,
    running: Running,
}

impl Turn {
    /// Runs a computation on a thread of the queue. The turn moves into the computation: a cancelled
    /// caller must not pass it on while the hash still runs.
    pub(super) async fn run<T: Send + 'static>(
        self,
        compute: impl FnOnce(&dyn PasswordHasher, &mut HashMemory) -> T + Send + 'static,
    ) -> Result<(T, Self), HashError> {
        let worker = self.shared.worker()?;
        let (done, finished) = oneshot::channel();
        let this_worker = worker.clone();
        let started = &self.shared.totals(self.running.track).started;
        started.fetch_add(1, Ordering::Relaxed);
        let job = move |memory: &mut HashMemory| {
            let result = compute(self.shared.hasher.as_ref(), memory);
            // Before the turn is passed on, so that its next holder finds the thread.
            self.shared.state().idle.push(this_worker);
            // Fails if the caller was cancelled.
            let _ = done.send((result, self));
        };
        worker.send(Box::new(job)).map_err(|_| HashError)?;
        finished.await.map_err(|_| HashError)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.shared.state().schedule.finish(self.running);
        self.shared.start();
    }
}

impl Shared {
    pub(super) fn new(hasher: Arc<dyn PasswordHasher>, concurrency: usize) -> Arc<Self> {
        Arc::new(Self {
            hasher,
            concurrency,
            state: Mutex::new(State {
                schedule: Schedule::new(concurrency),
                idle: Vec::new(),
            }),
            totals: ClassTotals::default(),
        })
    }

    /// Returns the counters of a track's class.
    pub(super) fn totals(&self, track: Track) -> &Totals {
        self.totals.of(track)
    }

    pub(super) fn load(&self) -> HashQueueLoad {
        self.totals.load(&self.state().schedule)
    }

    /// Returns the number of threads without work.
    #[cfg(test)]
    pub(super) fn idle_threads(&self) -> usize {
        self.state().idle.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives turns to the next callers while there are permits.
    fn start(self: &Arc<Self>) {
        loop {
            let started = self.state().schedule.start_next();
            let Some((running, caller)) = started else {
                return;
            };
            let turn = Turn {
                shared: Arc::clone(self),
                running,
            };
            // A caller that was cancelled concurrently returns the turn, and dropping it passes it on.
            drop(caller.send(turn));
        }
    }

    /// Returns a thread without work. There is one for each turn, or fewer threads than turns.
    fn worker(&self) -> Result<Sender<Job>, HashError> {
        let idle = self.state().idle.pop();
        idle.map_or_else(worker::spawn, Ok)
    }
}
