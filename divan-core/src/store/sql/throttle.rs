use async_trait::async_trait;
use sqlx::{QueryBuilder, Row};
use time::OffsetDateTime;

use super::connections::STATEMENT_LIMIT;
use super::rows::{from_micros, to_micros};
use super::{Backend, SqlStore, WriteTransaction, statements};
use crate::store::{StoreError, ThrottleStore};
use crate::throttle::{
    AccountKey, Counter, Decision, FORGET_AFTER, FORGET_FAILURES_AFTER, ThrottleKey,
    ThrottleOutcome, ThrottleUpdate,
};
use crate::types::AuditEvent;

#[async_trait]
impl<DB: Backend> ThrottleStore for SqlStore<DB> {
    async fn counters(&self, keys: &[ThrottleKey]) -> Result<Vec<Option<Counter>>, StoreError> {
        self.traced("counters", async {
            if keys.is_empty() {
                return Ok(Vec::new());
            }
            let mut select = QueryBuilder::<DB>::new(statements::COUNTERS);
            let mut conditions = select.separated(" OR ");
            for key in keys {
                conditions
                    .push("(kind = ")
                    .push_bind_unseparated(key.kind.as_str().to_owned())
                    .push_unseparated(" AND id = ")
                    .push_bind_unseparated(key.id.clone())
                    .push_unseparated(")");
            }
            let select = select.build().persistent(self.statement_cache);
            let rows = select.fetch_all(&self.readers).await?;
            Self::in_order(keys, &rows)
        })
        .await
    }

    async fn update_counters(
        &self,
        update: &ThrottleUpdate,
        events: &[AuditEvent],
    ) -> Result<ThrottleOutcome, StoreError> {
        let attempt = self.write(STATEMENT_LIMIT, |transaction| {
            self.try_to_update_counters(transaction, update, events)
        });
        self.traced("update_counters", attempt).await
    }

    async fn purge_counters(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        self.traced("purge_counters", async {
            let (expired, forgotten) = (now - FORGET_AFTER, now - FORGET_FAILURES_AFTER);
            self.purge(statements::PURGE_COUNTERS, expired).await?;
            self.purge(statements::PURGE_FAILURES, forgotten).await?;
            let count =
                sqlx::query_scalar(statements::COUNT_COUNTERS).persistent(self.statement_cache);
            let left: i64 = count.fetch_one(&self.readers).await?;
            Ok(left.cast_unsigned())
        })
        .await
    }
}

impl<DB: Backend> SqlStore<DB> {
    /// Returning early drops the transaction, which rolls it back.
    async fn try_to_update_counters(
        &self,
        mut transaction: WriteTransaction<DB>,
        update: &ThrottleUpdate,
        events: &[AuditEvent],
    ) -> Result<ThrottleOutcome, StoreError> {
        let outcome = self.change_counters(&mut transaction, update).await?;
        if outcome.decision == Decision::Allowed {
            Self::insert_audit_events(&mut transaction, events, self.statement_cache).await?;
            transaction.commit().await?;
        }
        Ok(outcome)
    }

    /// Locks, changes and writes counters inside a transaction, which the caller rolls back unless
    /// the decision is [`Decision::Allowed`].
    pub(super) async fn change_counters(
        &self,
        connection: &mut DB::Connection,
        update: &ThrottleUpdate,
    ) -> Result<ThrottleOutcome, StoreError> {
        let keys = update.keys();
        if keys.is_empty() {
            return Ok(update.apply(&mut []));
        }
        let new = vec![Counter::new(update.at()); keys.len()];
        let mut lock = Self::insert_counters(keys, &new);
        lock.push(statements::LOCK_COUNTERS);
        let lock = lock.build().persistent(self.statement_cache);
        let rows = lock.fetch_all(&mut *connection).await?;
        let mut counters: Vec<Counter> = Self::in_order(keys, &rows)?
            .into_iter()
            .map(|counter| counter.unwrap_or(Counter::new(update.at())))
            .collect();
        let outcome = update.apply(&mut counters);
        if outcome.decision == Decision::Allowed {
            let mut write = Self::insert_counters(keys, &counters);
            write.push(statements::REPLACE_COUNTERS);
            let write = write.build().persistent(self.statement_cache);
            write.execute(connection).await?;
        }
        Ok(outcome)
    }

    /// Deletes the counters of an account inside a transaction.
    pub(super) async fn clear_counters(
        &self,
        connection: &mut DB::Connection,
        account: AccountKey,
    ) -> Result<(), sqlx::Error> {
        let last = [account.0, [0xFF; 16]].concat();
        let delete = sqlx::query(statements::CLEAR_COUNTERS)
            .bind(account.0.to_vec())
            .bind(last)
            .persistent(self.statement_cache);
        delete.execute(connection).await?;
        Ok(())
    }

    /// Moves the counters of an account inside a transaction.
    pub(super) async fn move_counters(
        &self,
        connection: &mut DB::Connection,
        from: AccountKey,
        to: AccountKey,
    ) -> Result<(), sqlx::Error> {
        let delete = sqlx::query(statements::DELETE_ACCOUNT_COUNTERS)
            .bind(to.0.to_vec())
            .persistent(self.statement_cache);
        delete.execute(&mut *connection).await?;
        let update = sqlx::query(statements::MOVE_ACCOUNT_COUNTERS)
            .bind(from.0.to_vec())
            .bind(to.0.to_vec())
            .persistent(self.statement_cache);
        update.execute(connection).await?;
        Ok(())
    }

    /// Rows are locked in the order of the values.
    fn insert_counters(keys: &[ThrottleKey], counters: &[Counter]) -> QueryBuilder<DB> {
        let mut insert = QueryBuilder::<DB>::new(statements::INSERT_COUNTERS);
        insert.push_values(keys.iter().zip(counters), |mut row, (key, counter)| {
            row.push_bind(key.kind.as_str().to_owned())
                .push_bind(key.id.clone())
                .push_bind(counter.level.cast_signed())
                .push_bind(i64::from(counter.failures))
                .push_bind(to_micros(counter.updated_at));
        });
        insert
    }

    /// Decodes rows in the order of the keys.
    fn in_order(
        keys: &[ThrottleKey],
        rows: &[DB::Row],
    ) -> Result<Vec<Option<Counter>>, StoreError> {
        let mut counters = vec![None; keys.len()];
        for row in rows {
            let (kind, id): (String, Vec<u8>) = (row.try_get("kind")?, row.try_get("id")?);
            let is_own = |key: &ThrottleKey| key.kind.as_str() == kind && key.id == id;
            if let Some(position) = keys.iter().position(is_own) {
                counters[position] = Some(Counter {
                    level: row.try_get::<i64, _>("level")?.cast_unsigned(),
                    failures: u32::try_from(row.try_get::<i64, _>("failures")?).unwrap_or(u32::MAX),
                    updated_at: from_micros(row.try_get("updated_at")?),
                });
            }
        }
        Ok(counters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::throttle::ThrottleKind;

    #[test]
    fn an_unlock_deletes_the_kinds_of_an_account() {
        for &kind in ThrottleKind::ALL {
            let is_deleted = statements::CLEAR_COUNTERS.contains(&format!("'{kind}'"));
            assert_eq!(is_deleted, kind.is_of_account(), "{kind}");
        }
    }
}
