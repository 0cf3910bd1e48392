//! Fixtures of the service tests.

pub(crate) mod admin;
pub(crate) mod counting;
pub(crate) mod employee;
pub(crate) mod enrolled;
pub(crate) mod key_holder;
mod refusal;

use std::sync::Arc;

use divan_core::clock::{Clock, ManualClock};
use divan_core::init_data::InitDataBuilder;
use divan_core::passkey::RelyingParty;
use divan_core::password::Argon2idHasher;
use divan_core::secret::Secret;
use divan_core::service::{
    Admin, AdminLoginCommand, AuthService, AuthServiceBuilder, BootstrapCommand, BootstrapPolicy,
    ClientInfo, LoginPhone, TelegramLoginCommand,
};
use divan_core::store::Store;
use divan_core::token::{Audiences, SecretKey, TokenVerifier};

pub(crate) use refusal::{Refusal, refusal};

pub(crate) const ISSUER: &str = "https://sec.example.com";
pub(crate) const NOW: u64 = 1_780_000_000;
pub(crate) const BOT: &str = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000";
pub(crate) const ADMIN_EMAIL: &str = "admin@example.com";
pub(crate) const ADMIN_PASSWORD: &str = "tram under the plum";
pub(crate) const PHONE: &str = "+77011234567";
pub(crate) const PASSWORD: &str = "umbrella 77";

/// Returns a service with open bootstrap and fast hashes, to be changed before it is built.
pub(crate) fn builder(store: Arc<dyn Store>, clock: &Arc<ManualClock>) -> AuthServiceBuilder {
    builder_with_key(7, store, clock)
}

/// Returns the same with another secret key.
pub(crate) fn builder_with_key(
    key: u8,
    store: Arc<dyn Store>,
    clock: &Arc<ManualClock>,
) -> AuthServiceBuilder {
    let key = SecretKey::new([key; 32]).unwrap();
    AuthService::builder(store, &key, ISSUER, audiences())
        .passkeys(RelyingParty::new(ISSUER).unwrap())
        .telegram(BOT.parse().unwrap())
        .messages(true)
        .events(true)
        .bootstrap(BootstrapPolicy::OpenToAnyone)
        .hasher(Arc::new(Argon2idHasher::insecure_for_tests()))
        .clock(clock.clone())
}

/// Returns a verifier of the access tokens that the services of [`builder`] issue.
pub(crate) fn verifier(clock: &Arc<ManualClock>) -> TokenVerifier {
    let key = SecretKey::new([7; 32]).unwrap();
    TokenVerifier::new(&key, ISSUER, audiences()).clock(clock.clone())
}

fn audiences() -> Audiences {
    Audiences::new("divan.example.com", "sec.example.com").unwrap()
}

/// Creates the first administrator.
pub(crate) async fn bootstrap(service: &AuthService, client: &ClientInfo) {
    service
        .for_client(client)
        .bootstrap(&BootstrapCommand::new(ADMIN_EMAIL, ADMIN_PASSWORD))
        .await
        .unwrap();
}

/// Signs in an administrator with [`ADMIN_PASSWORD`].
pub(crate) async fn sign_in_admin(
    service: &AuthService,
    email: &str,
    client: &ClientInfo,
) -> Admin {
    let tokens = service
        .for_client(client)
        .admin_login(&AdminLoginCommand::new(email, ADMIN_PASSWORD))
        .await
        .unwrap();
    let caller = service.authenticate(tokens.access_token.expose()).await;
    caller.unwrap().into_admin().unwrap()
}

pub(crate) fn login_command(
    phone: &str,
    password: impl Into<Secret>,
    init_data: &Secret,
) -> TelegramLoginCommand {
    let phone = LoginPhone::Typed(phone.to_owned());
    TelegramLoginCommand::new(phone, password, init_data.clone())
}

/// Returns init data that the bot signed at the current time.
pub(crate) fn init_data(clock: &ManualClock, telegram_id: i64) -> Secret {
    InitDataBuilder::new(clock.unix_seconds())
        .user_named(telegram_id, "First", "first_last")
        .sign(&BOT.parse().unwrap())
        .into()
}
