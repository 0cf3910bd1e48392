use std::fmt;

use time::OffsetDateTime;

use super::{Counter, Decision, Rule, ThrottleKind};

/// Key of an account. It is computed in the same way for identifiers without an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AccountKey(pub [u8; 16]);

impl fmt::Display for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Key of a counter. The order of keys is the order in which a store locks their rows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct ThrottleKey {
    /// Kind of the counter.
    pub kind: ThrottleKind,
    /// Digest of the subject, 16 or 32 bytes, or 2 bytes of a shared counter.
    pub id: Vec<u8>,
}

impl ThrottleKey {
    /// Creates the key of a counter.
    pub fn new(kind: ThrottleKind, id: impl Into<Vec<u8>>) -> Self {
        Self {
            kind,
            id: id.into(),
        }
    }

    /// Key of the counter that many subjects share when there are too many rows.
    #[must_use]
    pub fn shared(&self) -> Self {
        let end = self.id.len();
        Self::new(self.kind, &self.id[end - 2..])
    }
}

/// A change of counters. A store applies it in one transaction: it locks the rows of
/// [`keys`](Self::keys) in their order, calls [`apply`](Self::apply), and writes the counters if the
/// decision is [`Decision::Allowed`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThrottleUpdate {
    operation: Operation,
    keys: Vec<ThrottleKey>,
    /// Keys that were named twice: two attempts are removed from their counters.
    twice: Vec<ThrottleKey>,
    at: OffsetDateTime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Charge,
    Settle,
    Withdraw,
}

/// Outcome of a [`ThrottleUpdate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use]
pub struct ThrottleOutcome {
    /// The decision. Nothing is written unless it is [`Decision::Allowed`].
    pub decision: Decision,
    /// The attempt reaches the maximum of a [`Rule::Limit`]: further attempts are refused.
    pub closes: bool,
}

impl ThrottleUpdate {
    /// Adds an attempt to all of these counters, or to none if one of them refuses it.
    pub fn charge(keys: Vec<ThrottleKey>, at: OffsetDateTime) -> Self {
        Self::new(Operation::Charge, keys, at)
    }

    /// Removes a successful attempt from the counters: it is removed from buckets, and failures are
    /// reset. Two attempts are removed with a key that is named twice. With a key of kind
    /// [`ThrottleKind::FirstSuccess`], two further attempts of the address
    /// and its network are removed, once a day.
    pub fn settle(keys: Vec<ThrottleKey>, at: OffsetDateTime) -> Self {
        Self::new(Operation::Settle, keys, at)
    }

    /// Removes an attempt that a fault of the database ended after its secret was found correct. Other
    /// failures stay.
    pub fn withdraw(keys: Vec<ThrottleKey>, at: OffsetDateTime) -> Self {
        Self::new(Operation::Withdraw, keys, at)
    }

    fn new(operation: Operation, mut keys: Vec<ThrottleKey>, at: OffsetDateTime) -> Self {
        keys.sort();
        let pairs = keys.iter().zip(keys.iter().skip(1));
        let twice = pairs.filter(|(key, next)| key == next);
        let twice = twice.map(|(key, _)| key.clone()).collect();
        keys.dedup();
        Self {
            operation,
            keys,
            twice,
            at,
        }
    }

    /// Keys of the counters, in the order in which their rows are locked.
    pub fn keys(&self) -> &[ThrottleKey] {
        &self.keys
    }

    /// Time of the change.
    pub fn at(&self) -> OffsetDateTime {
        self.at
    }

    /// Changes the counters, which are in the order of [`keys`](Self::keys). They are unchanged
    /// unless the decision is [`Decision::Allowed`].
    ///
    /// ```
    /// use divan_core::throttle::{Counter, Decision, ThrottleKey, ThrottleKind, ThrottleUpdate};
    /// use std::time::Duration;
    /// use time::OffsetDateTime;
    ///
    /// let now = OffsetDateTime::UNIX_EPOCH;
    /// let update = ThrottleUpdate::charge(vec![ThrottleKey::new(ThrottleKind::TrustedLane, [7; 32])], now);
    /// let mut counters = [Counter::new(now)];
    /// for _ in 0..5 {
    ///     assert_eq!(update.apply(&mut counters).decision, Decision::Allowed);
    /// }
    /// assert_eq!(update.apply(&mut counters).decision, Decision::Wait(Duration::from_secs(1)));
    /// ```
    pub fn apply(&self, counters: &mut [Counter]) -> ThrottleOutcome {
        match self.operation {
            Operation::Charge => self.apply_charge(counters),
            Operation::Settle => self.apply_settle(counters),
            Operation::Withdraw => self.apply_withdraw(counters),
        }
    }

    fn apply_charge(&self, counters: &mut [Counter]) -> ThrottleOutcome {
        let decision = check(self.keys.iter().zip(counters.iter()), self.at);
        let mut closes = false;
        if decision == Decision::Allowed {
            for (key, counter) in self.keys.iter().zip(counters) {
                let rule = key.kind.rule();
                *counter = counter.charged(rule, self.at);
                closes |= matches!(rule, Rule::Limit { max } if counter.failures == max);
            }
        }
        ThrottleOutcome { decision, closes }
    }

    fn apply_withdraw(&self, counters: &mut [Counter]) -> ThrottleOutcome {
        for (key, counter) in self.keys.iter().zip(counters) {
            *counter = counter.withdrawn(key.kind.rule(), self.at);
        }
        ThrottleOutcome {
            decision: Decision::Allowed,
            closes: false,
        }
    }

    fn apply_settle(&self, counters: &mut [Counter]) -> ThrottleOutcome {
        let mut earned = 0;
        for (key, counter) in self.keys.iter().zip(counters.iter_mut()) {
            let rule = key.kind.rule();
            if key.kind == ThrottleKind::FirstSuccess
                && counter.check(rule, self.at) == Decision::Allowed
            {
                *counter = counter.charged(rule, self.at);
                earned = 2;
            }
        }
        for (key, counter) in self.keys.iter().zip(counters) {
            let steps = 1 + u32::from(self.twice.contains(key));
            let attempts = match key.kind {
                ThrottleKind::FirstSuccess => continue,
                ThrottleKind::Address | ThrottleKind::Network => steps + earned,
                _ => steps,
            };
            *counter = counter.refunded(key.kind.rule(), attempts, self.at);
        }
        ThrottleOutcome {
            decision: Decision::Allowed,
            closes: false,
        }
    }
}

/// Decides about an attempt by its counters: the strictest decision.
pub fn check<'a>(
    counters: impl IntoIterator<Item = (&'a ThrottleKey, &'a Counter)>,
    now: OffsetDateTime,
) -> Decision {
    let decisions = counters
        .into_iter()
        .map(|(key, counter)| counter.check(key.kind.rule(), now));
    decisions.max().unwrap_or(Decision::Allowed)
}
