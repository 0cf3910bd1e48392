//! Where users are kept: the traits that the sign-in service asks of a database, and the databases.
//!
//! | store | feature | for |
//! |---|---|---|
//! | [`MemoryStore`] | `store` | tests, examples |
//! | `SqliteStore` | `sqlite` | one server, no database to run |
//! | `PostgresStore` | `postgres` | several servers on one database |
//!
//! A store of your own implements [`Store`]. Whatever stands in one method is one transaction: all of it happens, or
//! nothing.

mod error;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod schema;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::password::PasswordHash;
use crate::types::{Email, Phone, Role, TelegramId, User, UserId};

pub use error::{StoreError, StoreErrorKind, UniqueKey};
pub use memory::MemoryStore;
#[cfg(feature = "postgres")]
pub use postgres::{PostgresPool, PostgresStore};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use schema::{MigrateError, Schema};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;

/// Everything that the sign-in service asks of a database.
#[async_trait]
pub trait Store: UserStore + BootstrapStore {
    /// Answers when the database does.
    ///
    /// # Errors
    /// When it does not.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// Users and their sign-ins.
#[async_trait]
pub trait UserStore: std::fmt::Debug + Send + Sync {
    /// The user with this id.
    ///
    /// # Errors
    /// Only when the database fails; no such user is `Ok(None)`.
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError>;

    /// The account that signs in with this phone number.
    ///
    /// # Errors
    /// As [`user`](Self::user).
    async fn account_by_phone(&self, phone: &Phone) -> Result<Option<Account>, StoreError>;

    /// The account that signs in with this e-mail address.
    ///
    /// # Errors
    /// As [`user`](Self::user).
    async fn account_by_email(&self, email: &Email) -> Result<Option<Account>, StoreError>;

    /// Adds a user.
    ///
    /// # Errors
    /// [`StoreErrorKind::Conflict`] when the phone number, e-mail address or Telegram account is somebody else's.
    async fn insert_user(&self, account: &Account) -> Result<(), StoreError>;

    /// The last step of a sign-in: writes it down if the account still is as it was when the password was checked.
    /// A reset, a deactivation or a binding that came in between wins.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn complete_sign_in(&self, sign_in: &SignIn) -> Result<SignInOutcome, StoreError>;
}

/// The one-row table that decides who becomes the first administrator.
#[async_trait]
pub trait BootstrapStore: std::fmt::Debug + Send + Sync {
    /// Whether the first administrator exists.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn is_bootstrapped(&self) -> Result<bool, StoreError>;

    /// Claims the row. Of all that try at once one gets it; the others wait, and get `None` when that one completes.
    /// A claim that is dropped is as if it had never been.
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
    /// Adds the administrator and closes the row for ever, both or neither.
    ///
    /// # Errors
    /// As [`UserStore::insert_user`]; the claim is given up then.
    async fn complete(self: Box<Self>, account: &Account) -> Result<(), StoreError>;
}

/// A user with the hash of the password.
#[derive(Clone, Debug)]
pub struct Account {
    /// The user.
    pub user: User,
    /// The hash that a sign-in compares with.
    pub password_hash: PasswordHash,
}

/// A sign-in whose password was right.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// Who signs in.
    pub user: UserId,
    /// The role that the surface is for.
    pub role: Role,
    /// The hash that the password was compared with; another one by now means a new password.
    pub seen_hash: PasswordHash,
    /// The hash to store: the same, or one with today's parameters.
    pub new_hash: PasswordHash,
    /// The Telegram account to bind, or that has to be bound already; `None` where Telegram plays no part.
    pub telegram: Option<TelegramAccount>,
    /// When it happens.
    pub at: OffsetDateTime,
}

/// The Telegram account that a person signs in from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TelegramAccount {
    /// The account's id.
    pub id: TelegramId,
    /// The account's user name, where it has one.
    pub username: Option<String>,
}

/// How a sign-in ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub enum SignInOutcome {
    /// It is written down; the user as stored now.
    Done(Box<User>),
    /// The account is not what it was when the password was checked. Nothing was written.
    Changed,
    /// The Telegram account is bound to another user. Nothing was written.
    TelegramTaken,
}
