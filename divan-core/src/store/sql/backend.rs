use std::future::Future;

use sqlx::migrate::{Migrate, Migrator};
use sqlx::{Database, Decode, Encode, IntoArguments, Pool, Transaction, Type};

use crate::store::StoreError;

/// What differs between the databases that an [`SqlStore`](super::SqlStore) works with. Sealed:
/// `sqlx::Sqlite` and `sqlx::Postgres` implement it.
pub trait Backend:
    Database<Connection: Migrate, Arguments: IntoArguments<Self>>
    + sqlx::database::HasStatementCache
    + sealed::Sealed
{
    /// Counts the tables that are named like the migrations table.
    #[doc(hidden)]
    const HAS_MIGRATIONS: &'static str;

    /// Selects an account and locks it until the transaction ends.
    #[doc(hidden)]
    const ACCOUNT_TO_WRITE: &'static str;

    #[doc(hidden)]
    fn migrator() -> Migrator;

    #[doc(hidden)]
    fn rows_affected(result: &Self::QueryResult) -> u64;

    #[doc(hidden)]
    fn begin_write(
        writer: &Pool<Self>,
    ) -> impl Future<Output = Result<Transaction<'static, Self>, sqlx::Error>> + Send;

    /// Begins a transaction that holds the lock of migrations; `None` while another program holds
    /// it. Does not wait for it: a lock that is waited for in the database has no deadline of ours,
    /// and blocks others behind it.
    #[doc(hidden)]
    fn try_begin_migration(
        writer: &Pool<Self>,
    ) -> impl Future<Output = Result<Option<Transaction<'static, Self>>, StoreError>> + Send;
}

/// A type that the database reads and writes.
pub trait Value<DB: Database>:
    for<'q> Encode<'q, DB> + for<'r> Decode<'r, DB> + Type<DB> + Send
{
}

impl<DB: Database, T> Value<DB> for T where
    T: for<'q> Encode<'q, DB> + for<'r> Decode<'r, DB> + Type<DB> + Send
{
}

mod sealed {
    pub trait Sealed {}

    #[cfg(feature = "sqlite")]
    impl Sealed for sqlx::Sqlite {}

    #[cfg(feature = "postgres")]
    impl Sealed for sqlx::Postgres {}
}
