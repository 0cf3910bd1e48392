use async_trait::async_trait;
use time::OffsetDateTime;

use super::connections::STATEMENT_LIMIT;
use super::rows::to_micros;
use super::{Backend, SqlStore, WriteTransaction, statements};
use crate::store::{BootstrapClaim, BootstrapStore, NewUser, Store, StoreError, StoreErrorKind};

#[async_trait]
impl<DB: Backend> Store for SqlStore<DB> {
    async fn ping(&self) -> Result<(), StoreError> {
        self.traced("ping", async {
            let migrator = DB::migrator();
            let latest = migrator.iter().map(|migration| migration.version).max();
            let query = sqlx::query_scalar(statements::PING)
                .bind(latest.unwrap_or_default())
                .persistent(self.statement_cache);
            let applied: i64 = query.fetch_one(&self.readers).await?;
            // A newer version adds migrations, and this one continues to work.
            if applied < i64::try_from(migrator.iter().count()).unwrap_or(i64::MAX) {
                return Err(StoreError::new(StoreErrorKind::Schema));
            }
            self.full_disk.check()
        })
        .await
    }
}

#[async_trait]
impl<DB: Backend> BootstrapStore for SqlStore<DB> {
    async fn is_bootstrapped(&self) -> Result<bool, StoreError> {
        self.traced("is_bootstrapped", async {
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
        let claim = async |mut transaction: WriteTransaction<DB>| {
            let claimed = sqlx::query(statements::CLAIM_BOOTSTRAP)
                .bind(to_micros(at))
                .persistent(self.statement_cache)
                .fetch_optional(&mut *transaction)
                .await?;
            Ok(claimed.map(|_| Box::new(Claim { transaction }) as Box<dyn BootstrapClaim>))
        };
        self.traced("claim_bootstrap", self.write(STATEMENT_LIMIT, claim))
            .await
    }
}

/// An open transaction that has inserted the bootstrap row. Dropping it rolls back.
struct Claim<DB: Backend> {
    transaction: WriteTransaction<DB>,
}

#[async_trait]
impl<DB: Backend> BootstrapClaim for Claim<DB> {
    async fn complete(mut self: Box<Self>, new: &[NewUser]) -> Result<(), StoreError> {
        let guard = self.transaction.guard(STATEMENT_LIMIT);
        let completed = async {
            SqlStore::<DB>::insert_accounts(&mut self.transaction, new).await?;
            self.transaction.commit().await
        };
        Ok(guard.run(completed).await?)
    }
}
