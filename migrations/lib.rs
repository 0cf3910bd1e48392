//! The database schema of Divan: numbered SQL files, one folder per database.
//!
//! A file that was released never changes: its checksum is stored in every database that applied it.

use std::borrow::Cow;

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// The migrations for SQLite.
#[cfg(feature = "sqlite")]
pub fn sqlite() -> Migrator {
    migrator(&[(1, "users", include_str!("sqlite/0001_users.sql"))])
}

fn migrator(files: &[(i64, &'static str, &'static str)]) -> Migrator {
    let migration = |&(version, name, sql): &(i64, &'static str, &'static str)| {
        Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(files.iter().map(migration).collect())
}
