use async_trait::async_trait;
use sqlx::Transaction;
use time::OffsetDateTime;

use super::rows::to_micros;
use super::{Backend, SqlStore, statements, traced};
use crate::store::{BootstrapClaim, BootstrapStore, NewUser, Store, StoreError};

#[async_trait]
impl<DB: Backend> Store for SqlStore<DB> {
    async fn ping(&self) -> Result<(), StoreError> {
        traced("ping", async {
            let query = sqlx::query(statements::PING).persistent(self.statement_cache);
            query.execute(&self.readers).await?;
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl<DB: Backend> BootstrapStore for SqlStore<DB> {
    async fn is_bootstrapped(&self) -> Result<bool, StoreError> {
        traced("is_bootstrapped", async {
            let count =
                sqlx::query_scalar(statements::IS_BOOTSTRAPPED).persistent(self.statement_cache);
            let rows: i64 = count.fetch_one(&self.readers).await?;
            Ok(rows > 0)
        })
        .await
    }

    async fn claim_bootstrap(
        &self,
        at: OffsetDateTime,
    ) -> Result<Option<Box<dyn BootstrapClaim>>, StoreError> {
        if self.is_bootstrapped().await? {
            return Ok(None);
        }
        traced("claim_bootstrap", async {
            let mut transaction = DB::begin_write(&self.writer).await?;
            let claimed = sqlx::query(statements::CLAIM_BOOTSTRAP)
                .bind(to_micros(at))
                .persistent(self.statement_cache)
                .fetch_optional(&mut *transaction)
                .await?;
            Ok(claimed.map(|_| Box::new(Claim { transaction }) as Box<dyn BootstrapClaim>))
        })
        .await
    }
}

/// An open transaction that has inserted the bootstrap row. Dropping it rolls back.
struct Claim<DB: Backend> {
    transaction: Transaction<'static, DB>,
}

#[async_trait]
impl<DB: Backend> BootstrapClaim for Claim<DB> {
    async fn complete(mut self: Box<Self>, new: &[NewUser]) -> Result<(), StoreError> {
        SqlStore::<DB>::insert_accounts(&mut self.transaction, new).await?;
        self.transaction.commit().await?;
        Ok(())
    }
}
