//! Consumers: readers of the log to which one server at a time delivers events, in order and at least once.

use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

use super::{Event, EventPosition};
use crate::service::AuthService;
use crate::service::session::to_time_duration;
use crate::store::{
    ClaimConsumer, ConsumerChange, ConsumerLease, ConsumerOutcome, StoreError, StoredConsumer,
};

/// The lifetime of a lease. Each delivery renews it.
const LEASE: Duration = Duration::from_secs(30);

/// The rest of a lease after which it is renewed without a delivery.
const RENEW: Duration = Duration::from_secs(20);

/// The maximum length of a stored error.
const MAX_ERROR: usize = 500;

/// A consumer whose lease this server has.
#[derive(Debug)]
pub struct EventConsumer {
    lease: ConsumerLease,
    until: OffsetDateTime,
    stored: StoredConsumer,
    missed: bool,
}

impl EventConsumer {
    /// Returns the consumer at the time of the claim.
    pub fn stored(&self) -> &StoredConsumer {
        &self.stored
    }

    pub(in crate::service) fn lease(&self) -> &ConsumerLease {
        &self.lease
    }

    /// Returns `true` if events were deleted before they were delivered.
    pub fn missed_events(&self) -> bool {
        self.missed
    }
}

/// The state of a consumer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConsumerStatus {
    /// The consumer.
    pub consumer: StoredConsumer,
    /// The number of events to deliver.
    pub pending: u64,
    /// The time of the oldest of them.
    pub oldest: Option<OffsetDateTime>,
}

/// # Delivery of events
impl AuthService {
    /// Leases a consumer for half a minute. Returns `None` if there is no such consumer, if it is disabled, if
    /// its next attempt is not due, or if another server has the lease. `server` is a random id of the
    /// caller.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim_consumer(
        &self,
        name: &str,
        server: Uuid,
    ) -> Result<Option<EventConsumer>, StoreError> {
        let now = self.now();
        let until = self.lease_end();
        let claim = ClaimConsumer::new(name, server, now, until);
        let claimed = self.parts.store.claim_consumer(&claim).await?;
        Ok(claimed.map(|(lease, stored)| EventConsumer {
            lease,
            until,
            stored,
            missed: false,
        }))
    }

    /// Reads the next events to deliver, at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn consumer_events(
        &self,
        consumer: &mut EventConsumer,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError> {
        let store = &self.parts.store;
        store.sequence_events().await?;
        let position = consumer.stored.position;
        let stored = store.events_after(position, limit).await?;
        // Positions have no gaps.
        if stored
            .first()
            .is_none_or(|first| first.position != position + 1)
        {
            let purged = store.event_log().await?.purged;
            if purged > position && !consumer.missed {
                consumer.missed = true;
                let name = &consumer.stored.name;
                let missed = purged - position;
                tracing::warn!(consumer = %name, missed, "events were deleted before their delivery");
            }
        }
        Ok(stored.iter().map(Event::new).collect())
    }

    /// Stores that all events up to this one were delivered, and renews the lease. Returns `false` if the
    /// lease was lost: then stop, another server delivers these events again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn consumer_delivered(
        &self,
        consumer: &mut EventConsumer,
        position: EventPosition,
    ) -> Result<bool, StoreError> {
        let (position, at, until) = (position.number(), self.now(), self.lease_end());
        let outcome = ConsumerOutcome::Delivered {
            position,
            at,
            until,
        };
        let settled = self.settle_consumer(consumer, &outcome).await?;
        if settled {
            (consumer.stored.position, consumer.until) = (position, until);
        }
        Ok(settled)
    }

    /// Stores that the consumer does not want the events up to this one, and renews the lease. Returns `false`
    /// if the lease was lost.
    pub(in crate::service) async fn pass_events(
        &self,
        consumer: &mut EventConsumer,
        position: EventPosition,
    ) -> Result<bool, StoreError> {
        let (position, until) = (position.number(), self.lease_end());
        let outcome = ConsumerOutcome::Passed { position, until };
        let settled = self.settle_consumer(consumer, &outcome).await?;
        if settled {
            (consumer.stored.position, consumer.until) = (position, until);
        }
        Ok(settled)
    }

    /// Renews the lease if a third of it is over. Returns `false` if it was lost.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_consumer(&self, consumer: &mut EventConsumer) -> Result<bool, StoreError> {
        if consumer.until - self.now() > to_time_duration(RENEW) {
            return Ok(true);
        }
        let until = self.lease_end();
        let outcome = ConsumerOutcome::Kept { until };
        let settled = self.settle_consumer(consumer, &outcome).await?;
        if settled {
            consumer.until = until;
        }
        Ok(settled)
    }

    /// Ends the lease. Another server can deliver at once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release_consumer(&self, consumer: EventConsumer) -> Result<(), StoreError> {
        let outcome = ConsumerOutcome::Released;
        self.settle_consumer(&consumer, &outcome).await.map(drop)
    }

    /// Stores that a delivery failed, and ends the lease. The next attempt is due after `wait`. The error must
    /// contain no secrets.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn consumer_failed(
        &self,
        consumer: EventConsumer,
        error: &str,
        wait: Duration,
    ) -> Result<(), StoreError> {
        let at = self.now();
        let retry_at = at.saturating_add(to_time_duration(wait));
        let error = shortened(error);
        let outcome = ConsumerOutcome::Failed {
            at,
            retry_at,
            error,
        };
        self.settle_consumer(&consumer, &outcome).await.map(drop)
    }

    /// Stores that a delivery failed, disables the consumer, and ends the lease. Returns `false` if the lease
    /// was lost.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn disable_failing_consumer(
        &self,
        consumer: EventConsumer,
        error: &str,
    ) -> Result<bool, StoreError> {
        let (at, error) = (self.now(), shortened(error));
        let outcome = ConsumerOutcome::Disabled { at, error };
        self.settle_consumer(&consumer, &outcome).await
    }

    async fn settle_consumer(
        &self,
        consumer: &EventConsumer,
        outcome: &ConsumerOutcome,
    ) -> Result<bool, StoreError> {
        let store = &self.parts.store;
        store.settle_consumer(&consumer.lease, outcome).await
    }

    fn lease_end(&self) -> OffsetDateTime {
        self.now().saturating_add(to_time_duration(LEASE))
    }
}

/// # Consumers of events
impl AuthService {
    /// Lists the consumers with what is to be delivered to them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn event_consumers(&self) -> Result<Vec<ConsumerStatus>, StoreError> {
        let store = &self.parts.store;
        store.sequence_events().await?;
        let consumers = store.event_consumers().await?;
        let newest = store.event_log().await?.newest;
        let mut all = Vec::with_capacity(consumers.len());
        for consumer in consumers {
            let next = store.events_after(consumer.position, 1).await?;
            let next = next.first();
            // Deleted events are not delivered.
            let pending = next.map_or(0, |next| newest + 1 - next.position);
            all.push(ConsumerStatus {
                pending: u64::try_from(pending).unwrap_or_default(),
                oldest: next.map(|next| next.message.created_at),
                consumer,
            });
        }
        Ok(all)
    }

    /// Adds a consumer, if it does not exist. It gets the events after the newest one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_consumer(&self, name: &str) -> Result<bool, StoreError> {
        let newest = self.newest_event().await?;
        let store = &self.parts.store;
        store.add_consumer(name, newest.number()).await
    }

    /// Deletes a consumer. Returns `false` if it does not exist.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete_consumer(&self, name: &str) -> Result<bool, StoreError> {
        self.parts.store.delete_consumer(name).await
    }

    /// Delivers the events of this time and later (again). Returns `false` if there is no such consumer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn replay_consumer(
        &self,
        name: &str,
        since: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let position = self.event_position(since).await?.number();
        let change = ConsumerChange::MoveTo(position);
        let changed = self.parts.store.change_consumer(name, change).await?;
        self.parts.events.written.send_replace(());
        Ok(changed)
    }

    /// Enables a consumer. Returns `false` if it does not exist.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn enable_consumer(&self, name: &str) -> Result<bool, StoreError> {
        let change = ConsumerChange::Enable;
        let changed = self.parts.store.change_consumer(name, change).await?;
        self.parts.events.written.send_replace(());
        Ok(changed)
    }

    /// Disables a consumer. Its position stays. Returns `false` if it does not exist.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn disable_consumer(&self, name: &str) -> Result<bool, StoreError> {
        let change = ConsumerChange::Disable { at: self.now() };
        self.parts.store.change_consumer(name, change).await
    }
}

fn shortened(error: &str) -> String {
    error.chars().take(MAX_ERROR).collect()
}
