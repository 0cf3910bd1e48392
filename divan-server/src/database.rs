use std::sync::Arc;

use divan_core::infra::DatabaseUrl;
#[cfg(feature = "postgres")]
use divan_core::store::PostgresStore;
#[cfg(feature = "sqlite")]
use divan_core::store::SqliteStore;
use divan_core::store::{MigrateError, PoolState, SchemaStatus, Store, StoreError};

use crate::config::Config;

/// The database that the configuration names.
#[derive(Clone, Debug)]
pub(crate) enum Database {
    #[cfg(feature = "sqlite")]
    Sqlite(SqliteStore),
    #[cfg(feature = "postgres")]
    Postgres(PostgresStore),
}

/// Error of opening or migrating the database. Names the database, never its password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// The database cannot be opened or does not respond.
    #[error("cannot open the database {name}")]
    Open {
        /// The file, or the user, host and database name.
        name: String,
        /// The error of the database.
        source: StoreError,
    },
    /// The migration failed.
    #[error("cannot migrate the database {name}")]
    Migrate {
        /// The file, or the user, host and database name.
        name: String,
        /// The error of the migration.
        source: MigrateError,
    },
    /// The schema is not current and `--no-migrate` was given.
    #[error("the database {name} cannot be used: {schema}")]
    SchemaStatus {
        /// The file, or the user, host and database name.
        name: String,
        /// Status of the schema.
        schema: SchemaStatus,
    },
}

impl Database {
    /// Opens the database without migrating it.
    pub(crate) async fn connect(config: &Config) -> Result<Self, DatabaseError> {
        let opened = match &config.database {
            #[cfg(feature = "sqlite")]
            DatabaseUrl::Sqlite(path) => SqliteStore::connect(path).await.map(Self::Sqlite),
            #[cfg(feature = "postgres")]
            DatabaseUrl::Postgres(url) => PostgresStore::connect(url, config.postgres_pool)
                .await
                .map(Self::Postgres),
            _ => Err(StoreError::new(divan_core::store::StoreErrorKind::Internal)),
        };
        opened.map_err(|source| DatabaseError::Open {
            name: config.database.to_string(),
            source,
        })
    }

    pub(crate) async fn schema_status(
        &self,
        config: &Config,
    ) -> Result<SchemaStatus, DatabaseError> {
        let schema = match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(store) => store.schema_status().await,
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.schema_status().await,
        };
        schema.map_err(|source| DatabaseError::Open {
            name: config.database.to_string(),
            source,
        })
    }

    pub(crate) async fn migrate(&self, config: &Config) -> Result<(), DatabaseError> {
        let migrated = match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(store) => store.migrate().await,
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.migrate().await,
        };
        migrated.map_err(|source| DatabaseError::Migrate {
            name: config.database.to_string(),
            source,
        })
    }

    /// Fails unless the schema is current.
    pub(crate) async fn require_current(&self, config: &Config) -> Result<(), DatabaseError> {
        match self.schema_status(config).await? {
            SchemaStatus::Current => Ok(()),
            schema => Err(DatabaseError::SchemaStatus {
                name: config.database.to_string(),
                schema,
            }),
        }
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(store) => Arc::new(store.clone()),
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => Arc::new(store.clone()),
        }
    }

    /// Current time of the database server; `None` for SQLite, which uses the clock of this machine.
    #[cfg(feature = "cli")]
    pub(crate) async fn time(&self) -> Result<Option<std::time::SystemTime>, StoreError> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => Ok(None),
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => Ok(Some(store.time().await?.into())),
        }
    }

    /// State of the connection pools.
    pub(crate) fn connections(&self) -> PoolState {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(store) => store.connections(),
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.connections(),
        }
    }

    /// Waits for running queries and closes the pools.
    pub(crate) async fn close(&self) {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(store) => store.close().await,
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.close().await,
        }
    }
}
