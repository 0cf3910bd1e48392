//! Sources of the current time.
//!
//! This crate reads the system clock only through a [`Clock`], so that tests control the time.

use std::fmt::Debug;
use std::time::{Duration, SystemTime};

/// Source of the current time.
pub trait Clock: Debug + Send + Sync {
    /// Returns the current time.
    fn now(&self) -> SystemTime;

    /// Returns the current time in whole seconds since the Unix epoch; 0 for a time before it.
    fn unix_seconds(&self) -> u64 {
        self.now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or(Duration::ZERO)
            .as_secs()
    }
}

/// Clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the system clock"
    )]
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// Clock that tests set and advance.
///
/// ```
/// use divan_core::clock::{Clock, ManualClock};
/// use std::time::Duration;
///
/// let clock = ManualClock::at_unix(1_780_000_000);
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.unix_seconds(), 1_780_000_060);
/// ```
#[cfg(any(test, feature = "test-util"))]
#[derive(Debug)]
pub struct ManualClock(std::sync::atomic::AtomicU64);

#[cfg(any(test, feature = "test-util"))]
impl ManualClock {
    /// Creates a clock at `seconds` after the Unix epoch.
    pub fn at_unix(seconds: u64) -> Self {
        Self(std::sync::atomic::AtomicU64::new(
            seconds.saturating_mul(1_000_000),
        ))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let micros = u64::try_from(by.as_micros()).unwrap_or(u64::MAX);
        self.0
            .fetch_add(micros, std::sync::atomic::Ordering::SeqCst);
    }

    /// Sets the clock, forward or backward.
    pub fn set_unix(&self, seconds: u64) {
        self.0.store(
            seconds.saturating_mul(1_000_000),
            std::sync::atomic::Ordering::SeqCst,
        );
    }
}

#[cfg(any(test, feature = "test-util"))]
impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
            + Duration::from_micros(self.0.load(std::sync::atomic::Ordering::SeqCst))
    }
}
