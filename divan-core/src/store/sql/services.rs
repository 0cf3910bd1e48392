use async_trait::async_trait;
use time::OffsetDateTime;

use super::connections::STATEMENT_LIMIT;
use super::rows::{self, to_micros};
use super::{Backend, SqlStore, WriteTransaction, statements};
use crate::store::{MAX_SERVICES, ServiceStore, StoreError, StoredService};
use crate::types::{AuditEvent, ServiceId, ServiceSecretId};

#[async_trait]
impl<DB: Backend> ServiceStore for SqlStore<DB> {
    async fn service(&self, id: ServiceId) -> Result<Option<StoredService>, StoreError> {
        self.traced("service", async {
            let query = sqlx::query(statements::SERVICE)
                .bind(id.0)
                .persistent(self.statement_cache);
            let rows = query.fetch_all(&self.readers).await?;
            Ok(grouped::<DB>(&rows)?.pop())
        })
        .await
    }

    async fn services(&self) -> Result<Vec<StoredService>, StoreError> {
        self.traced("services", async {
            let query = sqlx::query(statements::SERVICES).persistent(self.statement_cache);
            let rows = query.fetch_all(&self.readers).await?;
            Ok(grouped::<DB>(&rows)?)
        })
        .await
    }

    async fn insert_service(
        &self,
        new: &StoredService,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        let insert = self.write(STATEMENT_LIMIT, |transaction| {
            self.try_to_insert_service(transaction, new, event)
        });
        self.traced("insert_service", insert).await
    }

    async fn update_service(
        &self,
        next: &StoredService,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        let update = self.write(STATEMENT_LIMIT, |transaction| {
            self.try_to_update_service(transaction, next, event)
        });
        self.traced("update_service", update).await
    }

    async fn delete_service(&self, id: ServiceId, event: &AuditEvent) -> Result<bool, StoreError> {
        let delete = self.write(STATEMENT_LIMIT, |transaction| {
            self.try_to_delete_service(transaction, id, event)
        });
        self.traced("delete_service", delete).await
    }

    async fn use_service(
        &self,
        id: ServiceId,
        secret: ServiceSecretId,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let update = self.write(STATEMENT_LIMIT, |transaction| {
            self.try_to_use_service(transaction, id, secret, at)
        });
        self.traced("use_service", update).await
    }
}

/// In these transactions, returning early drops the transaction, which rolls it back.
impl<DB: Backend> SqlStore<DB> {
    async fn try_to_insert_service(
        &self,
        mut transaction: WriteTransaction<DB>,
        new: &StoredService,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        let count = sqlx::query_scalar(statements::COUNT_SERVICES).persistent(self.statement_cache);
        let count: i64 = count.fetch_one(&mut *transaction).await?;
        if count >= i64::from(MAX_SERVICES) {
            return Ok(false);
        }
        let insert = sqlx::query(statements::INSERT_SERVICE)
            .bind(new.id.0)
            .bind(new.name.clone())
            .bind(scopes(new))
            .bind(allowed_addresses(new))
            .bind(to_micros(new.created_at))
            .bind(new.created_by.map(|user| user.0))
            .bind(new.expires_at.map(to_micros))
            .bind(new.version.cast_signed())
            .persistent(self.statement_cache);
        insert.execute(&mut *transaction).await?;
        self.keep_secrets(&mut transaction, new).await?;
        self.commit_with(transaction, event).await
    }

    async fn try_to_update_service(
        &self,
        mut transaction: WriteTransaction<DB>,
        next: &StoredService,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        let update = sqlx::query(statements::UPDATE_SERVICE)
            .bind(next.id.0)
            .bind(next.version.saturating_sub(1).cast_signed())
            .bind(next.name.clone())
            .bind(scopes(next))
            .bind(allowed_addresses(next))
            .bind(next.expires_at.map(to_micros))
            .persistent(self.statement_cache);
        if DB::rows_affected(&update.execute(&mut *transaction).await?) == 0 {
            return Ok(false);
        }
        self.keep_secrets(&mut transaction, next).await?;
        self.commit_with(transaction, event).await
    }

    async fn try_to_delete_service(
        &self,
        mut transaction: WriteTransaction<DB>,
        id: ServiceId,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        let delete = sqlx::query(statements::DELETE_SERVICE)
            .bind(id.0)
            .persistent(self.statement_cache);
        if DB::rows_affected(&delete.execute(&mut *transaction).await?) == 0 {
            return Ok(false);
        }
        self.commit_with(transaction, event).await
    }

    async fn try_to_use_service(
        &self,
        mut transaction: WriteTransaction<DB>,
        id: ServiceId,
        secret: ServiceSecretId,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        for (statement, id) in [
            (statements::USE_SERVICE, id.0),
            (statements::USE_SERVICE_SECRET, secret.0),
        ] {
            let update = sqlx::query(statement)
                .bind(id)
                .bind(to_micros(at))
                .persistent(self.statement_cache);
            update.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Inserts new secrets, stores the expiry of the others, and deletes those that the credential does not have.
    async fn keep_secrets(
        &self,
        connection: &mut DB::Connection,
        service: &StoredService,
    ) -> Result<(), sqlx::Error> {
        for secret in &service.secrets {
            let keep = sqlx::query(statements::KEEP_SERVICE_SECRET)
                .bind(secret.id.0)
                .bind(service.id.0)
                .bind(secret.digest.to_vec())
                .bind(secret.hint.clone())
                .bind(to_micros(secret.created_at))
                .bind(secret.expires_at.map(to_micros))
                .persistent(self.statement_cache);
            keep.execute(&mut *connection).await?;
        }
        let (first, last) = (service.secrets.first(), service.secrets.last());
        let delete = sqlx::query(statements::DELETE_SERVICE_SECRETS)
            .bind(service.id.0)
            .bind(first.map(|secret| secret.id.0))
            .bind(last.map(|secret| secret.id.0))
            .persistent(self.statement_cache);
        delete.execute(connection).await?;
        Ok(())
    }

    /// Commits a transaction with an audit event.
    pub(super) async fn commit_with(
        &self,
        mut transaction: WriteTransaction<DB>,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        Self::insert_audit_events(&mut transaction, [event], self.statement_cache).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

fn scopes(service: &StoredService) -> String {
    let scopes: Vec<&str> = service.scopes.iter().map(|scope| scope.as_str()).collect();
    scopes.join(" ")
}

fn allowed_addresses(service: &StoredService) -> String {
    let ranges = service.allowed_addresses.iter().map(ToString::to_string);
    ranges.collect::<Vec<_>>().join(" ")
}

/// Decodes rows, and combines those of the same credential.
fn grouped<DB: Backend>(rows: &[DB::Row]) -> Result<Vec<StoredService>, sqlx::Error> {
    let mut services: Vec<StoredService> = Vec::new();
    for row in rows {
        let mut service = rows::service::<DB>(row)?;
        match services.last_mut() {
            Some(last) if last.id == service.id => last.secrets.append(&mut service.secrets),
            _ => services.push(service),
        }
    }
    Ok(services)
}
