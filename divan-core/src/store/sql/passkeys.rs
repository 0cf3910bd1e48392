use async_trait::async_trait;
use time::OffsetDateTime;

use super::rows::{self, to_micros};
use super::{Backend, SqlStore, statements};
use crate::store::{
    PasskeyChange, PasskeyStore, PasskeyUse, StoreError, StoreErrorKind, StoredPasskey,
    UsedChallenge,
};
use crate::types::{PasskeyId, UserId};

#[async_trait]
impl<DB: Backend> PasskeyStore for SqlStore<DB> {
    async fn passkeys_of(&self, user: UserId) -> Result<Vec<StoredPasskey>, StoreError> {
        self.traced("passkeys_of", async {
            let query = sqlx::query(statements::PASSKEYS_OF_USER)
                .bind(user.0)
                .persistent(self.statement_cache);
            let rows = query.fetch_all(&self.readers).await?;
            Ok(rows
                .iter()
                .map(rows::passkey::<DB>)
                .collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn purge_used_challenges(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        let purge = self.purge(statements::PURGE_USED_CHALLENGES, before);
        self.traced("purge_used_challenges", purge).await
    }
}

impl<DB: Backend> SqlStore<DB> {
    /// Changes the passkeys of a locked account.
    pub(super) async fn change_passkeys(
        &self,
        connection: &mut DB::Connection,
        user: UserId,
        change: &PasskeyChange,
    ) -> Result<(), StoreError> {
        let changed = match change {
            PasskeyChange::Add(passkey) => {
                self.insert_passkey(connection, user, passkey).await?;
                true
            }
            PasskeyChange::Use(usage) => self.use_passkey(connection, user, usage).await?,
            PasskeyChange::Rename(id, name) => {
                self.rename_passkey(connection, user, *id, name).await?
            }
            PasskeyChange::Delete(id) => {
                self.delete_passkeys(connection, user, Some(*id)).await? == 1
            }
            PasskeyChange::DeleteAll => {
                self.delete_passkeys(connection, user, None).await?;
                true
            }
        };
        require(changed)
    }

    async fn rename_passkey(
        &self,
        connection: &mut DB::Connection,
        user: UserId,
        id: PasskeyId,
        name: &str,
    ) -> Result<bool, sqlx::Error> {
        let rename = sqlx::query(statements::RENAME_PASSKEY)
            .bind(id.0)
            .bind(user.0)
            .bind(name.to_owned())
            .persistent(self.statement_cache);
        Ok(DB::rows_affected(&rename.execute(connection).await?) == 1)
    }

    async fn insert_passkey(
        &self,
        connection: &mut DB::Connection,
        user: UserId,
        passkey: &StoredPasskey,
    ) -> Result<(), sqlx::Error> {
        let insert = sqlx::query(statements::INSERT_PASSKEY)
            .bind(passkey.id.0)
            .bind(user.0)
            .bind(passkey.credential_id.clone())
            .bind(passkey.public_key.clone())
            .bind(i64::from(passkey.counter))
            .bind(passkey.name.clone())
            .bind(passkey.transports.join(" "))
            .bind(passkey.is_backup_eligible)
            .bind(passkey.is_backed_up)
            .bind(to_micros(passkey.created_at))
            .bind(passkey.last_used_at.map(to_micros))
            .persistent(self.statement_cache);
        insert.execute(connection).await?;
        Ok(())
    }

    async fn use_passkey(
        &self,
        connection: &mut DB::Connection,
        user: UserId,
        usage: &PasskeyUse,
    ) -> Result<bool, sqlx::Error> {
        let update = sqlx::query(statements::USE_PASSKEY)
            .bind(usage.id.0)
            .bind(user.0)
            .bind(i64::from(usage.seen_counter))
            .bind(i64::from(usage.counter))
            .bind(usage.is_backed_up)
            .bind(to_micros(usage.at))
            .persistent(self.statement_cache);
        Ok(DB::rows_affected(&update.execute(connection).await?) == 1)
    }

    async fn delete_passkeys(
        &self,
        connection: &mut DB::Connection,
        user: UserId,
        only: Option<PasskeyId>,
    ) -> Result<u64, sqlx::Error> {
        let delete = sqlx::query(statements::DELETE_PASSKEYS)
            .bind(user.0)
            .bind(only.map(|id| id.0))
            .persistent(self.statement_cache);
        Ok(DB::rows_affected(&delete.execute(connection).await?))
    }

    /// Marks the challenge of a passkey as used.
    pub(super) async fn mark_challenge(
        &self,
        connection: &mut DB::Connection,
        used: &UsedChallenge,
    ) -> Result<(), StoreError> {
        let insert = sqlx::query(statements::MARK_CHALLENGE)
            .bind(used.id.to_vec())
            .bind(to_micros(used.expires_at))
            .persistent(self.statement_cache);
        require(DB::rows_affected(&insert.execute(connection).await?) == 1)
    }
}

fn require(changed: bool) -> Result<(), StoreError> {
    if changed {
        Ok(())
    } else {
        Err(StoreError::new(StoreErrorKind::PasskeyChanged))
    }
}
