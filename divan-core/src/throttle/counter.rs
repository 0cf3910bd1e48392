use std::time::Duration;

use time::OffsetDateTime;

use super::{Rule, ThrottleKind};

/// Level of one attempt, in the unit of [`Counter::level`].
const ATTEMPT: u64 = 1_000_000;

/// Period without an attempt after which the failures of a [`Rule::Delay`] are reset.
pub(crate) const FORGET_AFTER: Duration = Duration::from_hours(24);

/// Time after which failures in a row are reset, so that invented identifiers do not fill the table.
pub(crate) const FORGET_FAILURES_AFTER: Duration = Duration::from_hours(365 * 24);

/// State of one counter: a stored row.
///
/// A clock that is set back gives no further attempt: [`updated_at`](Self::updated_at) never moves
/// backwards by less than a day. A time further ahead than that was written by a wrong clock, so it
/// is replaced, and level and failures stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Level of a bucket at `updated_at`, in millionths of an attempt.
    pub level: u64,
    /// Number of failures, and of attempts whose outcome is not known yet, since the last success.
    pub failures: u32,
    /// Time of the last change.
    pub updated_at: OffsetDateTime,
}

/// Decision about an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[must_use]
pub enum Decision {
    /// The attempt may be made.
    Allowed,
    /// The attempt may be made after this time.
    Wait(Duration),
    /// No attempt may be made until the counter is reset: by an unlock or a reset of the password,
    /// and for untrusted attempts also by a trusted success.
    Closed,
}

impl Counter {
    /// A counter without attempts.
    pub fn new(at: OffsetDateTime) -> Self {
        Self {
            level: 0,
            failures: 0,
            updated_at: at,
        }
    }

    /// Decides about an attempt. Changes nothing.
    pub fn check(&self, rule: Rule, now: OffsetDateTime) -> Decision {
        let current = self.at(rule, now);
        match rule {
            Rule::Bucket { size, period } => {
                let room = u64::from(size) * ATTEMPT;
                let excess = (current.level + ATTEMPT).saturating_sub(room);
                wait(scale(period, excess))
            }
            Rule::Delay { .. } => {
                let since = elapsed(current.updated_at, now);
                let ahead = elapsed(now, current.updated_at);
                wait((rule.delay(current.failures) + ahead).saturating_sub(since))
            }
            Rule::Limit { max } if current.failures >= max => Decision::Closed,
            Rule::Limit { .. } => Decision::Allowed,
        }
    }

    /// Counts an attempt before its outcome is known.
    #[must_use]
    pub fn charged(&self, rule: Rule, now: OffsetDateTime) -> Self {
        let current = self.at(rule, now);
        match rule {
            Rule::Bucket { .. } => Self {
                level: current.level + ATTEMPT,
                ..current
            },
            Rule::Delay { .. } | Rule::Limit { .. } => Self {
                failures: current.failures.saturating_add(1),
                updated_at: current.updated_at.max(now),
                ..current
            },
        }
    }

    /// Removes `attempts` from a bucket, or resets the failures of the other rules.
    #[must_use]
    pub fn refunded(&self, rule: Rule, attempts: u32, now: OffsetDateTime) -> Self {
        let current = self.at(rule, now);
        Self {
            level: current.level.saturating_sub(u64::from(attempts) * ATTEMPT),
            failures: 0,
            ..current
        }
    }

    /// Removes one attempt.
    #[must_use]
    pub(super) fn withdrawn(&self, rule: Rule, now: OffsetDateTime) -> Self {
        let current = self.at(rule, now);
        Self {
            level: current.level.saturating_sub(ATTEMPT),
            failures: current.failures.saturating_sub(1),
            ..current
        }
    }

    /// Returns `true` if the counter no longer affects any decision, or if its failures are a year old.
    pub fn is_expired(&self, kind: ThrottleKind, now: OffsetDateTime) -> bool {
        let age = elapsed(self.updated_at, now);
        match kind {
            ThrottleKind::TrustedTotal if self.failures > 0 => false,
            ThrottleKind::Consecutive if self.failures > 0 => age > FORGET_FAILURES_AFTER,
            _ => age > FORGET_AFTER,
        }
    }

    /// The same counter at this time.
    fn at(&self, rule: Rule, now: OffsetDateTime) -> Self {
        if elapsed(now, self.updated_at) > FORGET_AFTER {
            return Self {
                updated_at: now,
                ..*self
            };
        }
        let since = elapsed(self.updated_at, now);
        match rule {
            Rule::Bucket { period, .. } => Self {
                level: self.level.saturating_sub(unscale(period, since)),
                updated_at: self.updated_at.max(now),
                ..*self
            },
            Rule::Delay { .. } if since >= FORGET_AFTER => Self::new(now),
            Rule::Delay { .. } | Rule::Limit { .. } => *self,
        }
    }
}

fn wait(time: Duration) -> Decision {
    if time.is_zero() {
        Decision::Allowed
    } else {
        Decision::Wait(time)
    }
}

/// Time from `earlier` to `later`; zero if they are the other way round.
fn elapsed(earlier: OffsetDateTime, later: OffsetDateTime) -> Duration {
    (later - earlier).try_into().unwrap_or(Duration::ZERO)
}

/// Time in which a level of a bucket drains.
fn scale(period: Duration, level: u64) -> Duration {
    let micros = period.as_micros() * u128::from(level) / u128::from(ATTEMPT);
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

/// Level of a bucket that drains in a time.
fn unscale(period: Duration, time: Duration) -> u64 {
    let level = time.as_micros() * u128::from(ATTEMPT) / period.as_micros().max(1);
    u64::try_from(level).unwrap_or(u64::MAX)
}
