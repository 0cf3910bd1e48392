use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{NewMessage, StoreError};

/// The log of events, for other services.
///
/// Events are messages of the channel [`MessageChannel::Event`](super::MessageChannel::Event), inserted in
/// the transaction of the change that they report. After the commit, [`sequence_events`](Self::sequence_events)
/// assigns positions, in the order of the ids. A reader of the log therefore never misses an event
/// whose transaction was committed later than that of an event with a greater id.
///
/// A consumer is a reader to which servers deliver events. It has a position of its own.
///
/// Without implementations of these methods, the log is empty. A store that wraps another one must
/// forward them.
#[async_trait]
pub trait EventStore: std::fmt::Debug + Send + Sync {
    /// Assigns the next positions to committed events that have none, in the order of their ids. Returns
    /// their number. If another caller does the same at this moment, it may return 0.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn sequence_events(&self) -> Result<u64, StoreError> {
        Ok(0)
    }

    /// Finds events with greater positions, in the order of their positions.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn events_after(
        &self,
        position: i64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let _ = (position, limit);
        Ok(Vec::new())
    }

    /// Returns the ends of the log. Read them after the events: events that were deleted in between are
    /// noticed then.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn event_log(&self) -> Result<EventLog, StoreError> {
        Ok(EventLog::default())
    }

    /// Returns the position before the first event of this time or later; the newest one if there is no such
    /// event.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn position_before(&self, since: OffsetDateTime) -> Result<i64, StoreError> {
        let _ = since;
        Ok(0)
    }

    /// Deletes the events before the first one of this time or later. Returns their number.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn purge_events(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        let _ = before;
        Ok(0)
    }

    /// Lists all consumers, by name.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn event_consumers(&self) -> Result<Vec<StoredConsumer>, StoreError> {
        Ok(Vec::new())
    }

    /// Inserts a consumer. Returns `false`, and changes nothing, if it exists.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn add_consumer(&self, name: &str, position: i64) -> Result<bool, StoreError> {
        let _ = (name, position);
        Ok(false)
    }

    /// Deletes a consumer. Returns `false` if it does not exist.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn delete_consumer(&self, name: &str) -> Result<bool, StoreError> {
        let _ = name;
        Ok(false)
    }

    /// Leases a consumer. Returns `None` if there is no such consumer, if it is disabled, if its next attempt
    /// is not due, or if another server has the lease.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn claim_consumer(
        &self,
        claim: &ClaimConsumer,
    ) -> Result<Option<(ConsumerLease, StoredConsumer)>, StoreError> {
        let _ = claim;
        Ok(None)
    }

    /// Stores the outcome of deliveries. Returns `false`, and changes nothing, if the consumer was claimed
    /// again, moved, disabled or deleted since.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn settle_consumer(
        &self,
        lease: &ConsumerLease,
        outcome: &ConsumerOutcome,
    ) -> Result<bool, StoreError> {
        let _ = (lease, outcome);
        Ok(false)
    }

    /// Changes a consumer and ends its lease. Returns `false` if it does not exist.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn change_consumer(
        &self,
        name: &str,
        change: ConsumerChange,
    ) -> Result<bool, StoreError> {
        let _ = (name, change);
        Ok(false)
    }
}

/// An event with its place in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredEvent {
    /// The id of the row.
    pub id: i64,
    /// The position: 1, 2 and so on, without gaps.
    pub position: i64,
    /// The event: `kind` is its type, `parameters` are its details.
    pub message: NewMessage,
}

impl StoredEvent {
    /// Combines an event with its place.
    pub fn new(id: i64, position: i64, message: NewMessage) -> Self {
        Self {
            id,
            position,
            message,
        }
    }
}

/// The ends of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventLog {
    /// The greatest position that was deleted; 0 if none was.
    pub purged: i64,
    /// The greatest position that was assigned; 0 if none was.
    pub newest: i64,
}

impl EventLog {
    /// Combines the greatest deleted and the greatest assigned position.
    pub fn new(purged: i64, newest: i64) -> Self {
        Self { purged, newest }
    }
}

/// A consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredConsumer {
    /// The name.
    pub name: String,
    /// The position of the last event that was delivered.
    pub position: i64,
    /// The number of failures since the last success.
    pub failures: u32,
    /// The time of the first of these failures.
    pub failing_since: Option<OffsetDateTime>,
    /// The time of the next attempt after a failure.
    pub next_attempt_at: Option<OffsetDateTime>,
    /// The error of the last failure since the last success.
    pub last_error: Option<String>,
    /// The time of the last success.
    pub last_success_at: Option<OffsetDateTime>,
    /// The time since which it is disabled.
    pub disabled_at: Option<OffsetDateTime>,
}

impl StoredConsumer {
    /// Creates a consumer to which nothing was delivered.
    pub fn new(name: impl Into<String>, position: i64) -> Self {
        Self {
            name: name.into(),
            position,
            failures: 0,
            failing_since: None,
            next_attempt_at: None,
            last_error: None,
            last_success_at: None,
            disabled_at: None,
        }
    }
}

/// The right to deliver events to a consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConsumerLease {
    /// The consumer.
    pub name: String,
    /// The server that has the lease.
    pub owner: Uuid,
    /// The number of leases of the consumer, with this one.
    pub claims: i64,
}

impl ConsumerLease {
    /// Creates the lease of a claim.
    pub fn new(name: impl Into<String>, owner: Uuid, claims: i64) -> Self {
        Self {
            name: name.into(),
            owner,
            claims,
        }
    }
}

/// Conditions of a claim of a consumer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClaimConsumer {
    /// The consumer.
    pub name: String,
    /// The server that claims.
    pub owner: Uuid,
    /// The current time.
    pub now: OffsetDateTime,
    /// Expiry of the lease. Afterwards others can claim the consumer.
    pub until: OffsetDateTime,
}

impl ClaimConsumer {
    /// Claims a consumer until a time.
    pub fn new(
        name: impl Into<String>,
        owner: Uuid,
        now: OffsetDateTime,
        until: OffsetDateTime,
    ) -> Self {
        Self {
            name: name.into(),
            owner,
            now,
            until,
        }
    }
}

/// The outcome of deliveries to a consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConsumerOutcome {
    /// All events up to a position were delivered. Clears the failures.
    Delivered {
        /// The position.
        position: i64,
        /// The time.
        at: OffsetDateTime,
        /// The new expiry of the lease.
        until: OffsetDateTime,
    },
    /// The consumer does not want the events up to a position. Failures stay.
    Passed {
        /// The position.
        position: i64,
        /// The new expiry of the lease.
        until: OffsetDateTime,
    },
    /// Nothing was delivered, and the lease goes on.
    Kept {
        /// The new expiry of the lease.
        until: OffsetDateTime,
    },
    /// Nothing was delivered, and the lease ends.
    Released,
    /// A delivery failed. The lease ends.
    Failed {
        /// The time.
        at: OffsetDateTime,
        /// The time of the next attempt.
        retry_at: OffsetDateTime,
        /// The error. It contains no secrets.
        error: String,
    },
    /// A delivery failed, and there are no further attempts. The lease ends.
    Disabled {
        /// The time.
        at: OffsetDateTime,
        /// The error. It contains no secrets.
        error: String,
    },
}

/// A change of a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConsumerChange {
    /// The events after this position are delivered next.
    MoveTo(i64),
    /// The consumer is enabled again, and its failures are forgotten.
    Enable,
    /// The consumer is disabled.
    Disable {
        /// The time.
        at: OffsetDateTime,
    },
}
