//! `cargo run --example custom_store`: a custom store. It wraps another store and publishes
//! deactivated users, so that other systems can remove their access too.
//!
//! A store for another database implements the same traits. Their documentation states what each
//! method must do in one transaction.

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

/// A store that publishes each deactivated user after the change is committed.
#[derive(Debug)]
struct PublishingStore<S> {
    inner: S,
    deactivated: UnboundedSender<User>,
}

impl<S> PublishingStore<S> {
    fn new(inner: S) -> (Self, UnboundedReceiver<User>) {
        let (deactivated, receiver) = unbounded_channel();
        (Self { inner, deactivated }, receiver)
    }
}

#[async_trait]
impl<S: Store> UserStore for PublishingStore<S> {
    async fn update_account(
        &self,
        id: UserId,
        change: &UpdateFn<'_>,
    ) -> Result<Option<UpdatedAccount>, StoreError> {
        // The store may call the change several times; the last call counts.
        let was_active = AtomicBool::new(false);
        let observed = |account: &mut Account| {
            was_active.store(account.user.is_active, Ordering::SeqCst);
            change(account)
        };
        let updated = self.inner.update_account(id, &observed).await?;
        if let Some(UpdatedAccount { account, .. }) = &updated
            && was_active.load(Ordering::SeqCst)
            && !account.user.is_active
        {
            // A closed channel must not fail the update.
            let _ = self.deactivated.send(account.user.clone());
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
impl<S: Store> SessionStore for PublishingStore<S> {
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
impl<S: Store> AuditStore for PublishingStore<S> {
    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditEvent>, StoreError> {
        self.inner.audit(query).await
    }

    async fn purge_audit(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        self.inner.purge_audit(before).await
    }
}

#[async_trait]
impl<S: Store> BootstrapStore for PublishingStore<S> {
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
impl<S: Store> Store for PublishingStore<S> {
    async fn ping(&self) -> Result<(), StoreError> {
        self.inner.ping().await
    }
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (store, mut deactivated) = PublishingStore::new(MemoryStore::new());
    for user in deactivate_one_of_two(store).await? {
        println!(
            "{} is {}.",
            user.full_name,
            if user.is_active { "active" } else { "inactive" }
        );
    }
    while let Ok(user) = deactivated.try_recv() {
        println!("Other systems remove the access of {}.", user.full_name);
    }
    Ok(())
}

/// Creates two employees and deactivates the first. Returns both.
async fn deactivate_one_of_two(store: impl Store + 'static) -> Result<Vec<User>, Box<dyn Error>> {
    let audiences = Audiences::new("divan.example.com", "sec.example.com")?;
    let key = SecretKey::new("thirty-two bytes of a secret key!")?;
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
    async fn a_deactivated_user_is_published_once() {
        let (store, mut deactivated) = PublishingStore::new(MemoryStore::new());
        let users = deactivate_one_of_two(store).await.unwrap();
        assert_eq!(deactivated.recv().await.as_ref(), Some(&users[0]));
        assert_eq!(deactivated.recv().await, None);
    }
}
