use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::QueryBuilder;
use sqlx::query::Query;
use time::OffsetDateTime;
use uuid::Uuid;

use super::connections::STATEMENT_LIMIT;
use super::rows::{self, to_micros};
use super::{Backend, SqlStore, WriteTransaction, statements};
use crate::store::{
    Account, AccountUpdate, FoundUsers, NewUser, StoreError, StoreErrorKind, UpdateFn,
    UpdatedAccount, UserCount, UserKeys, UserQuery, UserStore, search_words,
};
use crate::types::{Email, Phone, TelegramId, User, UserId};

/// Time limit of an import, which can be of thousands of users.
const BULK_LIMIT: Duration = Duration::from_mins(1);

/// Binds the columns of an account, in the order of `account_columns`.
macro_rules! with_values {
    ($query:expr, $bind:ident, $account:expr) => {{
        let (query, account) = ($query, $account);
        let user = &account.user;
        query
            .$bind(user.id.0)
            .$bind(user.role.as_str().to_owned())
            .$bind(user.full_name.clone())
            .$bind(user.email.as_ref().map(|email| email.as_str().to_owned()))
            .$bind(user.phone.as_ref().map(|phone| phone.as_str().to_owned()))
            .$bind(user.telegram_id.map(|id| id.0))
            .$bind(user.telegram_username.clone())
            .$bind(user.external_id.as_ref().map(|id| id.as_str().to_owned()))
            .$bind(user.is_active)
            .$bind(user.password_change_required)
            .$bind(to_micros(user.created_at))
            .$bind(to_micros(user.updated_at))
            .$bind(user.last_login_at.map(to_micros))
            .$bind(account.password_hash.expose().to_owned())
            .$bind(account.password_verified_at.map(to_micros))
            .$bind(account.password_expires_at.map(to_micros))
            .$bind(account.password_version.cast_signed())
            .$bind(account.metadata.to_json())
            .$bind(
                account
                    .second_factor
                    .totp
                    .as_ref()
                    .map(|totp| totp.sealed_secret.clone()),
            )
            .$bind(
                account
                    .second_factor
                    .totp
                    .as_ref()
                    .map(|totp| to_micros(totp.confirmed_at)),
            )
            .$bind(
                account
                    .second_factor
                    .totp
                    .as_ref()
                    .map(|totp| totp.last_step.cast_signed()),
            )
            .$bind(
                account
                    .second_factor
                    .pending
                    .as_ref()
                    .map(|pending| pending.sealed_secret.clone()),
            )
            .$bind(
                account
                    .second_factor
                    .pending
                    .as_ref()
                    .map(|pending| to_micros(pending.created_at)),
            )
            .$bind(
                account
                    .second_factor
                    .pending
                    .as_ref()
                    .map(|pending| pending.session.0),
            )
            .$bind(
                Some(account.second_factor.recovery_codes.concat())
                    .filter(|codes| !codes.is_empty()),
            )
            .$bind(i64::from(account.second_factor.passkeys))
            .$bind(account.telegram_client.as_ref().map(|client| client.bot_id))
            .$bind(
                account
                    .telegram_client
                    .as_ref()
                    .and_then(|client| client.language.clone()),
            )
            .$bind(
                account
                    .telegram_client
                    .as_ref()
                    .and_then(|client| client.allows_write_to_pm),
            )
            .$bind(Some(account.seen_devices.concat()).filter(|devices| !devices.is_empty()))
    }};
}

/// An account before and after a change.
pub(super) struct ChangedAccount {
    pub(super) before: Account,
    pub(super) after: Account,
    pub(super) update: AccountUpdate,
}

#[async_trait]
impl<DB: Backend> UserStore for SqlStore<DB> {
    async fn account(&self, id: UserId) -> Result<Option<Account>, StoreError> {
        let query = sqlx::query(statements::ACCOUNT_BY_ID).bind(id.0);
        self.traced("account", self.find_account(query)).await
    }

    async fn account_by_phone(&self, phone: &Phone) -> Result<Option<Account>, StoreError> {
        let query = sqlx::query(statements::ACCOUNT_BY_PHONE).bind(phone.as_str().to_owned());
        self.traced("account_by_phone", self.find_account(query))
            .await
    }

    async fn account_by_email(&self, email: &Email) -> Result<Option<Account>, StoreError> {
        let query = sqlx::query(statements::ACCOUNT_BY_EMAIL).bind(email.as_str().to_owned());
        self.traced("account_by_email", self.find_account(query))
            .await
    }

    async fn account_by_telegram(&self, id: TelegramId) -> Result<Option<Account>, StoreError> {
        let query = sqlx::query(statements::ACCOUNT_BY_TELEGRAM).bind(id.0);
        self.traced("account_by_telegram", self.find_account(query))
            .await
    }

    async fn users(&self, query: &UserQuery) -> Result<FoundUsers, StoreError> {
        self.traced("users", self.page_of_users(query)).await
    }

    async fn count_users(&self, query: &UserQuery) -> Result<UserCount, StoreError> {
        self.traced("count_users", self.number_of_users(query))
            .await
    }

    async fn users_by_keys(&self, keys: &UserKeys) -> Result<Vec<User>, StoreError> {
        self.traced("users_by_keys", self.users_with_keys(keys))
            .await
    }

    async fn insert_users(&self, new: &[NewUser]) -> Result<(), StoreError> {
        let insert = self.write(BULK_LIMIT, |transaction| insert_users(transaction, new));
        self.traced("insert_users", insert).await
    }

    async fn update_account(
        &self,
        id: UserId,
        change: &UpdateFn<'_>,
    ) -> Result<Option<UpdatedAccount>, StoreError> {
        let update = self.write(STATEMENT_LIMIT, |transaction| {
            self.try_to_update_account(transaction, id, change)
        });
        self.traced("update_account", update).await
    }

    async fn update_accounts(
        &self,
        ids: &BTreeSet<UserId>,
        change: &UpdateFn<'_>,
        new: &[NewUser],
    ) -> Result<Option<Vec<UpdatedAccount>>, StoreError> {
        let update = self.write(BULK_LIMIT, |transaction| {
            self.try_to_update_accounts(transaction, ids, change, new)
        });
        self.traced("update_accounts", update).await
    }
}

impl<DB: Backend> SqlStore<DB> {
    async fn find_account(
        &self,
        query: Query<'_, DB, DB::Arguments>,
    ) -> Result<Option<Account>, StoreError> {
        let query = query.persistent(self.statement_cache);
        let row = query.fetch_optional(&self.readers).await?;
        Ok(row.as_ref().map(rows::account::<DB>).transpose()?)
    }

    /// Returning early drops the transaction, which rolls it back.
    async fn try_to_update_account(
        &self,
        mut transaction: WriteTransaction<DB>,
        id: UserId,
        change: &UpdateFn<'_>,
    ) -> Result<Option<UpdatedAccount>, StoreError> {
        let changed = self.change_account(&mut transaction, id, change).await?;
        let Some(ChangedAccount {
            before,
            after: account,
            update,
        }) = changed
        else {
            return Ok(None);
        };
        let is_admin = account.is_active_admin() && !update.delete_user;
        if before.is_active_admin() && !is_admin {
            self.require_other_admin(&mut transaction, &account.user)
                .await?;
        }
        if account != before {
            self.write_account(&mut transaction, &account).await?;
            self.update_words(&mut transaction, &before.user, &account.user)
                .await?;
        }
        let ended = self.update_sessions(&mut transaction, id, &update).await?;
        self.update_defence(&mut transaction, id, &update).await?;
        if update.delete_user {
            self.delete_account(&mut transaction, id).await?;
        }
        Self::insert_audit_events(&mut transaction, &update.events, self.statement_cache).await?;
        transaction.commit().await?;
        Ok(Some(UpdatedAccount { account, ended }))
    }

    /// Deletes a user with messages; the database deletes the sessions, devices, challenges, passkeys, promotions and search
    /// words with the row.
    pub(super) async fn delete_account(
        &self,
        connection: &mut DB::Connection,
        id: UserId,
    ) -> Result<(), sqlx::Error> {
        self.delete_messages(&mut *connection, id).await?;
        let delete = sqlx::query(statements::DELETE_USER)
            .bind(id.0)
            .persistent(self.statement_cache);
        delete.execute(connection).await?;
        Ok(())
    }

    /// Locks an account, calls `change` for it and changes its passkeys, without writing the rest.
    pub(super) async fn change_account(
        &self,
        connection: &mut DB::Connection,
        id: UserId,
        change: &UpdateFn<'_>,
    ) -> Result<Option<ChangedAccount>, StoreError> {
        let query = sqlx::query(DB::ACCOUNT_TO_WRITE)
            .bind(id.0)
            .persistent(self.statement_cache);
        let Some(row) = query.fetch_optional(&mut *connection).await? else {
            return Ok(None);
        };
        let before = rows::account::<DB>(&row)?;
        let mut after = before.clone();
        let Some(update) = change(&mut after)? else {
            return Ok(None);
        };
        if let Some(session) = update.require_live_session
            && !self.has_open_session(&mut *connection, session, id).await?
        {
            return Ok(None);
        }
        if let Some(challenge) = &update.complete_challenge
            && !self.has_challenge(connection, challenge, id).await?
        {
            return Ok(None);
        }
        if let Some(promotion) = update.end_promotion
            && !self.has_promotion(connection, promotion, id).await?
        {
            return Ok(None);
        }
        if let Some(used) = &update.use_challenge {
            self.mark_challenge(connection, used).await?;
        }
        if let Some(passkey) = &update.passkey {
            self.change_passkeys(connection, id, passkey).await?;
        }
        Ok(Some(ChangedAccount {
            before,
            after,
            update,
        }))
    }

    /// Changes the challenges, promotions, devices and counters of an account, and inserts messages.
    pub(super) async fn update_defence(
        &self,
        connection: &mut DB::Connection,
        id: UserId,
        update: &AccountUpdate,
    ) -> Result<(), StoreError> {
        if let Some(challenge) = &update.complete_challenge {
            self.delete_challenge(connection, challenge).await?;
        }
        if let Some(challenge) = &update.begin_challenge {
            self.insert_challenge(connection, challenge).await?;
        }
        if update.end_promotion.is_some() {
            self.delete_promotion(connection, id).await?;
        }
        if let Some(promotion) = &update.request_promotion {
            self.insert_promotion(connection, promotion).await?;
        }
        if let Some(device) = &update.keep_device {
            self.keep_device(connection, device).await?;
        }
        if let Some(device) = update.delete_device {
            self.delete_device(connection, device, id).await?;
        }
        if let Some(attempt) = &update.settle {
            let _ = self.change_counters(connection, attempt).await?;
        }
        for account in &update.clear_counters {
            self.clear_counters(connection, *account).await?;
        }
        for (from, to) in &update.move_counters {
            self.move_counters(connection, *from, *to).await?;
        }
        if update.delete_messages {
            self.delete_messages(&mut *connection, id).await?;
        }
        let messages = update.messages.iter().cloned();
        Self::insert_messages(connection, messages, self.statement_cache).await?;
        Ok(())
    }

    async fn require_other_admin(
        &self,
        connection: &mut DB::Connection,
        user: &User,
    ) -> Result<(), StoreError> {
        self.lock_admins(connection, user.updated_at).await?;
        self.require_admin_other_than(connection, user.id).await
    }

    /// Serializes the transactions that remove an administrator, and closes the bootstrap.
    pub(super) async fn lock_admins(
        &self,
        connection: &mut DB::Connection,
        at: OffsetDateTime,
    ) -> Result<(), sqlx::Error> {
        let lock = sqlx::query(statements::LOCK_ADMINS)
            .bind(to_micros(at))
            .persistent(self.statement_cache);
        lock.execute(connection).await?;
        Ok(())
    }

    pub(super) async fn require_admin_other_than(
        &self,
        connection: &mut DB::Connection,
        user: UserId,
    ) -> Result<(), StoreError> {
        let others = sqlx::query_scalar(statements::OTHER_ACTIVE_ADMINS)
            .bind(user.0)
            .persistent(self.statement_cache);
        let others: i64 = others.fetch_one(connection).await?;
        if others == 0 {
            return Err(StoreError::new(StoreErrorKind::LastAdmin));
        }
        Ok(())
    }

    pub(super) async fn write_account(
        &self,
        connection: &mut DB::Connection,
        account: &Account,
    ) -> Result<(), sqlx::Error> {
        let update = sqlx::query(statements::UPDATE_USER);
        let update = with_values!(update, bind, account).persistent(self.statement_cache);
        update.execute(connection).await?;
        Ok(())
    }

    /// Inserts users with their search words and audit events, inside a transaction.
    pub(super) async fn insert_accounts(
        connection: &mut DB::Connection,
        new: &[NewUser],
    ) -> Result<(), sqlx::Error> {
        for new in new.chunks(statements::ROWS_PER_INSERT) {
            let mut insert = QueryBuilder::<DB>::new(statements::INSERT_USERS);
            insert.push_values(new, |mut row, NewUser { account, .. }| {
                with_values!(&mut row, push_bind, account);
            });
            let insert = insert.build().persistent(false);
            insert.execute(&mut *connection).await?;
            Self::insert_words(connection, new.iter().map(|new| &new.account.user)).await?;
            let events = new.iter().map(|new| &new.event);
            Self::insert_audit_events(connection, events, false).await?;
            let messages = new.iter().flat_map(|new| &new.messages).cloned();
            Self::insert_messages(connection, messages, false).await?;
        }
        Ok(())
    }

    /// Replaces the search words of a user when they have changed.
    pub(super) async fn update_words(
        &self,
        connection: &mut DB::Connection,
        before: &User,
        after: &User,
    ) -> Result<(), sqlx::Error> {
        if search_words(before) == search_words(after) {
            return Ok(());
        }
        let delete = sqlx::query(statements::DELETE_WORDS)
            .bind(after.id.0)
            .persistent(self.statement_cache);
        delete.execute(&mut *connection).await?;
        Self::insert_words(connection, [after]).await
    }

    async fn insert_words<'u>(
        connection: &mut DB::Connection,
        users: impl IntoIterator<Item = &'u User>,
    ) -> Result<(), sqlx::Error> {
        let words_of =
            |user: &'u User| search_words(user).into_iter().map(|word| (user.id.0, word));
        let words: Vec<(Uuid, String)> = users.into_iter().flat_map(words_of).collect();
        for words in words.chunks(statements::ROWS_PER_INSERT) {
            let mut insert = QueryBuilder::<DB>::new(statements::INSERT_WORDS);
            insert.push_values(words, |mut row, (user, word)| {
                row.push_bind(*user).push_bind(word.clone());
            });
            let insert = insert.build().persistent(false);
            insert.execute(&mut *connection).await?;
        }
        Ok(())
    }
}

async fn insert_users<DB: Backend>(
    mut transaction: WriteTransaction<DB>,
    new: &[NewUser],
) -> Result<(), StoreError> {
    SqlStore::<DB>::insert_accounts(&mut transaction, new).await?;
    Ok(transaction.commit().await?)
}
