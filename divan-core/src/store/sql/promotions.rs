use async_trait::async_trait;
use time::OffsetDateTime;

use super::rows::{self, to_micros};
use super::{Backend, SqlStore, statements};
use crate::store::{MAX_PROMOTIONS, PromotionStore, StoreError, StoredPromotion};
use crate::types::{PromotionId, UserId};

#[async_trait]
impl<DB: Backend> PromotionStore for SqlStore<DB> {
    async fn promotion(&self, id: PromotionId) -> Result<Option<StoredPromotion>, StoreError> {
        self.traced("promotion", async {
            let query = sqlx::query(statements::PROMOTION)
                .bind(id.0)
                .persistent(self.statement_cache);
            let row = query.fetch_optional(&self.readers).await?;
            Ok(row.as_ref().map(rows::promotion::<DB>).transpose()?)
        })
        .await
    }

    async fn promotions(&self, now: OffsetDateTime) -> Result<Vec<StoredPromotion>, StoreError> {
        self.traced("promotions", async {
            let query = sqlx::query(statements::PROMOTIONS)
                .bind(to_micros(now))
                .bind(i64::from(MAX_PROMOTIONS))
                .persistent(self.statement_cache);
            let rows = query.fetch_all(&self.readers).await?;
            Ok(rows
                .iter()
                .map(rows::promotion::<DB>)
                .collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn purge_promotions(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        let purge = self.purge(statements::PURGE_PROMOTIONS, before);
        self.traced("purge_promotions", purge).await
    }
}

impl<DB: Backend> SqlStore<DB> {
    /// Returns `true` if this promotion of the user exists. All code that ends promotions locks the
    /// account first, so the result stays valid until the transaction ends.
    pub(super) async fn has_promotion(
        &self,
        connection: &mut DB::Connection,
        id: PromotionId,
        user: UserId,
    ) -> Result<bool, sqlx::Error> {
        let query = sqlx::query_scalar(statements::PROMOTIONS_OF_USER)
            .bind(id.0)
            .bind(user.0)
            .persistent(self.statement_cache);
        let found: i64 = query.fetch_one(connection).await?;
        Ok(found > 0)
    }

    pub(super) async fn delete_promotion(
        &self,
        connection: &mut DB::Connection,
        user: UserId,
    ) -> Result<(), sqlx::Error> {
        let delete = sqlx::query(statements::DELETE_PROMOTION)
            .bind(user.0)
            .persistent(self.statement_cache);
        delete.execute(connection).await?;
        Ok(())
    }

    /// Inserts a promotion. It replaces an earlier one of the user.
    pub(super) async fn insert_promotion(
        &self,
        connection: &mut DB::Connection,
        promotion: &StoredPromotion,
    ) -> Result<(), sqlx::Error> {
        self.delete_promotion(connection, promotion.user).await?;
        let email = promotion.email.as_ref();
        let insert = sqlx::query(statements::INSERT_PROMOTION)
            .bind(promotion.id.0)
            .bind(promotion.user.0)
            .bind(email.map(|email| email.as_str().to_owned()))
            .bind(promotion.requested_by.0)
            .bind(promotion.password_version.cast_signed())
            .bind(to_micros(promotion.requested_at))
            .bind(to_micros(promotion.expires_at))
            .persistent(self.statement_cache);
        insert.execute(connection).await?;
        Ok(())
    }
}
