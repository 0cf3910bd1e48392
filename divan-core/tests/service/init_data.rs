//! Verifiers of init data: several bots, maximum ages and a replay guard.

use std::sync::Arc;
use std::time::Duration;

use divan_core::clock::{Clock, ManualClock};
use divan_core::init_data::{BotToken, InMemoryReplayGuard, InitDataBuilder, Verifier};
use divan_core::secret::Secret;
use divan_core::service::{
    Admin, AuthService, ClientInfo, CreateUserCommand, IssuedTokens, ServiceError,
};
use divan_core::store::MemoryStore;

use crate::support::{BOT, NOW, PASSWORD, PHONE, Refusal, builder, login_command, refusal};

const SECOND_BOT: &str = "1234567891:AAFakeTokenForDivanTestVectorsOnly_0001";
const THIRD_BOT: &str = "1234567892:AAFakeTokenForDivanTestVectorsOnly_0002";
const DAY: Duration = Duration::from_hours(24);
const HOUR: Duration = Duration::from_hours(1);

struct Fixture {
    clock: Arc<ManualClock>,
    service: AuthService,
}

impl Fixture {
    async fn new(login: Verifier, auto_login: Option<Verifier>) -> Self {
        let clock = Arc::new(ManualClock::at_unix(NOW));
        let mut builder = builder(Arc::new(MemoryStore::new()), &clock).telegram_verifier(login);
        if let Some(verifier) = auto_login {
            builder = builder.auto_login_verifier(verifier);
        }
        let service = builder.build();
        service
            .as_admin(&Admin::operator(), &ClientInfo::unknown())
            .create_user(&CreateUserCommand::employee("First Last", PHONE).password(PASSWORD))
            .await
            .unwrap();
        Self { clock, service }
    }

    fn init_data(&self, bot: &str, age: Duration) -> Secret {
        InitDataBuilder::new(self.clock.unix_seconds() - age.as_secs())
            .user(42, "First")
            .sign(&token(bot))
            .into()
    }

    async fn login(&self, init_data: &Secret) -> Result<IssuedTokens, ServiceError> {
        self.service
            .for_client(&ClientInfo::unknown())
            .telegram_login(&login_command(PHONE, PASSWORD, init_data))
            .await
    }

    async fn auto_login(&self, init_data: &Secret) -> Result<IssuedTokens, ServiceError> {
        self.service
            .for_client(&ClientInfo::unknown())
            .auto_login(init_data)
            .await
    }
}

fn token(bot: &str) -> BotToken {
    bot.parse().unwrap()
}

fn two_bots(max_age: Duration) -> Verifier {
    Verifier::new(token(BOT), max_age).or(token(SECOND_BOT))
}

#[tokio::test]
async fn init_data_of_each_configured_bot_signs_in() {
    let f = Fixture::new(two_bots(DAY), None).await;
    for bot in [BOT, SECOND_BOT] {
        let data = f.init_data(bot, Duration::ZERO);
        f.login(&data).await.unwrap();
        f.auto_login(&data).await.unwrap();
    }
    let data = f.init_data(THIRD_BOT, Duration::ZERO);
    assert_eq!(refusal(f.login(&data).await), Refusal::InitDataInvalid);
    assert_eq!(refusal(f.auto_login(&data).await), Refusal::InitDataInvalid);
}

#[tokio::test]
async fn a_replay_guard_accepts_init_data_once_for_auto_login_and_once_for_sign_in() {
    let guard = Arc::new(InMemoryReplayGuard::new(10));
    let f = Fixture::new(two_bots(DAY).replay_guard(guard), None).await;
    let data = f.init_data(SECOND_BOT, Duration::ZERO);
    assert_eq!(
        refusal(f.auto_login(&data).await),
        Refusal::PasswordRequired
    );
    f.login(&data).await.unwrap();
    assert_eq!(refusal(f.login(&data).await), Refusal::InitDataInvalid);
    assert_eq!(refusal(f.auto_login(&data).await), Refusal::InitDataInvalid);
    let data = f.init_data(BOT, Duration::from_secs(1));
    f.auto_login(&data).await.unwrap();
    assert_eq!(refusal(f.auto_login(&data).await), Refusal::InitDataInvalid);
}

#[tokio::test]
async fn auto_login_accepts_init_data_of_at_most_one_hour() {
    let second = Duration::from_secs(1);
    let f = Fixture::new(two_bots(DAY), None).await;
    f.login(&f.init_data(BOT, DAY)).await.unwrap();
    let old = f.init_data(BOT, DAY + second);
    assert_eq!(refusal(f.login(&old).await), Refusal::InitDataExpired);
    f.auto_login(&f.init_data(BOT, HOUR)).await.unwrap();
    let old = f.init_data(BOT, HOUR + second);
    assert_eq!(refusal(f.auto_login(&old).await), Refusal::AutoLoginExpired);
    f.login(&old).await.unwrap();
    let old = f.init_data(BOT, DAY + second);
    assert_eq!(refusal(f.auto_login(&old).await), Refusal::InitDataExpired);

    let f = Fixture::new(two_bots(HOUR / 6), None).await;
    let old = f.init_data(BOT, HOUR / 6 + second);
    assert_eq!(refusal(f.auto_login(&old).await), Refusal::InitDataExpired);
}

#[tokio::test]
async fn init_data_too_old_for_auto_login_leads_to_a_sign_in_that_accepts_it_once() {
    let guard = Arc::new(InMemoryReplayGuard::new(10));
    let f = Fixture::new(two_bots(DAY).replay_guard(guard), None).await;
    let old = f.init_data(BOT, 2 * HOUR);
    for _ in 0..2 {
        assert_eq!(refusal(f.auto_login(&old).await), Refusal::AutoLoginExpired);
    }
    f.login(&old).await.unwrap();
    assert_eq!(refusal(f.login(&old).await), Refusal::InitDataInvalid);
}

#[tokio::test]
async fn a_separate_verifier_decides_about_auto_login() {
    let f = Fixture::new(two_bots(DAY), Some(Verifier::new(token(BOT), 2 * HOUR))).await;
    f.login(&f.init_data(SECOND_BOT, Duration::ZERO))
        .await
        .unwrap();
    f.auto_login(&f.init_data(BOT, 2 * HOUR)).await.unwrap();
    let other_bot = f.init_data(SECOND_BOT, Duration::ZERO);
    assert_eq!(
        refusal(f.auto_login(&other_bot).await),
        Refusal::InitDataInvalid
    );
}
