//! The log of events and its consumers.

use async_trait::async_trait;
use sqlx::Row;
use sqlx::query::Query;
use time::OffsetDateTime;

use super::connections::STATEMENT_LIMIT;
use super::retry::retrying;
use super::rows::{self, to_micros};
use super::{Backend, SqlStore, WriteTransaction, statements};
use crate::store::{
    ClaimConsumer, ConsumerChange, ConsumerLease, ConsumerOutcome, EventLog, EventStore,
    StoreError, StoredConsumer, StoredEvent,
};

/// The maximum number of events that one transaction numbers.
const EVENTS_PER_TRANSACTION: u32 = 1000;

#[async_trait]
impl<DB: Backend> EventStore for SqlStore<DB> {
    async fn sequence_events(&self) -> Result<u64, StoreError> {
        self.traced("sequence_events", async {
            let mut total = 0;
            while self.has_new_events().await? {
                match self.write(STATEMENT_LIMIT, |t| self.sequence(t)).await? {
                    0 => break,
                    count => total += count,
                }
            }
            Ok(total)
        })
        .await
    }

    async fn events_after(
        &self,
        position: i64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.traced("events_after", async {
            let query = sqlx::query(statements::EVENTS_AFTER)
                .bind(position)
                .bind(i64::from(limit))
                .persistent(self.statement_cache);
            let rows = query.fetch_all(&self.readers).await?;
            Ok(rows
                .iter()
                .map(rows::event::<DB>)
                .collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn event_log(&self) -> Result<EventLog, StoreError> {
        self.traced("event_log", async {
            let query = sqlx::query(statements::EVENT_LOG).persistent(self.statement_cache);
            let row = query.fetch_one(&self.readers).await?;
            Ok(EventLog::new(
                row.try_get("purged")?,
                row.try_get("newest")?,
            ))
        })
        .await
    }

    async fn position_before(&self, since: OffsetDateTime) -> Result<i64, StoreError> {
        self.traced("position_before", async {
            // Read first: an event that is added in between is not before the position.
            let newest = self.event_log().await?.newest;
            let first = self.first_event_since(since).await?;
            Ok(first.map_or(newest, |first| first - 1))
        })
        .await
    }

    async fn purge_events(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        self.traced("purge_events", async {
            let end = self.position_before(before).await?;
            let mut total = 0;
            loop {
                let purge = self.write(STATEMENT_LIMIT, |t| self.purge_up_to(t, end));
                let count = purge.await?;
                total += count;
                if count < u64::from(statements::ROWS_PER_PURGE) {
                    return Ok(total);
                }
            }
        })
        .await
    }

    async fn event_consumers(&self) -> Result<Vec<StoredConsumer>, StoreError> {
        self.traced("event_consumers", async {
            let query = sqlx::query(statements::CONSUMERS).persistent(self.statement_cache);
            let rows = query.fetch_all(&self.readers).await?;
            Ok(rows
                .iter()
                .map(rows::consumer::<DB>)
                .collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn add_consumer(&self, name: &str, position: i64) -> Result<bool, StoreError> {
        let add = || {
            sqlx::query(statements::ADD_CONSUMER)
                .bind(name.to_owned())
                .bind(position)
        };
        self.traced("add_consumer", self.changes_one(add)).await
    }

    async fn delete_consumer(&self, name: &str) -> Result<bool, StoreError> {
        let delete = || sqlx::query(statements::DELETE_CONSUMER).bind(name.to_owned());
        self.traced("delete_consumer", self.changes_one(delete))
            .await
    }

    async fn claim_consumer(
        &self,
        claim: &ClaimConsumer,
    ) -> Result<Option<(ConsumerLease, StoredConsumer)>, StoreError> {
        self.traced("claim_consumer", async {
            if !self.is_claimable(claim).await? {
                return Ok(None);
            }
            let claimed = async || {
                let query = sqlx::query(statements::CLAIM_CONSUMER)
                    .bind(claim.name.clone())
                    .bind(to_micros(claim.now))
                    .bind(claim.owner)
                    .bind(to_micros(claim.until))
                    .persistent(self.statement_cache);
                Ok(query.fetch_all(&self.writer).await?)
            };
            let rows = retrying(claimed).await?;
            let Some(row) = rows.first() else {
                return Ok(None);
            };
            let claims = row.try_get("claims")?;
            let lease = ConsumerLease::new(claim.name.clone(), claim.owner, claims);
            Ok(Some((lease, rows::consumer::<DB>(row)?)))
        })
        .await
    }

    async fn settle_consumer(
        &self,
        lease: &ConsumerLease,
        outcome: &ConsumerOutcome,
    ) -> Result<bool, StoreError> {
        let settle = || {
            let settle = |statement: &'static str| {
                sqlx::query(statement)
                    .bind(lease.name.clone())
                    .bind(lease.owner)
                    .bind(lease.claims)
            };
            match outcome {
                ConsumerOutcome::Delivered {
                    position,
                    at,
                    until,
                } => settle(statements::CONSUMER_DELIVERED)
                    .bind(*position)
                    .bind(to_micros(*at))
                    .bind(to_micros(*until)),
                ConsumerOutcome::Passed { position, until } => settle(statements::CONSUMER_PASSED)
                    .bind(*position)
                    .bind(to_micros(*until)),
                ConsumerOutcome::Kept { until } => {
                    settle(statements::CONSUMER_KEPT).bind(to_micros(*until))
                }
                ConsumerOutcome::Released => settle(statements::CONSUMER_RELEASED),
                ConsumerOutcome::Failed {
                    at,
                    retry_at,
                    error,
                } => settle(statements::CONSUMER_FAILED)
                    .bind(to_micros(*at))
                    .bind(to_micros(*retry_at))
                    .bind(error.clone()),
                ConsumerOutcome::Disabled { at, error } => settle(statements::CONSUMER_DISABLED)
                    .bind(to_micros(*at))
                    .bind(error.clone()),
            }
        };
        self.traced("settle_consumer", self.changes_one(settle))
            .await
    }

    async fn change_consumer(
        &self,
        name: &str,
        change: ConsumerChange,
    ) -> Result<bool, StoreError> {
        let change = || {
            let name = name.to_owned();
            match change {
                ConsumerChange::MoveTo(position) => sqlx::query(statements::MOVE_CONSUMER)
                    .bind(name)
                    .bind(position),
                ConsumerChange::Enable => sqlx::query(statements::ENABLE_CONSUMER).bind(name),
                ConsumerChange::Disable { at } => sqlx::query(statements::DISABLE_CONSUMER)
                    .bind(name)
                    .bind(to_micros(at)),
            }
        };
        self.traced("change_consumer", self.changes_one(change))
            .await
    }
}

impl<DB: Backend> SqlStore<DB> {
    async fn has_new_events(&self) -> Result<bool, StoreError> {
        let query = sqlx::query_scalar(statements::NEW_EVENTS).persistent(self.statement_cache);
        let new: i64 = query.fetch_one(&self.readers).await?;
        Ok(new > 0)
    }

    /// Numbers events under the lock of the log. The lock is a statement of its own: the snapshot of the next
    /// one contains all that the previous holder of the lock has written.
    async fn sequence(&self, mut transaction: WriteTransaction<DB>) -> Result<u64, StoreError> {
        if !self.try_lock_log(&mut transaction).await? {
            return Ok(0);
        }
        let number = sqlx::query(statements::SEQUENCE_EVENTS)
            .bind(i64::from(EVENTS_PER_TRANSACTION))
            .persistent(self.statement_cache);
        let count = DB::rows_affected(&number.execute(&mut *transaction).await?);
        let advance = sqlx::query(statements::ADVANCE_LOG)
            .bind(count.cast_signed())
            .persistent(self.statement_cache);
        advance.execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(count)
    }

    async fn try_lock_log(&self, connection: &mut DB::Connection) -> Result<bool, sqlx::Error> {
        let Some(lock) = DB::TRY_LOCK_LOG else {
            return Ok(true);
        };
        let lock = sqlx::query_scalar(lock).persistent(self.statement_cache);
        lock.fetch_one(connection).await
    }

    async fn first_event_since(&self, since: OffsetDateTime) -> Result<Option<i64>, StoreError> {
        let query = sqlx::query_scalar(statements::FIRST_EVENT_SINCE)
            .bind(to_micros(since))
            .persistent(self.statement_cache);
        Ok(query.fetch_optional(&self.readers).await?)
    }

    async fn purge_up_to(
        &self,
        mut transaction: WriteTransaction<DB>,
        end: i64,
    ) -> Result<u64, StoreError> {
        let delete = sqlx::query_scalar(statements::PURGE_EVENTS)
            .bind(end.saturating_add(1))
            .bind(i64::from(statements::ROWS_PER_PURGE))
            .persistent(self.statement_cache);
        let deleted: Vec<i64> = delete.fetch_all(&mut *transaction).await?;
        if let Some(last) = deleted.iter().max() {
            let moved = sqlx::query(statements::MOVE_PURGED)
                .bind(*last)
                .persistent(self.statement_cache);
            moved.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(deleted.len() as u64)
    }

    async fn is_claimable(&self, claim: &ClaimConsumer) -> Result<bool, StoreError> {
        let query = sqlx::query_scalar(statements::CLAIMABLE_CONSUMERS)
            .bind(claim.name.clone())
            .bind(to_micros(claim.now))
            .persistent(self.statement_cache);
        let found: i64 = query.fetch_one(&self.readers).await?;
        Ok(found > 0)
    }

    async fn changes_one<'q>(
        &self,
        query: impl Fn() -> Query<'q, DB, DB::Arguments>,
    ) -> Result<bool, StoreError> {
        let execute = async || {
            let query = query().persistent(self.statement_cache);
            Ok(query.execute(&self.writer).await?)
        };
        let changed = retrying(execute).await?;
        Ok(DB::rows_affected(&changed) == 1)
    }
}
