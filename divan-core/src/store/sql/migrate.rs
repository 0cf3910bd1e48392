use std::time::{Duration, Instant};

use sqlx::Row;
use sqlx::migrate::{Migration, Migrator};

use super::{Backend, SqlStore, error, statements};
use crate::store::schema::MIGRATION_DEADLINE;
use crate::store::{MigrateError, SchemaStatus, StoreError, StoreErrorKind};

impl<DB: Backend> SqlStore<DB> {
    /// Compares the schema of the database with the one of this program.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn schema_status(&self) -> Result<SchemaStatus, StoreError> {
        let mut connection = self.writer.acquire().await?;
        let status = Self::schema_of(&mut connection).await?;
        connection.finish().await?;
        Ok(status)
    }

    /// Creates or updates the schema in one transaction. Takes no lock when the schema is current;
    /// otherwise waits up to a minute for another program that is migrating.
    ///
    /// # Errors
    /// [`MigrateError`]; nothing has changed then.
    pub async fn migrate(&self) -> Result<(), MigrateError> {
        if self.schema_status().await? == SchemaStatus::Current {
            return Ok(());
        }
        let started = Instant::now();
        let mut transaction = loop {
            if let Some(transaction) = DB::try_begin_migration(self).await? {
                break transaction;
            }
            if started.elapsed() > MIGRATION_DEADLINE {
                return Err(MigrateError::Busy);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        // Another program may have migrated in the meantime.
        match Self::schema_of(&mut transaction).await? {
            SchemaStatus::Current => return Ok(()),
            SchemaStatus::Empty | SchemaStatus::Behind { .. } => {}
            unusable => return Err(MigrateError::Schema(unusable)),
        }
        in_one_transaction(&DB::migrator())
            .run_direct(None, &mut *transaction, false)
            .await
            .map_err(error::migration_error)?;
        transaction.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    async fn schema_of(connection: &mut DB::Connection) -> Result<SchemaStatus, StoreError> {
        let tables: i64 = sqlx::query_scalar(DB::HAS_MIGRATIONS)
            .persistent(false)
            .fetch_one(&mut *connection)
            .await?;
        let mut applied = Vec::new();
        if tables > 0 {
            let query = sqlx::query(statements::APPLIED_MIGRATIONS).persistent(false);
            let rows = match query.fetch_all(connection).await.map_err(StoreError::from) {
                Err(error) if error.kind() == StoreErrorKind::Schema => {
                    return Ok(SchemaStatus::Foreign);
                }
                rows => rows?,
            };
            for row in rows {
                match (row.try_get("version"), row.try_get("checksum")) {
                    (Ok(version), Ok(checksum)) => applied.push((version, checksum)),
                    _ => return Ok(SchemaStatus::Foreign),
                }
            }
        }
        Ok(compare(&DB::migrator(), &applied))
    }
}

/// Returns the migrations for a connection that is in a transaction. Otherwise `sqlx` commits after each
/// migration, which also ends the lock.
fn in_one_transaction(migrator: &Migrator) -> Migrator {
    let migrations = migrator.iter().cloned().map(|migration| Migration {
        no_tx: true,
        ..migration
    });
    let mut within = Migrator::with_migrations(migrations.collect());
    within.set_locking(false);
    within.dangerous_set_table_name(divan_migrations::TABLE);
    within
}

/// Version and checksum of a migration that a database has applied.
type Applied = (i64, Vec<u8>);

fn compare(migrator: &Migrator, applied: &[Applied]) -> SchemaStatus {
    let known = |version: i64| {
        migrator
            .iter()
            .find(|migration| migration.version == version)
    };
    for &(version, ref checksum) in applied {
        match known(version) {
            None => return SchemaStatus::Newer { version },
            Some(migration) if *migration.checksum != **checksum => {
                return SchemaStatus::Altered { version };
            }
            Some(_) => {}
        }
    }
    match migrator.iter().count() - applied.len() {
        0 => SchemaStatus::Current,
        _ if applied.is_empty() => SchemaStatus::Empty,
        missing => SchemaStatus::Behind { missing },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Applied> {
        divan_migrations::sqlite()
            .iter()
            .map(|m| (m.version, m.checksum.to_vec()))
            .collect()
    }

    #[test]
    fn schema_status_compares_versions_and_checksums() {
        let migrator = divan_migrations::sqlite();
        assert_eq!(compare(&migrator, &all()), SchemaStatus::Current);
        assert_eq!(compare(&migrator, &[]), SchemaStatus::Empty);
        let missing = all().len() - 1;
        assert_eq!(
            compare(&migrator, &all()[..1]),
            SchemaStatus::Behind { missing }
        );

        let newer = [all(), vec![(9999, vec![1])]].concat();
        let version = 9999;
        assert_eq!(compare(&migrator, &newer), SchemaStatus::Newer { version });
        let mut altered = all();
        altered[0].1[0] ^= 1;
        let version = 1;
        assert_eq!(
            compare(&migrator, &altered),
            SchemaStatus::Altered { version }
        );
    }
}
