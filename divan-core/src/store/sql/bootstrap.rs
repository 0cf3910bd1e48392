use async_trait::async_trait;
use sqlx::{ColumnIndex, Executor, Transaction};
use time::OffsetDateTime;
use uuid::Uuid;

use super::rows::to_micros;
use super::{Backend, SqlStore, Value, statements, traced};
use crate::store::{BootstrapClaim, BootstrapStore, NewUser, Store, StoreError};

#[async_trait]
impl<DB> Store for SqlStore<DB>
where
    DB: Backend,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    usize: ColumnIndex<DB::Row>,
    &'static str: ColumnIndex<DB::Row>,
    Uuid: Value<DB>,
    String: Value<DB>,
    Vec<u8>: Value<DB>,
    bool: Value<DB>,
    i64: Value<DB>,
    Option<Uuid>: Value<DB>,
    Option<String>: Value<DB>,
    Option<i64>: Value<DB>,
{
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
impl<DB> BootstrapStore for SqlStore<DB>
where
    DB: Backend,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    usize: ColumnIndex<DB::Row>,
    &'static str: ColumnIndex<DB::Row>,
    Uuid: Value<DB>,
    String: Value<DB>,
    Vec<u8>: Value<DB>,
    bool: Value<DB>,
    i64: Value<DB>,
    Option<Uuid>: Value<DB>,
    Option<String>: Value<DB>,
    Option<i64>: Value<DB>,
{
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
impl<DB> BootstrapClaim for Claim<DB>
where
    DB: Backend,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    usize: ColumnIndex<DB::Row>,
    &'static str: ColumnIndex<DB::Row>,
    Uuid: Value<DB>,
    String: Value<DB>,
    Vec<u8>: Value<DB>,
    bool: Value<DB>,
    i64: Value<DB>,
    Option<Uuid>: Value<DB>,
    Option<String>: Value<DB>,
    Option<i64>: Value<DB>,
{
    async fn complete(mut self: Box<Self>, new: &[NewUser]) -> Result<(), StoreError> {
        SqlStore::<DB>::insert_accounts(&mut self.transaction, new).await?;
        self.transaction.commit().await?;
        Ok(())
    }
}
