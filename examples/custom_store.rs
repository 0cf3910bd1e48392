//! `cargo run --example custom_store`: a store of one's own. It lies around another one and tells
//! the rest of the company who has left, so that other systems can let go of them, too.
//!
//! A store from the ground up implements the same traits; what each method has to keep together
//! stands there.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use divan_core::service::{Admin, AuthService, ClientInfo, CreateUserCommand, UpdateUserCommand};
use divan_core::store::{
    Account, AuditQuery, AuditStore, BootstrapClaim, BootstrapStore, FoundUsers, MemoryStore,
    NewUser, SessionAdvance, SessionStore, Store, StoreError, StoredSession, UpdateFn,
    UpdatedAccount, UserQuery, UserStore,
};
use divan_core::token::{Audiences, SecretKey};
use divan_core::types::{AuditEvent, Email, Phone, SessionId, TelegramId, User, UserId};
use time::OffsetDateTime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A store that tells who was deactivated, once it is written down.
#[derive(Debug)]
struct TellingStore<S> {
    inner: S,
    left: UnboundedSender<User>,
}

impl<S> TellingStore<S> {
    fn around(inner: S) -> (Self, UnboundedReceiver<User>) {
        let (left, told) = unbounded_channel();
        (Self { inner, left }, told)
    }
}

#[async_trait]
impl<S: Store> UserStore for TellingStore<S> {
    async fn update_account(
        &self,
        id: UserId,
        change: &UpdateFn<'_>,
    ) -> Result<Option<UpdatedAccount>, StoreError> {
        // The store may ask for the change several times; what counts is what it was told last.
        let was_active = AtomicBool::new(false);
        let watched = |account: &mut Account| {
            was_active.store(account.user.is_active, Ordering::SeqCst);
            change(account)
        };
        let updated = self.inner.update_account(id, &watched).await?;
        if let Some(UpdatedAccount { account, .. }) = &updated
            && was_active.load(Ordering::SeqCst)
            && !account.user.is_active
        {
            // Nobody listens any more: nothing that a sign-in should fail for.
            let _ = self.left.send(account.user.clone());
        }
        Ok(updated)
    }

    async fn account(&self, id: UserId) -> Result<Option<Account>, StoreError> {
        self.inner.account(id).await
    }

    async fn account_by_phone(&self, phone: &Phone) -> Result<Option<Account>, StoreError> {
        self.inner.account_by_phone(phone).await
    }

    async fn account_by_email(&self, email: &Email) -> Result<Option<Account>, StoreError> {
        self.inner.account_by_email(email).await
    }

    async fn account_by_telegram(&self, id: TelegramId) -> Result<Option<Account>, StoreError> {
        self.inner.account_by_telegram(id).await
    }

    async fn users(&self, query: &UserQuery) -> Result<FoundUsers, StoreError> {
        self.inner.users(query).await
    }

    async fn users_by_contact(
        &self,
        phones: &[Phone],
        emails: &[Email],
    ) -> Result<Vec<User>, StoreError> {
        self.inner.users_by_contact(phones, emails).await
    }

    async fn insert_users(&self, new: &[NewUser]) -> Result<(), StoreError> {
        self.inner.insert_users(new).await
    }
}

#[async_trait]
impl<S: Store> SessionStore for TellingStore<S> {
    async fn session(&self, id: SessionId) -> Result<Option<(StoredSession, User)>, StoreError> {
        self.inner.session(id).await
    }

    async fn sessions_of(
        &self,
        user: UserId,
        at: OffsetDateTime,
    ) -> Result<Vec<StoredSession>, StoreError> {
        self.inner.sessions_of(user, at).await
    }

    async fn advance_session(&self, advance: &SessionAdvance) -> Result<bool, StoreError> {
        self.inner.advance_session(advance).await
    }

    async fn purge_sessions(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        self.inner.purge_sessions(before).await
    }
}

#[async_trait]
impl<S: Store> AuditStore for TellingStore<S> {
    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditEvent>, StoreError> {
        self.inner.audit(query).await
    }

    async fn purge_audit(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        self.inner.purge_audit(before).await
    }
}

#[async_trait]
impl<S: Store> BootstrapStore for TellingStore<S> {
    async fn is_bootstrapped(&self) -> Result<bool, StoreError> {
        self.inner.is_bootstrapped().await
    }

    async fn claim_bootstrap(
        &self,
        at: OffsetDateTime,
    ) -> Result<Option<Box<dyn BootstrapClaim>>, StoreError> {
        self.inner.claim_bootstrap(at).await
    }
}

#[async_trait]
impl<S: Store> Store for TellingStore<S> {
    async fn ping(&self) -> Result<(), StoreError> {
        self.inner.ping().await
    }
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (store, mut told) = TellingStore::around(MemoryStore::new());
    for user in somebody_leaves(store).await? {
        println!(
            "{} is {}.",
            user.full_name,
            if user.is_active { "here" } else { "gone" }
        );
    }
    while let Ok(user) = told.try_recv() {
        println!(
            "The rest of the company is told that {} has left.",
            user.full_name
        );
    }
    Ok(())
}

/// Two employees come, and one goes: what each of them is afterwards.
async fn somebody_leaves(store: impl Store + 'static) -> Result<Vec<User>, Box<dyn Error>> {
    let audiences = Audiences::new("divan.example.com", "sec.example.com")?;
    let key = SecretKey::new("thirty-two bytes that nobody else knows")?;
    let service =
        AuthService::builder(Arc::new(store), &key, "https://sec.example.com", audiences).build();
    let (admin, client) = (Admin::operator(), ClientInfo::unknown());
    let service = service.as_admin(&admin, &client);
    let mut users = Vec::new();
    for (name, phone) in [
        ("First Last", "+77011234567"),
        ("Second Last", "+77017654321"),
    ] {
        let request = CreateUserCommand::employee(name, phone);
        users.push(service.create_user(&request).await?.user);
    }
    let mut deactivate = UpdateUserCommand::default();
    deactivate.is_active = Some(false);
    users[0] = service.update_user(users[0].id, &deactivate).await?;
    Ok(users)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_leaves_is_told_once_and_nobody_else() {
        let (store, mut told) = TellingStore::around(MemoryStore::new());
        let users = somebody_leaves(store).await.unwrap();
        assert_eq!(told.recv().await.as_ref(), Some(&users[0]));
        assert_eq!(told.recv().await, None);
    }
}
