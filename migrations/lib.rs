//! The database schema of Divan: numbered SQL files, one folder per database, with the same numbers
//! and names in each.
//!
//! # Rules
//!
//! - Every table, index and constraint is named `divan_…`, and applied migrations are recorded in
//!   `divan_migrations`, so that an application with tables and `sqlx` migrations of its own can use
//!   the same database.
//! - A released file never changes: its checksum is stored in every database that applied it.
//! - Later migrations only add tables, indexes and nullable columns (or columns with a default). They
//!   never rebuild a table: dropping the old one inside the migrator's transaction deletes the rows
//!   that refer to it. Therefore there are no `CHECK`s that list roles, audiences or reasons.
#![cfg_attr(docsrs, feature(doc_cfg))]

use std::borrow::Cow;

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

macro_rules! files {
    ($folder:literal: $($zeros:literal $($version:literal $name:literal),*);*) => {
        &[$($(
            ($version, $name, include_str!(concat!($folder, "/", $zeros, $version, "_", $name, ".sql"))),
        )*)*]
    };
}

/// Table that records applied migrations.
pub const TABLE: &str = "divan_migrations";

/// The migrations for PostgreSQL.
pub fn postgres() -> Migrator {
    migrator(
        files!("postgres": "000" 1 "divan", 2 "defence", 3 "attributes", 4 "telegram", 5 "second_factor", 6 "promotions", 7 "passkeys", 8 "outbox", 9 "service_credentials"; "00" 10 "events", 11 "webhooks"),
    )
}

/// The migrations for SQLite.
pub fn sqlite() -> Migrator {
    migrator(
        files!("sqlite": "000" 1 "divan", 2 "defence", 3 "attributes", 4 "telegram", 5 "second_factor", 6 "promotions", 7 "passkeys", 8 "outbox", 9 "service_credentials"; "00" 10 "events", 11 "webhooks"),
    )
}

/// Disables the lock of `sqlx`, which blocks without a deadline: the caller must hold a lock of its
/// own.
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
    migrator.dangerous_set_table_name(TABLE);
    migrator
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// First eight bytes of the SHA-384 of each released file. Lines are only added.
    const RELEASED: [(&str, u64); 22] = [
        ("postgres/0001_divan.sql", 0x1551_d842_7751_32a1),
        ("postgres/0002_defence.sql", 0x837b_c83f_a088_3266),
        ("postgres/0003_attributes.sql", 0x4ee9_f930_31c0_d0f8),
        ("postgres/0004_telegram.sql", 0xd3db_34a3_86ef_43d0),
        ("postgres/0005_second_factor.sql", 0x8f84_32a2_2ec4_efdf),
        ("postgres/0006_promotions.sql", 0x8b7a_b378_0647_9899),
        ("postgres/0007_passkeys.sql", 0x6e5c_f914_e8e0_cdd0),
        ("postgres/0008_outbox.sql", 0x552a_b73a_600e_f7ff),
        (
            "postgres/0009_service_credentials.sql",
            0x9465_695c_5376_7662,
        ),
        ("postgres/0010_events.sql", 0xff2c_4297_6913_da67),
        ("postgres/0011_webhooks.sql", 0x78c3_aff0_2905_3856),
        ("sqlite/0001_divan.sql", 0x6f5a_c21f_8520_778d),
        ("sqlite/0002_defence.sql", 0xe35a_24f6_9aa7_c827),
        ("sqlite/0003_attributes.sql", 0x4ee9_f930_31c0_d0f8),
        ("sqlite/0004_telegram.sql", 0x5b22_7378_1912_07e5),
        ("sqlite/0005_second_factor.sql", 0xc38e_2740_96f5_c92f),
        ("sqlite/0006_promotions.sql", 0x9d9a_8d26_ef96_c3c7),
        ("sqlite/0007_passkeys.sql", 0x835f_6066_9a2d_7215),
        ("sqlite/0008_outbox.sql", 0x4434_8dda_33be_2e8a),
        ("sqlite/0009_service_credentials.sql", 0x1619_9b4a_5ee8_3f7a),
        ("sqlite/0010_events.sql", 0x2227_e307_09fd_bd94),
        ("sqlite/0011_webhooks.sql", 0x032d_863a_e446_9a2f),
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
