use std::time::Duration;

use super::error::MIGRATE_IT;

/// Maximum wait for another program that is migrating the same database.
pub(super) const MIGRATION_DEADLINE: Duration = Duration::from_mins(1);

/// Result of comparing the schema of a database with the one of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub enum SchemaStatus {
    /// The schema is current.
    Current,
    /// The database has no tables yet: migrate it.
    Empty,
    /// The schema is older: migrate it.
    Behind {
        /// Number of missing migrations.
        missing: usize,
    },
    /// A newer version of the program has migrated the database: upgrade this one.
    Newer {
        /// First unknown migration.
        version: i64,
    },
    /// Another program created a table with the name of the migrations table.
    Foreign,
    /// An applied migration differs from the released file.
    Altered {
        /// First migration that differs.
        version: i64,
    },
}

impl std::fmt::Display for SchemaStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Current => write!(f, "the schema of the database is up to date"),
            Self::Empty => write!(f, "the database has no tables yet: {MIGRATE_IT}"),
            Self::Behind { missing } => {
                let plural = if *missing == 1 { "" } else { "s" };
                write!(
                    f,
                    "the database schema is out of date ({missing} migration{plural} missing): {MIGRATE_IT}"
                )
            }
            Self::Newer { version } => write!(
                f,
                "the schema of the database was made by a newer version (migration {version} is unknown): upgrade \
                 this program, or restore a backup of the older schema"
            ),
            Self::Foreign => write!(
                f,
                "the table `divan_migrations` is not one of this program: use another database or schema"
            ),
            Self::Altered { version } => write!(
                f,
                "migration {version} of the database is not the one of this program: use the program that migrated \
                 the database, or restore a backup"
            ),
        }
    }
}

/// Error of a migration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// This program cannot migrate the schema.
    #[error("{0}")]
    Schema(SchemaStatus),
    /// A table or index with a name of this program exists, although no migration created it.
    #[error(
        "a table or index with the name of one of this program exists, and no migration of this program created it: \
         use another database or schema, or rename it"
    )]
    ForeignTable(#[source] super::StoreError),
    /// Another program held the migration lock for too long.
    #[error("another program is migrating the database and did not finish within {} seconds", MIGRATION_DEADLINE.as_secs())]
    Busy,
    /// The database failed.
    #[error("the database failed while it was migrated")]
    Store(#[from] super::StoreError),
}
