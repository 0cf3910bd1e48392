use async_trait::async_trait;

use super::connections::STATEMENT_LIMIT;
use super::retry::retrying;
use super::rows::{self, to_micros};
use super::{Backend, SqlStore, statements};
use crate::store::{
    ConsumerLease, MAX_WEBHOOKS, StoreError, StoredWebhook, StoredWebhookError, WebhookChange,
    WebhookState, WebhookStore, consumer_name,
};
use crate::types::{AuditEvent, WebhookId};

#[async_trait]
impl<DB: Backend> WebhookStore for SqlStore<DB> {
    async fn webhooks(&self) -> Result<Vec<StoredWebhook>, StoreError> {
        self.traced("webhooks", async {
            let query = sqlx::query(statements::WEBHOOKS).persistent(self.statement_cache);
            let rows = query.fetch_all(&self.readers).await?;
            Ok(rows
                .iter()
                .map(rows::webhook::<DB>)
                .collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn insert_webhook(
        &self,
        webhook: &StoredWebhook,
        position: i64,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        let insert = self.write(STATEMENT_LIMIT, async |mut transaction| {
            if !self.has_room_for_webhook(&mut transaction).await? {
                return Ok(false);
            }
            self.insert_webhook_row(&mut transaction, webhook).await?;
            let add = sqlx::query(statements::ADD_CONSUMER)
                .bind(consumer_name(webhook.id))
                .bind(position)
                .persistent(self.statement_cache);
            add.execute(&mut *transaction).await?;
            self.commit_with(transaction, event).await
        });
        self.traced("insert_webhook", insert).await
    }

    async fn change_webhook(
        &self,
        id: WebhookId,
        change: &WebhookChange,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        let change = self.write(STATEMENT_LIMIT, async |mut transaction| {
            let is_changed = self.change_row(&mut transaction, id, change).await?
                && self
                    .change_consumer_of(&mut transaction, id, change)
                    .await?;
            if !is_changed {
                return Ok(false);
            }
            self.commit_with(transaction, event).await
        });
        self.traced("change_webhook", change).await
    }

    async fn delete_webhook(&self, id: WebhookId, event: &AuditEvent) -> Result<bool, StoreError> {
        let delete = self.write(STATEMENT_LIMIT, async |mut transaction| {
            let delete = sqlx::query(statements::DELETE_WEBHOOK)
                .bind(id.0)
                .persistent(self.statement_cache);
            let deleted = delete.execute(&mut *transaction).await?;
            if DB::rows_affected(&deleted) == 0 {
                return Ok(false);
            }
            let delete = sqlx::query(statements::DELETE_CONSUMER)
                .bind(consumer_name(id))
                .persistent(self.statement_cache);
            delete.execute(&mut *transaction).await?;
            self.commit_with(transaction, event).await
        });
        self.traced("delete_webhook", delete).await
    }

    async fn set_webhook_error(
        &self,
        id: WebhookId,
        error: &StoredWebhookError,
    ) -> Result<(), StoreError> {
        let set = async || {
            let query = sqlx::query(statements::SET_WEBHOOK_ERROR)
                .bind(id.0)
                .bind(to_micros(error.at))
                .bind(error.reason.clone())
                .bind(error.status.map(i64::from))
                .persistent(self.statement_cache);
            Ok(query.execute(&self.writer).await?)
        };
        self.traced("set_webhook_error", async { retrying(set).await.map(drop) })
            .await
    }

    async fn reseal_webhook(
        &self,
        id: WebhookId,
        old: &[u8],
        new: &[u8],
    ) -> Result<(), StoreError> {
        let reseal = async || {
            let query = sqlx::query(statements::RESEAL_WEBHOOK)
                .bind(id.0)
                .bind(old.to_vec())
                .bind(new.to_vec())
                .persistent(self.statement_cache);
            Ok(query.execute(&self.writer).await?)
        };
        self.traced("reseal_webhook", async { retrying(reseal).await.map(drop) })
            .await
    }
}

impl<DB: Backend> SqlStore<DB> {
    /// Counts the webhooks. The row of the log is locked until the transaction ends, so that other
    /// transactions do not insert one in between.
    async fn has_room_for_webhook(
        &self,
        connection: &mut DB::Connection,
    ) -> Result<bool, sqlx::Error> {
        let lock = sqlx::query(statements::LOCK_LOG).persistent(self.statement_cache);
        lock.execute(&mut *connection).await?;
        let count = sqlx::query_scalar(statements::COUNT_WEBHOOKS).persistent(self.statement_cache);
        let count: i64 = count.fetch_one(connection).await?;
        Ok(count < i64::from(MAX_WEBHOOKS))
    }

    async fn insert_webhook_row(
        &self,
        connection: &mut DB::Connection,
        webhook: &StoredWebhook,
    ) -> Result<(), sqlx::Error> {
        let insert = sqlx::query(statements::INSERT_WEBHOOK)
            .bind(webhook.id.0)
            .bind(webhook.url.clone())
            .bind(webhook.description.clone())
            .bind(webhook.types.join(","))
            .bind(webhook.secret.clone())
            .bind(to_micros(webhook.created_at))
            .bind(webhook.created_by.map(|user| user.0))
            .persistent(self.statement_cache);
        insert.execute(connection).await?;
        Ok(())
    }

    async fn change_row(
        &self,
        connection: &mut DB::Connection,
        id: WebhookId,
        change: &WebhookChange,
    ) -> Result<bool, sqlx::Error> {
        let secret = change.secret.as_ref();
        let reason = change.state.map(|state| match state {
            WebhookState::Enabled => String::new(),
            WebhookState::Disabled { reason, .. } => reason.as_str().to_owned(),
        });
        let update = sqlx::query(statements::CHANGE_WEBHOOK)
            .bind(id.0)
            .bind(change.url.clone())
            .bind(change.description.clone())
            .bind(change.types.as_ref().map(|types| types.join(",")))
            .bind(secret.map(|(secret, _)| secret.clone()))
            .bind(secret.map(|(_, until)| to_micros(*until)))
            .bind(reason)
            .persistent(self.statement_cache);
        let updated = update.execute(connection).await?;
        Ok(DB::rows_affected(&updated) == 1)
    }

    /// Changes the consumer. Returns `false` if the lease was lost.
    async fn change_consumer_of(
        &self,
        connection: &mut DB::Connection,
        id: WebhookId,
        change: &WebhookChange,
    ) -> Result<bool, sqlx::Error> {
        let name = consumer_name(id);
        if let Some(lease) = &change.lease
            && !self.end_lease(&mut *connection, lease).await?
        {
            return Ok(false);
        }
        if let Some(position) = change.position {
            let update = sqlx::query(statements::MOVE_CONSUMER)
                .bind(name.clone())
                .bind(position)
                .persistent(self.statement_cache);
            update.execute(&mut *connection).await?;
        }
        let update = match change.state {
            None => return Ok(true),
            Some(WebhookState::Enabled) => sqlx::query(statements::ENABLE_CONSUMER).bind(name),
            Some(WebhookState::Disabled { at, .. }) => sqlx::query(statements::DISABLE_CONSUMER)
                .bind(name)
                .bind(to_micros(at)),
        };
        let update = update.persistent(self.statement_cache);
        update.execute(connection).await?;
        Ok(true)
    }

    async fn end_lease(
        &self,
        connection: &mut DB::Connection,
        lease: &ConsumerLease,
    ) -> Result<bool, sqlx::Error> {
        let release = sqlx::query(statements::CONSUMER_RELEASED)
            .bind(lease.name.clone())
            .bind(lease.owner)
            .bind(lease.claims)
            .persistent(self.statement_cache);
        let released = release.execute(connection).await?;
        Ok(DB::rows_affected(&released) == 1)
    }
}
