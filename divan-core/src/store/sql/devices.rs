use async_trait::async_trait;
use time::OffsetDateTime;

use super::rows::{self, to_micros};
use super::{Backend, SqlStore, statements};
use crate::store::{DeviceStore, MAX_DEVICES, StoreError, StoredDevice};
use crate::types::{DeviceId, UserId};

#[async_trait]
impl<DB: Backend> DeviceStore for SqlStore<DB> {
    async fn device(&self, id: DeviceId) -> Result<Option<StoredDevice>, StoreError> {
        self.traced("device", async {
            let query = sqlx::query(statements::DEVICE)
                .bind(id.0)
                .persistent(self.statement_cache);
            let row = query.fetch_optional(&self.readers).await?;
            Ok(row.as_ref().map(rows::device::<DB>).transpose()?)
        })
        .await
    }

    async fn devices_of(&self, user: UserId) -> Result<Vec<StoredDevice>, StoreError> {
        self.traced("devices_of", async {
            let query = sqlx::query(statements::DEVICES_OF_USER)
                .bind(user.0)
                .persistent(self.statement_cache);
            let rows = query.fetch_all(&self.readers).await?;
            Ok(rows
                .iter()
                .map(rows::device::<DB>)
                .collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn purge_devices(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        let purge = self.purge(statements::PURGE_DEVICES, before);
        self.traced("purge_devices", purge).await
    }
}

impl<DB: Backend> SqlStore<DB> {
    pub(super) async fn keep_device(
        &self,
        connection: &mut DB::Connection,
        device: &StoredDevice,
    ) -> Result<(), sqlx::Error> {
        let upsert = sqlx::query(statements::KEEP_DEVICE)
            .bind(device.id.0)
            .bind(device.user.0)
            .bind(device.password_version.cast_signed())
            .bind(to_micros(device.created_at))
            .bind(to_micros(device.last_used_at))
            .bind(device.device.clone())
            .persistent(self.statement_cache);
        upsert.execute(&mut *connection).await?;
        let delete = sqlx::query(statements::DELETE_OLDEST_DEVICES)
            .bind(device.user.0)
            .bind(i64::from(MAX_DEVICES))
            .persistent(self.statement_cache);
        delete.execute(connection).await?;
        Ok(())
    }

    pub(super) async fn delete_device(
        &self,
        connection: &mut DB::Connection,
        id: DeviceId,
        user: UserId,
    ) -> Result<(), sqlx::Error> {
        let delete = sqlx::query(statements::DELETE_DEVICE)
            .bind(id.0)
            .bind(user.0)
            .persistent(self.statement_cache);
        delete.execute(connection).await?;
        Ok(())
    }
}
