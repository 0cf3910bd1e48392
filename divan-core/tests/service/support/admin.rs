//! A service with an administrator, on any store.

use std::sync::Arc;
use std::time::Duration;

use divan_core::clock::ManualClock;
use divan_core::secret::Secret;
use divan_core::service::{
    Admin, AuthService, ClientInfo, CreateUserCommand, IssuedTokens, ListUsersQuery, ServiceError,
};
use divan_core::store::{AuditQuery, Store};
use divan_core::types::{AuditAction, User, UserId};

use crate::random::Random;
use crate::support::{
    ADMIN_EMAIL, NOW, PHONE, bootstrap, builder, init_data, login_command, sign_in_admin,
};

pub(crate) struct Fixture {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) service: AuthService,
}

impl Fixture {
    pub(crate) async fn on(store: Arc<dyn Store>) -> Self {
        let clock = Arc::new(ManualClock::at_unix(NOW));
        let service = builder(store.clone(), &clock).build();
        bootstrap(&service, &client()).await;
        Self {
            store,
            clock,
            service,
        }
    }

    pub(crate) async fn admin(&self) -> Admin {
        self.admin_with(ADMIN_EMAIL).await
    }

    pub(crate) async fn admin_with(&self, email: &str) -> Admin {
        sign_in_admin(&self.service, email, &client()).await
    }

    pub(crate) async fn add(&self, request: &CreateUserCommand) -> User {
        self.service
            .as_admin(&self.admin().await, &client())
            .create_user(request)
            .await
            .unwrap()
            .user
    }

    pub(crate) async fn login(&self, password: &Secret) -> Result<IssuedTokens, ServiceError> {
        let data = init_data(&self.clock, 42);
        self.service
            .for_client(&client())
            .telegram_login(&login_command(PHONE, password.clone(), &data))
            .await
    }

    /// Advances the clock, because ids of one millisecond have no order.
    pub(crate) fn tick(&self) {
        self.clock.advance(Duration::from_millis(1));
    }

    pub(crate) async fn find(&self, q: &str) -> Vec<String> {
        let mut request = ListUsersQuery::default();
        request.query = Some(q.to_owned());
        let page = self
            .service
            .as_admin(&self.admin().await, &ClientInfo::unknown())
            .list_users(&request)
            .await
            .unwrap();
        page.items.into_iter().map(|user| user.full_name).collect()
    }

    /// Returns the audited actions on a user, the oldest first.
    pub(crate) async fn actions(&self, user: UserId) -> Vec<AuditAction> {
        let mut query = AuditQuery::newest(100);
        query.subject = Some(user);
        let mut records = self.store.audit(&query).await.unwrap();
        records.reverse();
        records.iter().map(|record| record.action).collect()
    }

    /// Returns the members that the last audited action on a user changed.
    pub(crate) async fn changes(&self, user: UserId) -> Vec<String> {
        let mut query = AuditQuery::newest(1);
        query.subject = Some(user);
        let last = self.store.audit(&query).await.unwrap().pop();
        last.unwrap().changes
    }
}

pub(crate) fn client() -> ClientInfo {
    ClientInfo::unknown()
        .device("a browser")
        .address([203, 0, 113, 7].into())
        .request_id("request-1")
}

impl Random {
    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }
}
