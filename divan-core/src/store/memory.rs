use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use time::OffsetDateTime;
use tokio::sync::OwnedMutexGuard;

use super::{
    Account, BootstrapClaim, BootstrapStore, SignIn, SignInOutcome, Store, StoreError, StoreErrorKind,
    UniqueKey, UserStore,
};
use crate::types::{Email, Phone, User, UserId};

/// A store that forgets everything when it is dropped, for tests and examples.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    accounts: Arc<Mutex<HashMap<UserId, Account>>>,
    bootstrapped: Arc<tokio::sync::Mutex<bool>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn accounts(&self) -> MutexGuard<'_, HashMap<UserId, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, wanted: impl Fn(&User) -> bool) -> Option<Account> {
        self.accounts().values().find(|account| wanted(&account.user)).cloned()
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl UserStore for MemoryStore {
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.accounts().get(&id).map(|account| account.user.clone()))
    }

    async fn account_by_phone(&self, phone: &Phone) -> Result<Option<Account>, StoreError> {
        Ok(self.find(|user| user.phone.as_ref() == Some(phone)))
    }

    async fn account_by_email(&self, email: &Email) -> Result<Option<Account>, StoreError> {
        Ok(self.find(|user| user.email.as_ref() == Some(email)))
    }

    async fn insert_user(&self, account: &Account) -> Result<(), StoreError> {
        let mut accounts = self.accounts();
        if let Some(key) = accounts.values().find_map(|other| shared_key(&account.user, &other.user)) {
            return Err(StoreError::new(StoreErrorKind::Conflict(key)));
        }
        accounts.insert(account.user.id, account.clone());
        Ok(())
    }

    async fn complete_sign_in(&self, sign_in: &SignIn) -> Result<SignInOutcome, StoreError> {
        let mut accounts = self.accounts();
        let presented = sign_in.telegram.as_ref().map(|telegram| telegram.id);
        let is_taken = presented.is_some_and(|id| {
            accounts.values().any(|other| other.user.id != sign_in.user && other.user.telegram_id == Some(id))
        });
        let Some(account) = accounts.get_mut(&sign_in.user).filter(|account| is_unchanged(account, sign_in))
        else {
            return Ok(SignInOutcome::Changed);
        };
        if is_taken {
            return Ok(SignInOutcome::TelegramTaken);
        }
        account.password_hash = sign_in.new_hash.clone();
        account.user.last_login_at = Some(sign_in.at);
        if let Some(telegram) = &sign_in.telegram {
            if account.user.telegram_id.is_none() {
                account.user.updated_at = sign_in.at;
            }
            account.user.telegram_id = Some(telegram.id);
            account.user.telegram_username.clone_from(&telegram.username);
        }
        Ok(SignInOutcome::Done(Box::new(account.user.clone())))
    }
}

#[async_trait]
impl BootstrapStore for MemoryStore {
    async fn is_bootstrapped(&self) -> Result<bool, StoreError> {
        Ok(*self.bootstrapped.lock().await)
    }

    async fn claim_bootstrap(
        &self,
        _: OffsetDateTime,
    ) -> Result<Option<Box<dyn BootstrapClaim>>, StoreError> {
        let row = Arc::clone(&self.bootstrapped).lock_owned().await;
        Ok(if *row { None } else { Some(Box::new(MemoryClaim { store: self.clone(), row })) })
    }
}

struct MemoryClaim {
    store: MemoryStore,
    row: OwnedMutexGuard<bool>,
}

#[async_trait]
impl BootstrapClaim for MemoryClaim {
    async fn complete(mut self: Box<Self>, account: &Account) -> Result<(), StoreError> {
        self.store.insert_user(account).await?;
        *self.row = true;
        Ok(())
    }
}

fn shared_key(a: &User, b: &User) -> Option<UniqueKey> {
    if a.email.is_some() && a.email == b.email {
        Some(UniqueKey::Email)
    } else if a.phone.is_some() && a.phone == b.phone {
        Some(UniqueKey::Phone)
    } else if a.telegram_id.is_some() && a.telegram_id == b.telegram_id {
        Some(UniqueKey::TelegramId)
    } else {
        None
    }
}

fn is_unchanged(account: &Account, sign_in: &SignIn) -> bool {
    let presented = sign_in.telegram.as_ref().map(|telegram| telegram.id);
    account.password_hash == sign_in.seen_hash
        && account.user.is_active
        && account.user.role == sign_in.role
        && (presented.is_none()
            || account.user.telegram_id.is_none()
            || account.user.telegram_id == presented)
}
