//! The log of events and its consumers.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{MemoryStore, Tables};
use crate::store::{
    ClaimConsumer, ConsumerChange, ConsumerLease, ConsumerOutcome, EventLog, EventStore,
    MessageChannel, StoreError, StoredConsumer, StoredEvent,
};

#[derive(Debug)]
pub(super) struct ConsumerRow {
    consumer: StoredConsumer,
    claims: i64,
    lease: Option<(Uuid, OffsetDateTime)>,
}

#[async_trait]
impl EventStore for MemoryStore {
    async fn sequence_events(&self) -> Result<u64, StoreError> {
        let mut tables = self.tables();
        let Tables { outbox, log, .. } = &mut *tables;
        let before = log.newest;
        for row in outbox.values_mut() {
            if row.message.channel == MessageChannel::Event && row.position.is_none() {
                log.newest += 1;
                row.position = Some(log.newest);
            }
        }
        Ok((log.newest - before).cast_unsigned())
    }

    async fn events_after(
        &self,
        position: i64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let tables = self.tables();
        let events = tables.outbox.iter().filter_map(|(id, row)| {
            let place = row.position.filter(|place| *place > position)?;
            Some(StoredEvent::new(*id, place, row.message.clone()))
        });
        let mut events: Vec<_> = events.collect();
        events.sort_by_key(|event| event.position);
        events.truncate(limit as usize);
        Ok(events)
    }

    async fn event_log(&self) -> Result<EventLog, StoreError> {
        Ok(self.tables().log)
    }

    async fn position_before(&self, since: OffsetDateTime) -> Result<i64, StoreError> {
        Ok(self.tables().position_before(since))
    }

    async fn purge_events(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        let mut tables = self.tables();
        let end = tables.position_before(before);
        let all = tables.outbox.len();
        tables
            .outbox
            .retain(|_, row| row.position.is_none_or(|position| position > end));
        tables.log.purged = tables.log.purged.max(end);
        Ok((all - tables.outbox.len()) as u64)
    }

    async fn event_consumers(&self) -> Result<Vec<StoredConsumer>, StoreError> {
        let tables = self.tables();
        let consumers = tables.consumers.values();
        Ok(consumers.map(|row| row.consumer.clone()).collect())
    }

    async fn add_consumer(&self, name: &str, position: i64) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        if tables.consumers.contains_key(name) {
            return Ok(false);
        }
        let row = ConsumerRow::new(name, position);
        tables.consumers.insert(name.to_owned(), row);
        Ok(true)
    }

    async fn delete_consumer(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.tables().consumers.remove(name).is_some())
    }

    async fn claim_consumer(
        &self,
        claim: &ClaimConsumer,
    ) -> Result<Option<(ConsumerLease, StoredConsumer)>, StoreError> {
        let mut tables = self.tables();
        let is_claimable = |row: &&mut ConsumerRow| {
            let consumer = &row.consumer;
            consumer.disabled_at.is_none()
                && consumer.next_attempt_at.is_none_or(|at| at <= claim.now)
                && row.lease.is_none_or(|(_, until)| until <= claim.now)
        };
        let found = tables.consumers.get_mut(&claim.name);
        Ok(found.filter(is_claimable).map(|row| {
            row.claims += 1;
            row.lease = Some((claim.owner, claim.until));
            let lease = ConsumerLease::new(claim.name.clone(), claim.owner, row.claims);
            (lease, row.consumer.clone())
        }))
    }

    async fn settle_consumer(
        &self,
        lease: &ConsumerLease,
        outcome: &ConsumerOutcome,
    ) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let found = tables.consumers.get_mut(&lease.name);
        let found = found.filter(|row| row.is_held_by(lease));
        Ok(found.map(|row| row.settle(lease.owner, outcome)).is_some())
    }

    async fn change_consumer(
        &self,
        name: &str,
        change: ConsumerChange,
    ) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let found = tables.consumers.get_mut(name);
        Ok(found.map(|row| row.change(change)).is_some())
    }
}

impl Tables {
    fn position_before(&self, since: OffsetDateTime) -> i64 {
        let rows = self.outbox.values();
        let late = rows.filter(|row| row.message.created_at >= since);
        let first = late.filter_map(|row| row.position).min();
        first.map_or(self.log.newest, |first| first - 1)
    }
}

impl ConsumerRow {
    pub(super) fn new(name: &str, position: i64) -> Self {
        Self {
            consumer: StoredConsumer::new(name, position),
            claims: 0,
            lease: None,
        }
    }

    pub(super) fn is_held_by(&self, lease: &ConsumerLease) -> bool {
        self.lease.is_some_and(|(owner, _)| owner == lease.owner) && self.claims == lease.claims
    }

    fn settle(&mut self, owner: Uuid, outcome: &ConsumerOutcome) {
        let consumer = &mut self.consumer;
        self.lease = None;
        match outcome {
            ConsumerOutcome::Delivered {
                position,
                at,
                until,
            } => {
                *consumer = StoredConsumer::new(consumer.name.clone(), *position);
                consumer.last_success_at = Some(*at);
                self.lease = Some((owner, *until));
            }
            ConsumerOutcome::Passed { position, until } => {
                consumer.position = *position;
                self.lease = Some((owner, *until));
            }
            ConsumerOutcome::Kept { until } => self.lease = Some((owner, *until)),
            ConsumerOutcome::Released => {}
            ConsumerOutcome::Failed {
                at,
                retry_at,
                error,
            } => {
                self.fail(*at, error);
                self.consumer.next_attempt_at = Some(*retry_at);
            }
            ConsumerOutcome::Disabled { at, error } => {
                self.fail(*at, error);
                self.consumer.disabled_at = Some(*at);
            }
        }
    }

    fn fail(&mut self, at: OffsetDateTime, error: &str) {
        self.consumer.failures += 1;
        self.consumer.failing_since.get_or_insert(at);
        self.consumer.last_error = Some(error.to_owned());
    }

    pub(super) fn change(&mut self, change: ConsumerChange) {
        let consumer = &mut self.consumer;
        self.lease = None;
        match change {
            ConsumerChange::MoveTo(position) => {
                consumer.position = position;
                consumer.next_attempt_at = None;
            }
            ConsumerChange::Enable => {
                let last_success_at = consumer.last_success_at;
                *consumer = StoredConsumer::new(consumer.name.clone(), consumer.position);
                consumer.last_success_at = last_success_at;
            }
            ConsumerChange::Disable { at } => consumer.disabled_at = Some(at),
        }
    }
}
