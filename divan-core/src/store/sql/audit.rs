use async_trait::async_trait;
use sqlx::QueryBuilder;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::retry::retrying;
use super::rows::{self, to_micros};
use super::{Backend, SqlStore, statements};
use crate::store::{AuditQuery, AuditStore, StoreError};
use crate::types::AuditEvent;

#[async_trait]
impl<DB: Backend> AuditStore for SqlStore<DB> {
    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditEvent>, StoreError> {
        self.traced("audit", self.audit_page(query)).await
    }

    async fn purge_audit(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        let purge = self.purge(statements::PURGE_AUDIT_EVENTS, before);
        self.traced("purge_audit", purge).await
    }
}

impl<DB: Backend> SqlStore<DB> {
    async fn audit_page(&self, query: &AuditQuery) -> Result<Vec<AuditEvent>, StoreError> {
        let mut page = QueryBuilder::<DB>::new(statements::AUDIT_EVENTS);
        if let Some(subject) = query.subject {
            page.push(" AND subject_id = ").push_bind(subject.0);
        }
        if let Some(actor) = query.actor {
            page.push(" AND actor_id = ").push_bind(actor.0);
        }
        if let Some(action) = query.action {
            page.push(" AND action = ")
                .push_bind(action.as_str().to_owned());
        }
        if let Some(from) = query.from {
            let first = id_at(from.saturating_sub(ID_TOLERANCE));
            page.push(" AND at >= ").push_bind(to_micros(from));
            page.push(" AND id >= ").push_bind(first);
        }
        if let Some(to) = query.to {
            let end = id_at(to.saturating_add(ID_TOLERANCE));
            page.push(" AND at < ").push_bind(to_micros(to));
            page.push(" AND id < ").push_bind(end);
        }
        if let Some(before) = query.before {
            page.push(" AND id < ").push_bind(before.0);
        }
        page.push(" ORDER BY id DESC LIMIT ")
            .push_bind(i64::from(query.limit));
        let query = page.build().persistent(false);
        let rows = query.fetch_all(&self.readers).await?;
        Ok(rows
            .iter()
            .map(rows::audit_event::<DB>)
            .collect::<Result<_, _>>()?)
    }

    pub(super) async fn insert_audit_events<'e>(
        connection: &mut DB::Connection,
        events: impl IntoIterator<Item = &'e AuditEvent>,
        persistent: bool,
    ) -> Result<(), sqlx::Error> {
        let events: Vec<&AuditEvent> = events.into_iter().collect();
        if events.is_empty() {
            return Ok(());
        }
        let mut insert = QueryBuilder::<DB>::new(statements::INSERT_AUDIT_EVENTS);
        insert.push_values(events, |mut row, event| {
            row.push_bind(event.id.0)
                .push_bind(to_micros(event.at))
                .push_bind(event.action.as_str().to_owned())
                .push_bind(event.actor_id.map(|actor| actor.0))
                .push_bind(event.subject_id.map(|subject| subject.0))
                .push_bind(event.changes.join(","))
                .push_bind(event.address.map(|address| address.to_string()))
                .push_bind(event.request_id.clone())
                .push_bind(event.account.clone())
                .push_bind(event.bot_id)
                .push_bind(event.service_id.map(|service| service.0))
                .push_bind(event.service_name.clone())
                .push_bind(event.webhook_id.map(|webhook| webhook.0));
        });
        let insert = insert.build().persistent(persistent);
        insert.execute(connection).await?;
        Ok(())
    }

    /// Deletes rows that are older, in batches. Returns their number.
    pub(super) async fn purge(
        &self,
        statement: &'static str,
        before: OffsetDateTime,
    ) -> Result<u64, StoreError> {
        let (mut purged, mut from) = (0, i64::MIN);
        loop {
            let delete = async || {
                let query = sqlx::query_scalar(statement)
                    .bind(to_micros(before))
                    .bind(from)
                    .bind(i64::from(statements::ROWS_PER_PURGE))
                    .persistent(self.statement_cache);
                Ok(query.fetch_all(&self.writer).await?)
            };
            let times: Vec<i64> = retrying(delete).await?;
            let count = times.len() as u64;
            purged += count;
            match times.iter().max() {
                Some(&last) if count == u64::from(statements::ROWS_PER_PURGE) => from = last,
                _ => return Ok(purged),
            }
        }
    }
}

/// Greatest difference between the time of an event and that of its id, which is generated right
/// before: the clock may have been set in between.
const ID_TOLERANCE: Duration = Duration::hours(1);

/// Returns the first id of a time (RFC 9562, version 7). Pages are in the order of ids, so a range of
/// ids keeps the database from reading all events of other times.
fn id_at(time: OffsetDateTime) -> Uuid {
    let millis = u128::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
    Uuid::from_u128(millis.min((1 << 48) - 1) << 80)
}
