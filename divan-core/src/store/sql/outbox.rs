use async_trait::async_trait;
use sqlx::{QueryBuilder, Row};
use time::OffsetDateTime;

use super::connections::STATEMENT_LIMIT;
use super::retry::retrying;
use super::rows::{self, to_micros};
use super::{Backend, SqlStore, WriteTransaction, statements};
use crate::store::outbox::WAITING;
use crate::store::{
    ClaimMessages, MessageChannel, MessageLease, MessageOutcome, NewMessage, OutboxStore,
    StoreError, StoredMessage, WaitingMessages,
};
use crate::types::UserId;

#[async_trait]
impl<DB: Backend> OutboxStore for SqlStore<DB> {
    async fn claim_messages(
        &self,
        claim: &ClaimMessages,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        let claims = async |mut transaction: WriteTransaction<DB>| {
            // Otherwise servers that claim at the same moment do not count each other's claims.
            if let Some(lock) = DB::TRY_LOCK_CLAIMS {
                let lock = sqlx::query_scalar(lock).persistent(self.statement_cache);
                if !lock.fetch_one(&mut *transaction).await? {
                    return Ok(Vec::new());
                }
            }
            let query = sqlx::query(DB::CLAIM_MESSAGES)
                .bind(claim.channel.as_str().to_owned())
                .bind(to_micros(claim.now))
                .bind(to_micros(claim.since()))
                .bind(i64::from(claim.limit))
                .bind(i64::from(claim.per_second))
                .bind(claim.owner)
                .bind(to_micros(claim.until))
                .persistent(self.statement_cache);
            let claimed = query.fetch_all(&mut *transaction).await?;
            transaction.commit().await?;
            Ok(claimed)
        };
        let write = self.write(STATEMENT_LIMIT, claims);
        let claimed = self.traced("claim_messages", write).await?;
        let mut messages = claimed
            .iter()
            .map(rows::message::<DB>)
            .collect::<Result<Vec<_>, _>>()?;
        messages.sort_by_key(|message| message.lease.message);
        Ok(messages)
    }

    async fn settle_message(
        &self,
        lease: MessageLease,
        outcome: MessageOutcome,
    ) -> Result<bool, StoreError> {
        let (state, next, finished) = match outcome {
            MessageOutcome::Retry { at } => (WAITING, Some(at), None),
            MessageOutcome::Finished { state, at } => (state.as_str(), None, Some(at)),
        };
        let update = async || {
            let query = sqlx::query(statements::SETTLE_MESSAGE)
                .bind(lease.message)
                .bind(lease.owner)
                .bind(i64::from(lease.attempts))
                .bind(state.to_owned())
                .bind(next.map(to_micros))
                .bind(finished.map(to_micros))
                .persistent(self.statement_cache);
            Ok(query.execute(&self.writer).await?)
        };
        let settled = self.traced("settle_message", retrying(update)).await?;
        Ok(DB::rows_affected(&settled) == 1)
    }

    async fn waiting_messages(
        &self,
        channel: MessageChannel,
    ) -> Result<WaitingMessages, StoreError> {
        self.traced("waiting_messages", async {
            let query = sqlx::query(statements::WAITING_MESSAGES)
                .bind(channel.as_str().to_owned())
                .persistent(self.statement_cache);
            let row = query.fetch_one(&self.readers).await?;
            let count: i64 = row.try_get("waiting")?;
            let oldest: Option<i64> = row.try_get("oldest")?;
            Ok(WaitingMessages::new(
                count.cast_unsigned(),
                oldest.map(rows::from_micros),
            ))
        })
        .await
    }

    async fn purge_messages(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        let purge = self.purge(statements::PURGE_MESSAGES, before);
        self.traced("purge_messages", purge).await
    }
}

impl<DB: Backend> SqlStore<DB> {
    /// Inserts messages inside the transaction that locked the account, so that ids are in the order of
    /// the user's changes.
    pub(super) async fn insert_messages(
        connection: &mut DB::Connection,
        messages: impl IntoIterator<Item = NewMessage>,
        persistent: bool,
    ) -> Result<(), sqlx::Error> {
        let messages: Vec<_> = messages.into_iter().collect();
        for messages in messages.chunks(statements::ROWS_PER_INSERT) {
            let mut insert = QueryBuilder::<DB>::new(statements::INSERT_MESSAGES);
            insert.push_values(messages, |mut row, message| {
                row.push_bind(message.channel.as_str().to_owned())
                    .push_bind(message.user.0)
                    .push_bind(message.kind.clone())
                    .push_bind(message.parameters.clone())
                    .push_bind(to_micros(message.created_at))
                    .push_bind(to_micros(message.created_at))
                    .push_bind(WAITING.to_owned())
                    .push_bind(0_i64);
            });
            let insert = insert.build().persistent(persistent && messages.len() == 1);
            insert.execute(&mut *connection).await?;
        }
        Ok(())
    }

    /// Deletes the messages to the Telegram account of a user.
    pub(super) async fn delete_messages(
        &self,
        connection: &mut DB::Connection,
        user: UserId,
    ) -> Result<(), sqlx::Error> {
        let delete = sqlx::query(statements::DELETE_MESSAGES)
            .bind(user.0)
            .bind(MessageChannel::Telegram.as_str().to_owned())
            .persistent(self.statement_cache);
        delete.execute(connection).await?;
        Ok(())
    }
}
