use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::class::Track;
use super::schedule::Schedule;

/// Load of a [`HashQueue`](super::HashQueue) by class, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HashQueueLoad {
    /// Trusted hashes.
    pub trusted: HashClassLoad,
    /// Untrusted hashes.
    pub untrusted: HashClassLoad,
    /// Background hashes.
    pub background: HashClassLoad,
}

/// Load of one class of a [`HashQueue`](super::HashQueue).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HashClassLoad {
    /// Number of permits in use.
    pub running: usize,
    /// Number of callers that wait for a permit.
    pub waiting: usize,
    /// Number of hashes started so far.
    pub started: u64,
    /// Number of callers refused so far.
    pub refused: u64,
    /// Total waiting time of all callers that received a permit.
    pub waited: Duration,
}

/// Counters of one class since the start.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) started: AtomicU64,
    pub(super) refused: AtomicU64,
    waited_micros: AtomicU64,
}

/// Counters of all classes.
#[derive(Debug, Default)]
pub(super) struct ClassTotals {
    trusted: Totals,
    untrusted: Totals,
    background: Totals,
}

impl Totals {
    pub(super) fn add_wait(&self, waited: Duration) {
        let micros = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX);
        self.waited_micros.fetch_add(micros, Ordering::Relaxed);
    }
}

impl ClassTotals {
    pub(super) fn of(&self, track: Track) -> &Totals {
        match track {
            Track::Trusted | Track::Legacy => &self.trusted,
            Track::Untrusted => &self.untrusted,
            Track::Background => &self.background,
        }
    }

    pub(super) fn load<T>(&self, schedule: &Schedule<T>) -> HashQueueLoad {
        let load = |tracks: &[Track], totals: &Totals| HashClassLoad {
            running: tracks.iter().map(|track| schedule.running(*track)).sum(),
            waiting: tracks.iter().map(|track| schedule.waiting(*track)).sum(),
            started: totals.started.load(Ordering::Relaxed),
            refused: totals.refused.load(Ordering::Relaxed),
            waited: Duration::from_micros(totals.waited_micros.load(Ordering::Relaxed)),
        };
        HashQueueLoad {
            trusted: load(&[Track::Trusted, Track::Legacy], &self.trusted),
            untrusted: load(&[Track::Untrusted], &self.untrusted),
            background: load(&[Track::Background], &self.background),
        }
    }
}
