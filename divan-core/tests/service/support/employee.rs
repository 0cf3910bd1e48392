//! A service with an administrator and an employee, on any store.

use std::sync::Arc;
use std::time::Duration;

use divan_core::clock::{Clock, ManualClock};
use divan_core::init_data::{BotToken, InitDataBuilder};
use divan_core::secret::Secret;
use divan_core::service::{
    Admin, AuthService, Caller, ClientInfo, CreateUserCommand, IssuedTokens, ServiceError,
};
use divan_core::session::EndReason;
use divan_core::store::Store;
use divan_core::token::RefreshToken;
use divan_core::types::{SessionId, UserId};

use crate::support::{
    ADMIN_EMAIL, BOT, NOW, PASSWORD, PHONE, Refusal, bootstrap, builder, login_command, refusal,
    sign_in_admin,
};

pub(crate) const DAY: Duration = Duration::from_hours(24);

pub(crate) struct Fixture {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) service: AuthService,
    pub(crate) employee: UserId,
}

impl Fixture {
    pub(crate) async fn on(store: Arc<dyn Store>) -> Self {
        let clock = Arc::new(ManualClock::at_unix(NOW));
        let service = builder(store.clone(), &clock).build();
        bootstrap(&service, &ClientInfo::unknown()).await;
        let mut f = Self {
            store,
            clock,
            service,
            employee: UserId(uuid::Uuid::nil()),
        };
        let employee = CreateUserCommand::employee("First Last", PHONE).password(PASSWORD);
        f.employee = f
            .service
            .as_admin(&f.admin().await, &ClientInfo::unknown())
            .create_user(&employee)
            .await
            .unwrap()
            .user
            .id;
        f
    }

    /// Returns a service as of another process on the same database.
    pub(crate) fn another_server(&self) -> AuthService {
        builder(self.store.clone(), &self.clock).build()
    }

    pub(crate) async fn admin(&self) -> Admin {
        sign_in_admin(&self.service, ADMIN_EMAIL, &ClientInfo::unknown()).await
    }

    pub(crate) fn init_data(&self, age: Duration) -> Secret {
        let token: BotToken = BOT.parse().unwrap();
        let signed_at = self.clock.unix_seconds() - age.as_secs();
        InitDataBuilder::new(signed_at)
            .user(42, "First")
            .sign(&token)
            .into()
    }

    pub(crate) async fn login(&self) -> IssuedTokens {
        self.login_with(PASSWORD).await.unwrap()
    }

    pub(crate) async fn login_with(&self, password: &str) -> Result<IssuedTokens, ServiceError> {
        let init_data = self.init_data(Duration::ZERO);
        let client = ClientInfo::unknown()
            .device("Browser")
            .address("203.0.113.7".parse().unwrap());
        self.service
            .for_client(&client)
            .telegram_login(&login_command(PHONE, password, &init_data))
            .await
    }

    pub(crate) async fn auto_login(&self) -> Result<IssuedTokens, ServiceError> {
        self.service
            .for_client(&ClientInfo::unknown())
            .auto_login(&self.init_data(Duration::ZERO))
            .await
    }

    pub(crate) async fn access(&self, session: &IssuedTokens) -> Result<Caller, ServiceError> {
        self.service
            .authenticate(session.access_token.expose())
            .await
    }

    pub(crate) async fn refresh(
        &self,
        session: &IssuedTokens,
    ) -> Result<IssuedTokens, ServiceError> {
        self.service
            .for_client(&ClientInfo::unknown())
            .refresh(&session.refresh_token)
            .await
    }

    pub(crate) async fn end_reason(&self, session: &IssuedTokens) -> Option<EndReason> {
        let (stored, _) = self.store.session(id_of(session)).await.unwrap().unwrap();
        stored.end.map(|end| end.reason)
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    pub(crate) async fn assert_signed_out(&self, session: &IssuedTokens) {
        assert_eq!(refusal(self.access(session).await), Refusal::TokenInvalid);
        assert_eq!(
            refusal(self.refresh(session).await),
            Refusal::RefreshTokenInvalid
        );
    }
}

pub(crate) fn token_of(session: &IssuedTokens) -> RefreshToken {
    session.refresh_token.expose().parse().unwrap()
}

pub(crate) fn id_of(session: &IssuedTokens) -> SessionId {
    token_of(session).session()
}
