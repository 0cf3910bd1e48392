//! Where users are kept: the traits that the sign-in service asks of a database, and the databases.
//!
//! | store | feature | for |
//! |---|---|---|
//! | [`MemoryStore`] | `store` | tests, examples |
//! | `SqliteStore` | `sqlite` | one server, no database to run |
//! | `PostgresStore` | `postgres` | several servers on one database |
//!
//! A store of your own implements [`Store`], as the example `custom_store` does. Whatever stands in
//! one method is one transaction: all of it happens, or nothing.

mod account;
mod audit;
mod error;
mod memory;
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod schema;
mod search;
mod session;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::types::{Email, Phone, TelegramId, User, UserId};

pub use account::{Account, AccountUpdate, NewUser, UpdateFn, UpdatedAccount};
pub use audit::{AuditQuery, AuditStore};
pub use error::{StoreError, StoreErrorKind, UniqueKey};
pub use memory::MemoryStore;
pub use pool::PoolState;
#[cfg(feature = "postgres")]
pub use postgres::{PostgresPool, PostgresStore};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use schema::{MigrateError, Schema};
pub use search::{FoundUsers, InvalidSearch, SearchTerms, UserQuery, search_words};
pub use session::{EndSessions, SessionAdvance, SessionStore, StoredSession};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;

/// Everything that the sign-in service asks of a database.
#[async_trait]
pub trait Store: UserStore + SessionStore + AuditStore + BootstrapStore {
    /// Answers when the database does.
    ///
    /// # Errors
    /// When it does not.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// Users and their sign-ins.
#[async_trait]
pub trait UserStore: std::fmt::Debug + Send + Sync {
    /// The account with this id.
    ///
    /// # Errors
    /// Only when the database fails; no such account is `Ok(None)`.
    async fn account(&self, id: UserId) -> Result<Option<Account>, StoreError>;

    /// The account that signs in with this phone number.
    ///
    /// # Errors
    /// As [`account`](Self::account).
    async fn account_by_phone(&self, phone: &Phone) -> Result<Option<Account>, StoreError>;

    /// The account that signs in with this e-mail address.
    ///
    /// # Errors
    /// As [`account`](Self::account).
    async fn account_by_email(&self, email: &Email) -> Result<Option<Account>, StoreError>;

    /// The account that is bound to this Telegram account.
    ///
    /// # Errors
    /// As [`account`](Self::account).
    async fn account_by_telegram(&self, id: TelegramId) -> Result<Option<Account>, StoreError>;

    /// Users that fulfil all conditions, the newest first: as many as were asked for, or all there
    /// are, or those among the users that the store has looked at so far.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn users(&self, query: &UserQuery) -> Result<FoundUsers, StoreError>;

    /// Users who have one of these phone numbers or one of these e-mail addresses, in any order.
    /// Who has one of each may be there twice.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn users_by_contact(
        &self,
        phones: &[Phone],
        emails: &[Email],
    ) -> Result<Vec<User>, StoreError>;

    /// Adds users and the lines of the audit that tell of them, all or nothing.
    ///
    /// # Errors
    /// [`StoreErrorKind::Conflict`] when the phone number, e-mail address or Telegram account of
    /// one is somebody else's.
    async fn insert_users(&self, new: &[NewUser]) -> Result<(), StoreError>;

    /// Changes an account and its sessions, and writes the audit, in one transaction. Nobody else
    /// changes the account while `change` looks at it; when it gives `None`, there is no such
    /// account, or [`AccountUpdate::require_live_session`] is not fulfilled, nothing is written and
    /// the result is `None`.
    ///
    /// `change` may be called several times, when the database asks for the transaction again.
    ///
    /// # Errors
    /// The error of `change` as it is (see [`StoreError::rejected`]);
    /// [`StoreErrorKind::Conflict`] as for [`insert_users`](Self::insert_users),
    /// [`StoreErrorKind::LastAdmin`] when no active administrator would be left. Nothing is written
    /// then.
    async fn update_account(
        &self,
        id: UserId,
        change: &UpdateFn<'_>,
    ) -> Result<Option<UpdatedAccount>, StoreError>;
}

/// The one-row table that decides who becomes the first administrator.
#[async_trait]
pub trait BootstrapStore: std::fmt::Debug + Send + Sync {
    /// Whether the first administrator exists.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn is_bootstrapped(&self) -> Result<bool, StoreError>;

    /// Claims the row. Of all that try at once one gets it; the others wait, and get `None` when
    /// that one completes. A claim that is dropped is as if it had never been.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn claim_bootstrap(
        &self,
        at: OffsetDateTime,
    ) -> Result<Option<Box<dyn BootstrapClaim>>, StoreError>;
}

/// The right to create the first administrator, for as long as it is held.
#[async_trait]
pub trait BootstrapClaim: Send {
    /// Adds the administrator, and whoever comes along, and closes the row for ever, all of it or
    /// nothing.
    ///
    /// # Errors
    /// As [`UserStore::insert_users`]; the claim is given up then.
    async fn complete(self: Box<Self>, new: &[NewUser]) -> Result<(), StoreError>;
}
