//! Storage: the traits that the sign-in service needs, and implementations for databases.
//!
//! | store | feature | for |
//! |---|---|---|
//! | [`MemoryStore`] | `store` | tests, examples |
//! | `SqliteStore` | `sqlite` | one server, no database to run |
//! | `PostgresStore` | `postgres` | several servers on one database |
//!
//! You can implement [`Store`] yourself, as the example `custom_store` does. Each method is one
//! transaction: all of its changes are written, or none. Methods that are added to these traits
//! later have a default implementation, so that existing implementations continue to compile.

mod account;
mod audit;
mod challenge;
mod device;
mod error;
mod event;
mod memory;
mod outbox;
mod passkey;
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
mod promotion;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod schema;
mod search;
mod second_factor;
mod service;
mod session;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
mod throttle;
mod webhook;

use std::collections::BTreeSet;

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::types::{Email, Phone, TelegramId, User, UserId};

#[cfg(feature = "postgres")]
pub use crate::database_url::PostgresPool;
pub use account::{Account, AccountUpdate, NewUser, UpdateFn, UpdatedAccount, UserKeys};
pub use audit::{AuditQuery, AuditStore};
pub use challenge::{ChallengeStore, MAX_CHALLENGE_ATTEMPTS, StoredChallenge};
pub use device::{DeviceStore, MAX_DEVICES, StoredDevice};
pub use error::{StoreError, StoreErrorKind, UniqueKey};
pub use event::{
    ClaimConsumer, ConsumerChange, ConsumerLease, ConsumerOutcome, EventLog, EventStore,
    StoredConsumer, StoredEvent,
};
pub use memory::MemoryStore;
pub use outbox::{
    ClaimMessages, FinishedState, MessageChannel, MessageLease, MessageOutcome, NewMessage,
    OutboxStore, StoredMessage, UnknownMessageChannel, WaitingMessages,
};
pub use passkey::{
    MAX_PASSKEYS, PasskeyChange, PasskeyStore, PasskeyUse, StoredPasskey, UsedChallenge,
};
pub use pool::PoolState;
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
pub use promotion::{MAX_PROMOTIONS, PromotionStore, StoredPromotion};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use schema::{MigrateError, SchemaStatus};
pub use search::{FoundUsers, InvalidSearch, SearchTerms, UserCount, UserQuery, search_words};
pub use second_factor::{PendingTotp, SecondFactor, StoredTotp};
pub use service::{
    MAX_SERVICE_SECRETS, MAX_SERVICES, ServiceStore, StoredService, StoredServiceSecret,
};
pub use session::{EndSessions, SessionAdvance, SessionProof, SessionStore, StoredSession};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use sql::{Backend, SqlStore};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;
pub use throttle::ThrottleStore;
pub use webhook::{
    MAX_WEBHOOKS, StoredWebhook, StoredWebhookError, UnknownWebhookDisabledReason, WebhookChange,
    WebhookDisabledReason, WebhookState, WebhookStore, consumer_name, webhook_of_consumer,
};

/// All storage of the sign-in service.
#[async_trait]
pub trait Store:
    UserStore
    + SessionStore
    + DeviceStore
    + ChallengeStore
    + PromotionStore
    + PasskeyStore
    + ServiceStore
    + OutboxStore
    + EventStore
    + AuditStore
    + BootstrapStore
    + ThrottleStore
    + WebhookStore
{
    /// Checks that the database can serve: it accepts writes, and its schema is current.
    ///
    /// # Errors
    /// When the database does not respond, does not accept writes, or its tables are missing.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// Users and their credentials.
#[async_trait]
pub trait UserStore: std::fmt::Debug + Send + Sync {
    /// Finds an account by its id.
    ///
    /// # Errors
    /// Only when the database fails; no such account is `Ok(None)`.
    async fn account(&self, id: UserId) -> Result<Option<Account>, StoreError>;

    /// Finds the account with this phone number.
    ///
    /// # Errors
    /// As [`account`](Self::account).
    async fn account_by_phone(&self, phone: &Phone) -> Result<Option<Account>, StoreError>;

    /// Finds the account with this e-mail address.
    ///
    /// # Errors
    /// As [`account`](Self::account).
    async fn account_by_email(&self, email: &Email) -> Result<Option<Account>, StoreError>;

    /// Finds the account that is linked to this Telegram account.
    ///
    /// # Errors
    /// As [`account`](Self::account).
    async fn account_by_telegram(&self, id: TelegramId) -> Result<Option<Account>, StoreError>;

    /// Finds the users that match all conditions, newest first. The page is shorter than
    /// [`UserQuery::limit`] at the end of the list, or when [`UserQuery::scan_limit`] was reached.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn users(&self, query: &UserQuery) -> Result<FoundUsers, StoreError>;

    /// Counts the users that match all conditions but [`UserQuery::before`], at most
    /// [`UserCount::MAX`] of them, scanning at most [`UserQuery::scan_limit`].
    ///
    /// # Errors
    /// Only when the database fails.
    async fn count_users(&self, query: &UserQuery) -> Result<UserCount, StoreError>;

    /// Finds the users with one of these values, in any order. A user with several of them may be
    /// returned several times.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn users_by_keys(&self, keys: &UserKeys) -> Result<Vec<User>, StoreError>;

    /// Inserts users and their audit events, all or none.
    ///
    /// # Errors
    /// [`StoreErrorKind::Conflict`] when another user has the phone number, e-mail address,
    /// Telegram account or external id.
    async fn insert_users(&self, new: &[NewUser]) -> Result<(), StoreError>;

    /// Changes an account and its sessions, and inserts audit events, in one transaction. The
    /// account is locked while `change` runs. Nothing is written and the result is `None` when there
    /// is no such account, when `change` returns `None`, when the session of
    /// [`AccountUpdate::require_live_session`] has ended, or when the challenge of
    /// [`AccountUpdate::complete_challenge`] or the promotion of [`AccountUpdate::end_promotion`] does not
    /// exist.
    ///
    /// `change` may be called several times, if the database requires a retry of the transaction.
    ///
    /// # Errors
    /// The error of `change` as it is (see [`StoreError::rejected`]);
    /// [`StoreErrorKind::Conflict`] as for [`insert_users`](Self::insert_users), and for a passkey that
    /// is registered already; [`StoreErrorKind::PasskeyChanged`]; [`StoreErrorKind::LastAdmin`] when the change would leave no active administrator, also by
    /// [`AccountUpdate::delete_user`]. Nothing is written then.
    async fn update_account(
        &self,
        id: UserId,
        change: &UpdateFn<'_>,
    ) -> Result<Option<UpdatedAccount>, StoreError>;

    /// Changes accounts as [`update_account`](Self::update_account) does, and inserts users, all in
    /// one transaction. Users can exchange unique values. An inserted active administrator closes the
    /// bootstrap.
    ///
    /// Nothing is written and the result is `None` when that holds for one of the accounts in
    /// `update_account`.
    ///
    /// # Errors
    /// As for [`update_account`](Self::update_account) and [`insert_users`](Self::insert_users).
    /// Nothing is written then.
    async fn update_accounts(
        &self,
        ids: &BTreeSet<UserId>,
        change: &UpdateFn<'_>,
        new: &[NewUser],
    ) -> Result<Option<Vec<UpdatedAccount>>, StoreError>;
}

/// The one-row table that ensures a single first administrator.
#[async_trait]
pub trait BootstrapStore: std::fmt::Debug + Send + Sync {
    /// Returns `true` if the first administrator exists.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn is_bootstrapped(&self) -> Result<bool, StoreError>;

    /// Claims the only row of the table. Of several concurrent callers, only one gets the claim. The
    /// others wait until it is completed (they get `None`) or dropped (one of them gets it).
    ///
    /// # Errors
    /// Only when the database fails.
    async fn claim_bootstrap(
        &self,
        at: OffsetDateTime,
    ) -> Result<Option<Box<dyn BootstrapClaim>>, StoreError>;
}

/// The exclusive right to create the first administrator.
#[async_trait]
pub trait BootstrapClaim: Send {
    /// Inserts the administrator and further users, and keeps the row, in one transaction.
    ///
    /// # Errors
    /// As [`UserStore::insert_users`]; the claim is then released.
    async fn complete(self: Box<Self>, new: &[NewUser]) -> Result<(), StoreError>;
}
