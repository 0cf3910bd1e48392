use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::class::Lane;
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
    pub(super) fn of(&self, lane: Lane) -> &Totals {
        match lane {
            Lane::Trusted | Lane::Legacy => &self.trusted,
            Lane::Untrusted => &self.untrusted,
            Lane::Background => &self.background,
        }
    }

    pub(super) fn load<T>(&self, schedule: &Schedule<T>) -> HashQueueLoad {
        let load = |lanes: &[Lane], totals: &Totals| HashClassLoad {
            running: lanes.iter().map(|lane| schedule.running(*lane)).sum(),
            waiting: lanes.iter().map(|lane| schedule.waiting(*lane)).sum(),
            started: totals.started.load(Ordering::Relaxed),
            refused: totals.refused.load(Ordering::Relaxed),
            waited: Duration::from_micros(totals.waited_micros.load(Ordering::Relaxed)),
        };
        HashQueueLoad {
            trusted: load(&[Lane::Trusted, Lane::Legacy], &self.trusted),
            untrusted: load(&[Lane::Untrusted], &self.untrusted),
            background: load(&[Lane::Background], &self.background),
        }
    }
}
