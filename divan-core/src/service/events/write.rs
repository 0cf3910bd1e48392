//! Events of changes. All code of the service that changes accounts does it with these functions.

use std::collections::BTreeSet;

use time::OffsetDateTime;

use crate::service::update_user::changed_fields;
use crate::service::{AuthService, Field};
use crate::store::{
    Account, AccountUpdate, BootstrapClaim, NewMessage, NewUser, StoreError, UpdateFn,
    UpdatedAccount,
};
use crate::types::{AuditEvent, EventData, Role, UserId};

/// Members whose changes have events of their own.
const REPORTED_OTHERWISE: [&str; 3] = ["role", "is_active", "telegram_id"];

impl AuthService {
    /// Changes an account, as the store does. The events of the change are written with it.
    pub(in crate::service) async fn update_account(
        &self,
        id: UserId,
        change: &UpdateFn<'_>,
    ) -> Result<Option<UpdatedAccount>, StoreError> {
        let store = &self.parts.store;
        if !self.parts.events.is_on {
            return store.update_account(id, change).await;
        }
        let now = self.now();
        let reported = |account: &mut Account| with_events(account, change, now);
        let updated = store.update_account(id, &reported).await?;
        self.parts.events.written.send_replace(());
        Ok(updated)
    }

    /// Changes accounts and inserts users, as the store does. The events of the changes are written with them.
    pub(in crate::service) async fn update_accounts(
        &self,
        ids: &BTreeSet<UserId>,
        change: &UpdateFn<'_>,
        new: &[NewUser],
    ) -> Result<Option<Vec<UpdatedAccount>>, StoreError> {
        let store = &self.parts.store;
        if !self.parts.events.is_on {
            return store.update_accounts(ids, change, new).await;
        }
        let now = self.now();
        let reported = |account: &mut Account| with_events(account, change, now);
        let updated = store.update_accounts(ids, &reported, new).await?;
        self.parts.events.written.send_replace(());
        Ok(updated)
    }

    /// Combines an account to insert with its audit event and the events.
    pub(in crate::service) fn new_user(&self, account: Account, event: AuditEvent) -> NewUser {
        let at = event.at;
        let user = account.user.clone();
        let new = NewUser::new(account, event);
        if !self.parts.events.is_on {
            return new;
        }
        let created = EventData::UserCreated {
            role: user.role,
            is_active: user.is_active,
        };
        let linked = user.telegram_id.map(|_| EventData::TelegramLinked {});
        let promoted = (user.role == Role::Admin).then_some(EventData::AdminPromoted {});
        let events = [Some(created), linked, promoted].into_iter().flatten();
        new.messages(events.map(|data| NewMessage::event(user.id, &data, at)))
    }

    /// Inserts users of [`new_user`](Self::new_user), if possible with a claim of the bootstrap.
    pub(in crate::service) async fn insert_users(
        &self,
        claim: Option<Box<dyn BootstrapClaim>>,
        new: &[NewUser],
    ) -> Result<(), StoreError> {
        match claim {
            Some(claim) => claim.complete(new).await?,
            None => self.parts.store.insert_users(new).await?,
        }
        self.parts.events.written.send_replace(());
        Ok(())
    }
}

fn with_events(
    account: &mut Account,
    change: &UpdateFn<'_>,
    at: OffsetDateTime,
) -> Result<Option<AccountUpdate>, StoreError> {
    let before = account.clone();
    let Some(mut update) = change(account)? else {
        return Ok(None);
    };
    let events = events_of(&before, account, &update);
    let user = before.user.id;
    let events = events.map(|data| NewMessage::event(user, &data, at));
    update.messages.extend(events);
    Ok(Some(update.report_ended(at)))
}

/// Returns the events of the change of an account. Each change of a member is reported by one of them.
fn events_of(
    before: &Account,
    after: &Account,
    update: &AccountUpdate,
) -> impl Iterator<Item = EventData> + use<> {
    let role = after.user.role;
    if update.delete_user {
        return vec![EventData::UserDeleted { role }].into_iter();
    }
    let mut events = Vec::new();
    if let Some(changes) = changes(before, after) {
        let is_active = after.user.is_active;
        events.push(EventData::UserUpdated {
            changes,
            role,
            is_active,
        });
    }
    match (before.user.role, role) {
        (Role::Employee, Role::Admin) => events.push(EventData::AdminPromoted {}),
        (Role::Admin, Role::Employee) => events.push(EventData::AdminDemoted {}),
        _ => {}
    }
    match (before.user.is_active, after.user.is_active) {
        (false, true) => events.push(EventData::UserActivated { role }),
        (true, false) => events.push(EventData::UserDeactivated { role }),
        _ => {}
    }
    if before.user.telegram_id != after.user.telegram_id {
        if before.user.telegram_id.is_some() {
            events.push(EventData::TelegramUnlinked {});
        }
        if after.user.telegram_id.is_some() {
            events.push(EventData::TelegramLinked {});
        }
    }
    events.into_iter()
}

/// Returns the names of the changed members; `None` without any. The name of the Telegram account belongs to
/// its link.
fn changes(before: &Account, after: &Account) -> Option<Vec<String>> {
    let is_same_link = before.user.telegram_id == after.user.telegram_id;
    let has_new_name = before.user.telegram_username != after.user.telegram_username;
    let mut changes = changed_fields(&before.user, &after.user);
    changes.retain(|name| !REPORTED_OTHERWISE.contains(name));
    if is_same_link && has_new_name {
        changes.push("telegram_username");
    }
    let mut changes: Vec<String> = changes.into_iter().map(str::to_owned).collect();
    if before.metadata != after.metadata {
        changes.push(Field::Metadata.to_string());
    }
    (!changes.is_empty()).then_some(changes)
}
