//! A service that counts password hashes, on the memory store.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use divan_core::clock::ManualClock;
use divan_core::password::{
    Argon2idHasher, HashError, HashMemory, Password, PasswordHash, PasswordHasher, Verification,
};
use divan_core::secret::Secret;
use divan_core::service::{
    Admin, AuthService, BootstrapCommand, BootstrapPolicy, ClientInfo, CreateUserCommand,
    ServiceError,
};
use divan_core::store::{Account, MemoryStore, UserStore};
use divan_core::types::{User, UserId};

use crate::created::created;
use crate::support::{
    ADMIN_EMAIL, ADMIN_PASSWORD, NOW, PASSWORD, PHONE, bootstrap, builder, login_command,
    sign_in_admin,
};

/// Counts hash computations, and runs a hook in the middle of one.
#[derive(Default)]
pub(crate) struct CountingHasher {
    pub(crate) computations: AtomicUsize,
    pub(crate) during_hash: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl std::fmt::Debug for CountingHasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CountingHasher")
    }
}

impl CountingHasher {
    pub(crate) fn count(&self) {
        self.computations.fetch_add(1, Ordering::SeqCst);
        if let Some(during_hash) = self.during_hash.lock().unwrap().take() {
            during_hash();
        }
    }

    pub(crate) fn taken(&self) -> usize {
        self.computations.swap(0, Ordering::SeqCst)
    }
}

impl PasswordHasher for CountingHasher {
    fn hash(
        &self,
        password: &Password,
        salt: &[u8; 16],
        memory: &mut HashMemory,
    ) -> Result<PasswordHash, HashError> {
        self.count();
        Argon2idHasher::insecure_for_tests().hash(password, salt, memory)
    }

    fn verify(
        &self,
        password: &Password,
        stored: Option<&PasswordHash>,
        memory: &mut HashMemory,
    ) -> Verification {
        self.count();
        Argon2idHasher::insecure_for_tests().verify(password, stored, memory)
    }
}

pub(crate) struct Fixture {
    pub(crate) service: AuthService,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) hasher: Arc<CountingHasher>,
    pub(crate) clock: Arc<ManualClock>,
}

pub(crate) fn fixture_with(policy: BootstrapPolicy) -> Fixture {
    let store = Arc::new(MemoryStore::new());
    let hasher = Arc::new(CountingHasher::default());
    let clock = Arc::new(ManualClock::at_unix(NOW));
    let service = builder(store.clone(), &clock)
        .bootstrap(policy)
        .hasher(hasher.clone())
        .build();
    Fixture {
        service,
        store,
        hasher,
        clock,
    }
}

/// A service with an administrator and one employee.
pub(crate) async fn fixture() -> Fixture {
    let f = fixture_with(BootstrapPolicy::OpenToAnyone);
    bootstrap(&f.service, &ClientInfo::unknown()).await;
    let admin = f.admin().await;
    f.service
        .as_admin(&admin, &ClientInfo::unknown())
        .create_user(&employee_request(PHONE))
        .await
        .unwrap();
    f.hasher.taken();
    f
}

pub(crate) fn bootstrap_request() -> BootstrapCommand {
    BootstrapCommand::new(ADMIN_EMAIL, ADMIN_PASSWORD)
}

pub(crate) fn bootstrap_request_with(token: Option<&Secret>) -> BootstrapCommand {
    let mut command = bootstrap_request();
    command.token = token.cloned();
    command
}

pub(crate) fn employee_request(phone: &str) -> CreateUserCommand {
    CreateUserCommand::employee("First Last", phone).password(PASSWORD)
}

pub(crate) fn init_data(telegram_id: i64) -> Secret {
    crate::support::init_data(&ManualClock::at_unix(NOW), telegram_id)
}

impl Fixture {
    pub(crate) async fn admin(&self) -> Admin {
        sign_in_admin(&self.service, ADMIN_EMAIL, &ClientInfo::unknown()).await
    }

    pub(crate) async fn login(
        &self,
        phone: &str,
        password: &str,
        telegram_id: i64,
    ) -> Result<User, ServiceError> {
        let init_data = init_data(telegram_id);
        let session = self
            .service
            .for_client(&ClientInfo::unknown())
            .telegram_login(&login_command(phone, password, &init_data))
            .await?;
        Ok(session.user)
    }

    pub(crate) async fn stored(&self, phone: &str) -> Account {
        self.store
            .account_by_phone(&phone.parse().unwrap())
            .await
            .unwrap()
            .unwrap()
    }

    /// Adds an account that no endpoint could create.
    pub(crate) async fn insert(&self, phone: &str, change: impl FnOnce(&mut User)) {
        let mut account = self.stored(PHONE).await;
        account.user.id = UserId(uuid::Uuid::from_u128(phone.bytes().map(u128::from).sum()));
        account.user.phone = Some(phone.parse().unwrap());
        account.user.telegram_id = None;
        change(&mut account.user);
        self.store.insert_users(&[created(&account)]).await.unwrap();
    }
}
