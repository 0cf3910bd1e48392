use std::future::Future;

use sqlx::database::HasStatementCache;
use sqlx::migrate::{Migrate, Migrator};
use sqlx::{ColumnIndex, Database, Decode, Encode, Executor, IntoArguments, Type};
use uuid::Uuid;

use super::SqlStore;
use super::lease::WriteTransaction;
use crate::store::StoreError;

/// A database that an [`SqlStore`](super::SqlStore) works with. Sealed: `sqlx::Sqlite` and
/// `sqlx::Postgres` implement it.
pub trait Backend:
    Database<Connection: Migrate, Arguments: IntoArguments<Self>>
    + HasStatementCache
    + sealed::Sealed
    + for<'c> Implies<&'c mut <Self as Database>::Connection, Is: Executor<'c, Database = Self>>
    + Implies<usize, Is: ColumnIndex<Self::Row>>
    + Implies<&'static str, Is: ColumnIndex<Self::Row>>
    + Implies<Uuid, Is: Value<Self>>
    + Implies<String, Is: Value<Self>>
    + Implies<Vec<u8>, Is: Value<Self>>
    + Implies<bool, Is: Value<Self>>
    + Implies<i64, Is: Value<Self>>
    + Implies<Option<Uuid>, Is: Value<Self>>
    + Implies<Option<String>, Is: Value<Self>>
    + Implies<Option<i64>, Is: Value<Self>>
    + Implies<Option<bool>, Is: Value<Self>>
    + Implies<Option<Vec<u8>>, Is: Value<Self>>
{
    /// Counts the tables that are named like the migrations table.
    #[doc(hidden)]
    const HAS_MIGRATIONS: &'static str;

    /// Selects an account and locks it until the transaction ends.
    #[doc(hidden)]
    const ACCOUNT_TO_WRITE: &'static str;

    /// Tries to take the lock of claims of messages until the transaction ends. `None` where a transaction for
    /// writing excludes all others.
    #[doc(hidden)]
    const TRY_LOCK_CLAIMS: Option<&'static str>;

    /// Tries to take the lock of the log of events until the transaction ends. `None` as for
    /// `TRY_LOCK_CLAIMS`.
    #[doc(hidden)]
    const TRY_LOCK_LOG: Option<&'static str>;

    /// Claims messages that are due, and returns them.
    #[doc(hidden)]
    const CLAIM_MESSAGES: &'static str;

    #[doc(hidden)]
    fn migrator() -> Migrator;

    #[doc(hidden)]
    fn rows_affected(result: &Self::QueryResult) -> u64;

    /// Begins a transaction that writes.
    #[doc(hidden)]
    fn begin_write(
        store: &SqlStore<Self>,
    ) -> impl Future<Output = Result<WriteTransaction<Self>, sqlx::Error>> + Send;

    /// Begins a transaction that holds the lock of migrations; `None` while another program holds
    /// it. Does not wait for it: a lock that is waited for in the database has no deadline of ours,
    /// and blocks others behind it.
    #[doc(hidden)]
    fn try_begin_migration(
        store: &SqlStore<Self>,
    ) -> impl Future<Output = Result<Option<WriteTransaction<Self>>, StoreError>> + Send;
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

/// Makes a bound on another type part of a trait: `trait T: Implies<X, Is: Bound>` implies
/// `X: Bound` for all users of `T`, which a `where` clause would not.
pub trait Implies<T>: sealed::Identity<T, Is = T> {}

impl<S: ?Sized, T> Implies<T> for S {}

mod sealed {
    pub trait Identity<T> {
        type Is;
    }

    impl<S: ?Sized, T> Identity<T> for S {
        type Is = T;
    }

    pub trait Sealed {}

    #[cfg(feature = "sqlite")]
    impl Sealed for sqlx::Sqlite {}

    #[cfg(feature = "postgres")]
    impl Sealed for sqlx::Postgres {}
}
