use std::sync::Arc;

use divan_core::database_url::PostgresPool;
use divan_core::infra::DatabaseUrl;
#[cfg(feature = "postgres")]
use divan_core::store::PostgresStore;
#[cfg(feature = "sqlite")]
use divan_core::store::SqliteStore;
use divan_core::store::{MigrateError, PoolState, SchemaStatus, Store, StoreError};

use crate::config::Config;

/// The database that the configuration names.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    name: String,
    backend: Backend,
}

#[derive(Clone, Debug)]
enum Backend {
    #[cfg(feature = "sqlite")]
    Sqlite(SqliteStore),
    #[cfg(feature = "postgres")]
    Postgres(PostgresStore),
}

/// Evaluates an expression with the store of the database, which is of one of two types.
macro_rules! with_store {
    ($database:expr, $store:ident => $result:expr) => {
        match &$database.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite($store) => $result,
            #[cfg(feature = "postgres")]
            Backend::Postgres($store) => $result,
        }
    };
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
        Self::connect_with(config, config.infra.database.pool).await
    }

    /// Opens the database with other settings of the pool.
    pub(crate) async fn connect_with(
        config: &Config,
        pool: PostgresPool,
    ) -> Result<Self, DatabaseError> {
        #[cfg(not(feature = "postgres"))]
        let _ = pool;
        let opened = match &config.database {
            #[cfg(feature = "sqlite")]
            DatabaseUrl::Sqlite(path) => SqliteStore::connect(path).await.map(Backend::Sqlite),
            #[cfg(feature = "postgres")]
            DatabaseUrl::Postgres(url) => PostgresStore::connect(url, pool)
                .await
                .map(Backend::Postgres),
            _ => Err(StoreError::new(divan_core::store::StoreErrorKind::Internal)),
        };
        let name = config.database.to_string();
        match opened {
            Ok(backend) => Ok(Self { name, backend }),
            Err(source) => Err(DatabaseError::Open { name, source }),
        }
    }

    pub(crate) async fn schema_status(&self) -> Result<SchemaStatus, DatabaseError> {
        let schema = with_store!(self, store => store.schema_status().await);
        schema.map_err(|source| DatabaseError::Open {
            name: self.name.clone(),
            source,
        })
    }

    pub(crate) async fn migrate(&self) -> Result<(), DatabaseError> {
        let migrated = with_store!(self, store => store.migrate().await);
        migrated.map_err(|source| DatabaseError::Migrate {
            name: self.name.clone(),
            source,
        })
    }

    /// Fails unless the schema is current.
    pub(crate) async fn require_current(&self) -> Result<(), DatabaseError> {
        match self.schema_status().await? {
            SchemaStatus::Current => Ok(()),
            schema => Err(DatabaseError::SchemaStatus {
                name: self.name.clone(),
                schema,
            }),
        }
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        with_store!(self, store => Arc::new(store.clone()))
    }

    /// Current time of the database server; `None` for SQLite, which uses the clock of this machine.
    #[cfg(feature = "cli")]
    pub(crate) async fn time(&self) -> Result<Option<std::time::SystemTime>, StoreError> {
        match &self.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(_) => Ok(None),
            #[cfg(feature = "postgres")]
            Backend::Postgres(store) => Ok(Some(store.time().await?.into())),
        }
    }

    /// State of the connection pools.
    pub(crate) fn connections(&self) -> PoolState {
        with_store!(self, store => store.connections())
    }

    /// Waits for running queries and closes the pools.
    pub(crate) async fn close(&self) {
        with_store!(self, store => store.close().await);
    }
}
