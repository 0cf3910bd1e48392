use std::sync::Arc;

use divan_core::infra::DatabaseUrl;
#[cfg(feature = "postgres")]
use divan_core::store::PostgresStore;
#[cfg(feature = "sqlite")]
use divan_core::store::SqliteStore;
use divan_core::store::{MigrateError, PoolState, Schema, Store, StoreError};

use crate::config::Config;
use crate::traced_store::TracedStore;

/// The database that the configuration names.
#[derive(Clone, Debug)]
pub(crate) enum Database {
    #[cfg(feature = "sqlite")]
    Sqlite(SqliteStore),
    #[cfg(feature = "postgres")]
    Postgres(PostgresStore),
}

/// Why there is no database to work with. Names the database, never its password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// It cannot be opened, or does not answer.
    #[error("cannot open the database {name}")]
    Open {
        /// The file, or user, host and name.
        name: String,
        /// What the database says.
        source: StoreError,
    },
    /// Its schema could not be brought up to date.
    #[error("cannot bring the database {name} up to date")]
    Migrate {
        /// The file, or user, host and name.
        name: String,
        /// What is in the way.
        source: MigrateError,
    },
    /// Its schema is not the one of this program, and migrating was not asked for.
    #[error("the database {name} cannot be served: {schema}")]
    Schema {
        /// The file, or user, host and name.
        name: String,
        /// What the schema is.
        schema: Schema,
    },
}

impl Database {
    /// Opens the database, with the schema that it has.
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

    pub(crate) async fn schema(&self, config: &Config) -> Result<Schema, DatabaseError> {
        let schema = match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(store) => store.schema().await,
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.schema().await,
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

    /// Fails unless the schema is the one of this program.
    pub(crate) async fn require_current(&self, config: &Config) -> Result<(), DatabaseError> {
        match self.schema(config).await? {
            Schema::Current => Ok(()),
            schema => Err(DatabaseError::Schema {
                name: config.database.to_string(),
                schema,
            }),
        }
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        Arc::new(TracedStore(match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(store) => Arc::new(store.clone()),
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => Arc::new(store.clone()),
        }))
    }

    /// What time it has; `None` where it has none of its own.
    #[cfg(feature = "cli")]
    pub(crate) async fn time(&self) -> Result<Option<std::time::SystemTime>, StoreError> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => Ok(None),
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => Ok(Some(store.time().await?.into())),
        }
    }

    /// How its connections are used.
    pub(crate) fn connections(&self) -> PoolState {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(store) => store.connections(),
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.connections(),
        }
    }

    /// Waits for what is under way and closes.
    pub(crate) async fn close(&self) {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(store) => store.close().await,
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.close().await,
        }
    }
}
