use sqlx::migrate::Migrator;
use sqlx::{ColumnIndex, Decode, Row, Type};

use crate::store::Schema;

/// A migration as a database remembers it: its number and its checksum.
pub(in crate::store) type Applied = (i64, Vec<u8>);

/// Decodes one row of `APPLIED_MIGRATIONS`.
pub(in crate::store) fn applied<'r, R>(row: &'r R) -> Result<Applied, sqlx::Error>
where
    R: Row,
    &'static str: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    Vec<u8>: Decode<'r, R::Database> + Type<R::Database>,
{
    Ok((row.try_get("version")?, row.try_get("checksum")?))
}

/// What the applied migrations make of a database for this program.
pub(in crate::store) fn compare(migrator: &Migrator, applied: &[Applied]) -> Schema {
    let known = |version: i64| {
        migrator
            .iter()
            .find(|migration| migration.version == version)
    };
    for (version, checksum) in applied {
        match known(*version) {
            None => return Schema::Newer { version: *version },
            Some(migration) if *migration.checksum != **checksum => {
                return Schema::Altered { version: *version };
            }
            Some(_) => {}
        }
    }
    match migrator.iter().count() - applied.len() {
        0 => Schema::Current,
        missing => Schema::Behind { missing },
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
    fn a_schema_is_current_behind_newer_or_altered() {
        let migrator = divan_migrations::sqlite();
        assert_eq!(compare(&migrator, &all()), Schema::Current);
        assert_eq!(
            compare(&migrator, &[]),
            Schema::Behind {
                missing: all().len()
            }
        );

        let newer = [all(), vec![(9999, vec![1])]].concat();
        assert_eq!(compare(&migrator, &newer), Schema::Newer { version: 9999 });
        let mut altered = all();
        altered[0].1[0] ^= 1;
        assert_eq!(compare(&migrator, &altered), Schema::Altered { version: 1 });
    }
}
