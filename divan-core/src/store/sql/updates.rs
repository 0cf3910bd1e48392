//! Changes of several accounts in one transaction.

use std::collections::BTreeSet;

use super::accounts::ChangedAccount;
use super::{Backend, SqlStore, WriteTransaction, statements};
use crate::store::{NewUser, StoreError, UpdateFn, UpdatedAccount};
use crate::types::UserId;

impl<DB: Backend> SqlStore<DB> {
    /// Returning early drops the transaction, which rolls it back. The accounts are locked in the
    /// order of their ids, and the administrators last, as by the change of a single account.
    pub(super) async fn try_to_update_accounts(
        &self,
        mut transaction: WriteTransaction<DB>,
        ids: &BTreeSet<UserId>,
        change: &UpdateFn<'_>,
        new: &[NewUser],
    ) -> Result<Option<Vec<UpdatedAccount>>, StoreError> {
        let mut changed = Vec::with_capacity(ids.len());
        for id in ids {
            match self.change_account(&mut transaction, *id, change).await? {
                Some(account) => changed.push(account),
                None => return Ok(None),
            }
        }
        self.write_accounts(&mut transaction, &changed).await?;
        Self::insert_accounts(&mut transaction, new).await?;
        let mut updated = Vec::with_capacity(changed.len());
        for ChangedAccount { after, update, .. } in &changed {
            let id = after.user.id;
            let ended = self.update_sessions(&mut transaction, id, update).await?;
            self.update_defence(&mut transaction, id, update).await?;
            if update.delete_user {
                self.delete_account(&mut transaction, id).await?;
            }
            let account = after.clone();
            updated.push(UpdatedAccount { account, ended });
        }
        self.check_admins(&mut transaction, &changed, new).await?;
        let events: Vec<_> = changed.iter().flat_map(|c| &c.update.events).collect();
        for events in events.chunks(statements::ROWS_PER_INSERT) {
            Self::insert_audit_events(&mut transaction, events.iter().copied(), false).await?;
        }
        transaction.commit().await?;
        Ok(Some(updated))
    }

    /// Releases the unique values that change, then writes the accounts.
    async fn write_accounts(
        &self,
        connection: &mut DB::Connection,
        changed: &[ChangedAccount],
    ) -> Result<(), sqlx::Error> {
        for ChangedAccount { before, after, .. } in changed {
            let released = before.releasing(after);
            if released != *before {
                self.write_account(&mut *connection, &released).await?;
            }
        }
        for ChangedAccount { before, after, .. } in changed {
            if after != before {
                self.write_account(&mut *connection, after).await?;
                self.update_words(&mut *connection, &before.user, &after.user)
                    .await?;
            }
        }
        Ok(())
    }

    /// Requires an active administrator if one is removed. A first one closes the bootstrap.
    async fn check_admins(
        &self,
        connection: &mut DB::Connection,
        changed: &[ChangedAccount],
        new: &[NewUser],
    ) -> Result<(), StoreError> {
        let mut removed = changed
            .iter()
            .filter(|c| {
                let is_admin = c.after.is_active_admin() && !c.update.delete_user;
                c.before.is_active_admin() && !is_admin
            })
            .map(|c| &c.after.user);
        let removed = removed.next();
        let mut new = new.iter().map(|new| &new.account);
        let added = new.find(|account| account.is_active_admin());
        let Some(user) = removed.or(added.map(|account| &account.user)) else {
            return Ok(());
        };
        self.lock_admins(&mut *connection, user.updated_at).await?;
        match removed {
            // The removed one does not count: it is written.
            Some(user) => self.require_admin_other_than(connection, user.id).await,
            None => Ok(()),
        }
    }
}
