use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::query::Query;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{Executor, Sqlite, Transaction};
use time::OffsetDateTime;

use super::sql::{self, to_micros};
use super::{
    Account, BootstrapClaim, BootstrapStore, SignIn, SignInOutcome, Store, StoreError, StoreErrorKind,
    UniqueKey, UserStore,
};
use crate::types::{Email, Phone, User, UserId};

/// How many connections read at a time.
const READERS: u32 = 4;

/// The embedded store: one file, no server to run.
///
/// SQLite lets one connection write at a time. So one pool holds a single connection for writing, where writers queue
/// up in order, and another holds the readers, which write-ahead logging never makes wait.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl SqliteStore {
    /// Opens the database file, creates it where it is missing, and brings its schema up to date.
    ///
    /// # Errors
    /// When the file cannot be opened or written, or its schema is newer than this program.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A sign-in that was answered must survive a power cut.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5));
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        divan_migrations::sqlite()
            .run(&writer)
            .await
            .map_err(|error| StoreError::caused_by(StoreErrorKind::Internal, error))?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options.pragma("query_only", "on"))
            .await?;
        Ok(Self { writer, readers })
    }

    /// Waits for what is under way and closes the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    async fn account(
        &self,
        query: Query<'_, Sqlite, SqliteArguments>,
    ) -> Result<Option<Account>, StoreError> {
        let row = query.fetch_optional(&self.readers).await?;
        Ok(row.as_ref().map(sql::account).transpose()?)
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.readers).await?;
        Ok(())
    }
}

#[async_trait]
impl UserStore for SqliteStore {
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.account(sqlx::query(sql::USER_BY_ID).bind(id.0)).await?.map(|account| account.user))
    }

    async fn account_by_phone(&self, phone: &Phone) -> Result<Option<Account>, StoreError> {
        self.account(sqlx::query(sql::ACCOUNT_BY_PHONE).bind(phone.as_str())).await
    }

    async fn account_by_email(&self, email: &Email) -> Result<Option<Account>, StoreError> {
        self.account(sqlx::query(sql::ACCOUNT_BY_EMAIL).bind(email.as_str())).await
    }

    async fn insert_user(&self, account: &Account) -> Result<(), StoreError> {
        insert_user(&self.writer, account).await
    }

    async fn complete_sign_in(&self, sign_in: &SignIn) -> Result<SignInOutcome, StoreError> {
        let telegram = sign_in.telegram.as_ref();
        let updated = sqlx::query(sql::COMPLETE_SIGN_IN)
            .bind(sign_in.user.0)
            .bind(sign_in.seen_hash.expose())
            .bind(sign_in.new_hash.expose())
            .bind(telegram.map(|telegram| telegram.id.0))
            .bind(telegram.and_then(|telegram| telegram.username.as_deref()))
            .bind(to_micros(sign_in.at))
            .bind(sign_in.role.as_str())
            .fetch_optional(&self.writer)
            .await
            .map_err(StoreError::from);
        match updated {
            Ok(Some(row)) => Ok(SignInOutcome::Done(Box::new(sql::account(&row)?.user))),
            Ok(None) => Ok(SignInOutcome::Changed),
            Err(error) if error.kind() == StoreErrorKind::Conflict(UniqueKey::TelegramId) => {
                Ok(SignInOutcome::TelegramTaken)
            }
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl BootstrapStore for SqliteStore {
    async fn is_bootstrapped(&self) -> Result<bool, StoreError> {
        let rows: i64 = sqlx::query_scalar(sql::IS_BOOTSTRAPPED).fetch_one(&self.readers).await?;
        Ok(rows > 0)
    }

    async fn claim_bootstrap(
        &self,
        at: OffsetDateTime,
    ) -> Result<Option<Box<dyn BootstrapClaim>>, StoreError> {
        if self.is_bootstrapped().await? {
            return Ok(None);
        }
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        let claimed =
            sqlx::query(sql::CLAIM_BOOTSTRAP).bind(to_micros(at)).fetch_optional(&mut *transaction).await?;
        Ok(claimed.map(|_| Box::new(SqliteClaim(transaction)) as Box<dyn BootstrapClaim>))
    }
}

/// An open transaction that has inserted the bootstrap row; dropping it rolls back.
struct SqliteClaim(Transaction<'static, Sqlite>);

#[async_trait]
impl BootstrapClaim for SqliteClaim {
    async fn complete(mut self: Box<Self>, account: &Account) -> Result<(), StoreError> {
        insert_user(&mut *self.0, account).await?;
        self.0.commit().await?;
        Ok(())
    }
}

async fn insert_user(
    executor: impl Executor<'_, Database = Sqlite>,
    account: &Account,
) -> Result<(), StoreError> {
    let user = &account.user;
    sqlx::query(sql::INSERT_USER)
        .bind(user.id.0)
        .bind(user.role.as_str())
        .bind(&user.full_name)
        .bind(user.email.as_ref().map(Email::as_str))
        .bind(user.phone.as_ref().map(Phone::as_str))
        .bind(user.telegram_id.map(|id| id.0))
        .bind(&user.telegram_username)
        .bind(user.is_active)
        .bind(user.password_change_required)
        .bind(to_micros(user.created_at))
        .bind(to_micros(user.updated_at))
        .bind(user.last_login_at.map(to_micros))
        .bind(account.password_hash.expose())
        .execute(executor)
        .await?;
    Ok(())
}
