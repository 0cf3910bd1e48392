use async_trait::async_trait;
use time::OffsetDateTime;

use super::retry::retrying;
use super::rows::{self, to_micros};
use super::{Backend, SqlStore, statements};
use crate::store::{ChallengeStore, MAX_CHALLENGE_ATTEMPTS, StoreError, StoredChallenge};
use crate::types::UserId;

#[async_trait]
impl<DB: Backend> ChallengeStore for SqlStore<DB> {
    async fn challenge(&self, id: &[u8; 32]) -> Result<Option<StoredChallenge>, StoreError> {
        self.traced("challenge", async {
            let query = sqlx::query(statements::CHALLENGE)
                .bind(id.to_vec())
                .persistent(self.statement_cache);
            let row = query.fetch_optional(&self.readers).await?;
            Ok(row.as_ref().map(rows::challenge::<DB>).transpose()?)
        })
        .await
    }

    async fn count_challenge_attempt(
        &self,
        id: &[u8; 32],
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let update = async || {
            let query = sqlx::query(statements::COUNT_CHALLENGE_ATTEMPT)
                .bind(id.to_vec())
                .bind(to_micros(now))
                .bind(i64::from(MAX_CHALLENGE_ATTEMPTS))
                .persistent(self.statement_cache);
            Ok(query.execute(&self.writer).await?)
        };
        let counted = self.traced("count_challenge_attempt", retrying(update));
        Ok(DB::rows_affected(&counted.await?) == 1)
    }

    async fn purge_challenges(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        let purge = self.purge(statements::PURGE_CHALLENGES, before);
        self.traced("purge_challenges", purge).await
    }
}

impl<DB: Backend> SqlStore<DB> {
    /// Returns `true` if this challenge of the user exists. All code that completes challenges locks
    /// the account first, so the result stays valid until the transaction ends.
    pub(super) async fn has_challenge(
        &self,
        connection: &mut DB::Connection,
        id: &[u8; 32],
        user: UserId,
    ) -> Result<bool, sqlx::Error> {
        let query = sqlx::query_scalar(statements::CHALLENGES_OF_USER)
            .bind(id.to_vec())
            .bind(user.0)
            .persistent(self.statement_cache);
        let found: i64 = query.fetch_one(connection).await?;
        Ok(found > 0)
    }

    pub(super) async fn delete_challenge(
        &self,
        connection: &mut DB::Connection,
        id: &[u8; 32],
    ) -> Result<(), sqlx::Error> {
        let delete = sqlx::query(statements::DELETE_CHALLENGE)
            .bind(id.to_vec())
            .persistent(self.statement_cache);
        delete.execute(connection).await?;
        Ok(())
    }

    pub(super) async fn insert_challenge(
        &self,
        connection: &mut DB::Connection,
        challenge: &StoredChallenge,
    ) -> Result<(), sqlx::Error> {
        let insert = sqlx::query(statements::INSERT_CHALLENGE)
            .bind(challenge.id.to_vec())
            .bind(challenge.user.0)
            .bind(challenge.password_version.cast_signed())
            .bind(to_micros(challenge.expires_at))
            .bind(i64::from(challenge.attempts))
            .bind(challenge.device.map(|device| device.0))
            .bind(challenge.address.map(|address| address.to_string()))
            .persistent(self.statement_cache);
        insert.execute(connection).await?;
        Ok(())
    }
}
