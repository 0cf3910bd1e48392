//! The database schema of Divan: numbered SQL files, one folder per database, with the same numbers
//! and names in each.
//!
//! A file that was released never changes: its checksum is stored in every database that applied
//! it.

use std::borrow::Cow;

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

macro_rules! files {
    ($folder:literal: $($version:literal $name:literal),*) => {
        &[$(($version, $name, include_str!(concat!($folder, "/000", $version, "_", $name, ".sql")))),*]
    };
}

/// The migrations for PostgreSQL.
pub fn postgres() -> Migrator {
    migrator(files!("postgres": 1 "users", 2 "sessions", 3 "people"))
}

/// The migrations for SQLite.
pub fn sqlite() -> Migrator {
    migrator(files!("sqlite": 1 "users", 2 "sessions", 3 "people"))
}

/// Whoever runs these holds a lock of its own: `sqlx`'s blocks without a deadline.
fn migrator(files: &[(i64, &'static str, &'static str)]) -> Migrator {
    let migration = |&(version, name, sql): &(i64, &'static str, &'static str)| {
        Migration::new(
            version,
            Cow::Borrowed(name),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    };
    let mut migrator = Migrator::with_migrations(files.iter().map(migration).collect());
    migrator.set_locking(false);
    migrator
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// Of each released file the first eight bytes of its SHA-384. A line here is only ever added.
    const RELEASED: [(&str, u64); 6] = [
        ("postgres/0001_users.sql", 0x2230_2d59_2cd7_b948),
        ("postgres/0002_sessions.sql", 0x9107_b1b3_d238_86f2),
        ("postgres/0003_people.sql", 0xe08f_a9e6_fcc5_fd40),
        ("sqlite/0001_users.sql", 0x7d2a_5707_c674_c2be),
        ("sqlite/0002_sessions.sql", 0x95bb_7835_1ba6_94d1),
        ("sqlite/0003_people.sql", 0x275f_4d31_04cf_92ef),
    ];

    fn names(migrator: &Migrator) -> Vec<(i64, String)> {
        migrator
            .iter()
            .map(|migration| (migration.version, migration.description.to_string()))
            .collect()
    }

    fn files() -> Vec<(String, u64)> {
        let of = |folder: &str, migrator: &Migrator| -> Vec<(String, u64)> {
            let file = |migration: &Migration| {
                let name = format!(
                    "{folder}/{:04}_{}.sql",
                    migration.version, migration.description
                );
                (
                    name,
                    u64::from_be_bytes(migration.checksum[..8].try_into().unwrap()),
                )
            };
            migrator.iter().map(file).collect()
        };
        [of("postgres", &postgres()), of("sqlite", &sqlite())].concat()
    }

    #[test]
    fn both_databases_have_the_same_migrations() {
        assert_eq!(names(&postgres()), names(&sqlite()));
        let versions: Vec<i64> = sqlite().iter().map(|migration| migration.version).collect();
        assert_eq!(
            versions,
            (1..=i64::try_from(versions.len()).unwrap()).collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_released_file_never_changes() {
        let released = RELEASED.map(|(file, checksum)| (file.to_owned(), checksum));
        assert_eq!(files(), released);
    }

    #[test]
    fn every_file_in_the_folders_is_listed() {
        let listed: BTreeSet<String> = files().into_iter().map(|(file, _)| file).collect();
        let mut found = BTreeSet::new();
        for folder in ["postgres", "sqlite"] {
            for entry in Path::new(env!("CARGO_MANIFEST_DIR"))
                .join(folder)
                .read_dir()
                .unwrap()
            {
                found.insert(format!(
                    "{folder}/{}",
                    entry.unwrap().file_name().into_string().unwrap()
                ));
            }
        }
        assert_eq!(found, listed);
    }
}
