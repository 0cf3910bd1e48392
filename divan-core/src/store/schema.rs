use std::time::Duration;

/// How long a program waits for another one that is migrating the same database.
pub(super) const MIGRATION_DEADLINE: Duration = Duration::from_mins(1);

/// What the schema of a database is to this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub enum Schema {
    /// What the program was written for.
    Current,
    /// Older: so many migrations are missing.
    Behind {
        /// How many.
        missing: usize,
    },
    /// Made by a newer version of the program.
    Newer {
        /// The first migration that this program does not know.
        version: i64,
    },
    /// Made by another program, or by a migration that was edited after it was released.
    Altered {
        /// The first migration that differs.
        version: i64,
    },
}

impl std::fmt::Display for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Current => write!(f, "the schema of the database is up to date"),
            Self::Behind { missing } => {
                write!(
                    f,
                    "the schema of the database is old (missing migrations: {missing})"
                )
            }
            Self::Newer { version } => write!(
                f,
                "the schema of the database was made by a newer version (migration {version} is not known here)"
            ),
            Self::Altered { version } => {
                write!(
                    f,
                    "migration {version} of the database is not the one of this program"
                )
            }
        }
    }
}

/// Why a schema was not brought up to date.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// The schema is not one that this program can bring up to date.
    #[error("{0}")]
    Schema(Schema),
    /// Another program was migrating all the time.
    #[error("another program is migrating the database and did not end in {} seconds", MIGRATION_DEADLINE.as_secs())]
    Busy,
    /// The database failed.
    #[error("the database failed while it was migrated")]
    Store(#[from] super::StoreError),
}
