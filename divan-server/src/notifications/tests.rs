//! Delivery through a mock of the Bot API, on both databases.

use std::sync::Arc;

use divan_core::clock::ManualClock;
use divan_core::database_url::DatabaseUrl;
use divan_core::init_data::BotToken;
use divan_core::password::{Argon2idHasher, PasswordHash};
use divan_core::service::{MessageKind, MessageResult};
use divan_core::store::{
    Account, AccountUpdate, MessageChannel, NewMessage, NewUser, PostgresPool, PostgresStore,
    SqliteStore, Store,
};
use divan_core::token::{Audiences, SecretKey};
use divan_core::types::{
    AuditAction, AuditEvent, AuditId, TelegramClient, TelegramId, User, UserId,
};
use divan_testing::{BotAnswer, MockBotApi, TestDatabase};
use serde_json::Value;
use time::OffsetDateTime;

use super::*;

const NOW: u64 = 1_780_000_000;
const MAIN: &str = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000";
const FURTHER: &str = "1234567891:AAFakeTokenForDivanTestVectorsOnly_0001";
const CHAT: i64 = 42;

macro_rules! on_every_store {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test] async fn $test() {
                let folder = tempfile::tempdir().unwrap();
                let file = folder.path().join("divan.db");
                let store = super::SqliteStore::open(&file).await.unwrap();
                super::$test(super::Fixture::on(std::sync::Arc::new(store)).await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test] async fn $test() {
                let database = super::TestDatabase::create().await;
                let store = super::postgres_store(&database).await;
                super::$test(super::Fixture::on(std::sync::Arc::new(store)).await).await;
            })*
        }
    };
}

on_every_store!(
    a_message_has_the_language_and_the_bot_of_the_user,
    an_administrator_gets_a_link_to_the_admin_panel,
    a_message_whose_answer_is_lost_is_sent_again,
    a_message_without_an_answer_in_time_is_sent_again,
    a_user_who_blocked_the_bot_gets_no_further_message,
    a_user_who_never_started_the_bot_gets_no_further_message,
    a_wait_of_429_is_obeyed,
    a_message_is_sent_again_after_a_server_error,
    a_message_is_sent_again_after_a_refused_token,
    a_refused_message_is_given_up,
    two_servers_keep_the_order_of_the_messages_of_a_user,
);

async fn postgres_store(database: &TestDatabase) -> PostgresStore {
    let DatabaseUrl::Postgres(url) = database.url().parse().unwrap() else {
        panic!("{database:?}")
    };
    let opened = PostgresStore::open(&url, PostgresPool::default()).await;
    opened.unwrap()
}

/// A sender of messages, and a user with a Telegram account.
struct Fixture {
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    api: MockBotApi,
    notifier: Notifier,
    user: UserId,
}

impl Fixture {
    async fn on(store: Arc<dyn Store>) -> Self {
        let clock = Arc::new(ManualClock::at_unix(NOW));
        let api = MockBotApi::start();
        let user = UserId(Uuid::from_u128(1));
        let mut f = Self {
            notifier: notifier(1, &store, &clock, &api),
            store,
            clock,
            api,
            user,
        };
        f.add_user(Role::Employee).await;
        f
    }

    async fn add_user(&mut self, role: Role) {
        self.user = UserId(Uuid::from_u128(self.user.0.as_u128() + 1));
        let at = OffsetDateTime::from_unix_timestamp(NOW.cast_signed()).unwrap();
        let mut user = User::new(self.user, role, "First Last", at);
        user.email = Some(format!("{}@example.com", self.user).parse().unwrap());
        user.telegram_id = Some(TelegramId(CHAT + i64::from(role == Role::Admin)));
        let mut account = Account::new(user, PasswordHash::from_stored("hash"));
        let mut client = TelegramClient::new(1_234_567_891);
        client.language = Some("kk-KZ".to_owned());
        account.telegram_client = Some(client);
        let id = AuditId(Uuid::from_u128(self.user.0.as_u128()));
        let event = AuditEvent::new(id, at, AuditAction::UserCreated, Some(self.user));
        let new = [NewUser::new(account, event)];
        self.store.insert_users(&new).await.unwrap();
    }

    async fn write(&self, kind: MessageKind) {
        let at = OffsetDateTime::from_unix_timestamp(NOW.cast_signed()).unwrap();
        let channel = MessageChannel::Telegram;
        let mut message = NewMessage::new(channel, self.user, kind.as_str(), at);
        message.parameters = r#"{"system":"Android"}"#.to_owned();
        let change = |_: &mut Account| Ok(Some(AccountUpdate::none().message(message.clone())));
        let updated = self.store.update_account(self.user, &change).await;
        updated.unwrap().unwrap();
    }

    async fn send_after(&self, seconds: u64) -> Duration {
        self.clock.advance(Duration::from_secs(seconds));
        self.notifier.send_due().await
    }

    /// Returns the texts that the Bot API received.
    fn texts(&self) -> Vec<String> {
        let received = self.api.received();
        let text = |body: &str| {
            let body: Value = serde_json::from_str(body).unwrap();
            body["text"].as_str().unwrap().to_owned()
        };
        received.iter().map(|request| text(&request.body)).collect()
    }

    fn count(&self, result: MessageResult) -> u64 {
        self.notifier.service.message_results(result)
    }

    async fn allows_messages(&self) -> Option<bool> {
        let account = self.store.account(self.user).await.unwrap().unwrap();
        account.telegram_client.unwrap().allows_write_to_pm
    }
}

fn notifier(
    server: u128,
    store: &Arc<dyn Store>,
    clock: &Arc<ManualClock>,
    api: &MockBotApi,
) -> Notifier {
    let service = AuthService::builder(
        store.clone(),
        &SecretKey::new([7; 32]).unwrap(),
        "https://sec.example.com",
        Audiences::new("divan.example.com", "sec.example.com").unwrap(),
    )
    .messages(true)
    .hasher(Arc::new(Argon2idHasher::insecure_for_tests()))
    .clock(clock.clone())
    .build();
    let url = api.url().parse().unwrap();
    let bot = |token: &str| {
        let token: BotToken = token.parse().unwrap();
        BotApi::new(&url, None, ("TELEGRAM_BOT_TOKEN", token), false).unwrap()
    };
    Notifier {
        service,
        bots: vec![bot(MAIN), bot(FURTHER)],
        miniapp: "https://divan.example.com/#sessions".parse().ok(),
        admin: "https://sec.example.com/#/account".parse().unwrap(),
        server: Uuid::from_u128(server),
        attempt: ATTEMPT,
        is_failing: AtomicBool::new(false),
    }
}

async fn a_message_has_the_language_and_the_bot_of_the_user(f: Fixture) {
    f.write(MessageKind::NewDevice).await;
    f.send_after(0).await;
    let received = f.api.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].path, format!("/bot{FURTHER}/sendMessage"));
    let body: Value = serde_json::from_str(&received[0].body).unwrap();
    assert_eq!(body["chat_id"], CHAT);
    let text = body["text"].as_str().unwrap();
    assert!(text.starts_with("Тіркелгіңізге жаңа құрылғыдан кірілді (Android)."));
    assert!(text.contains("\n28.05.2026, 20:26 UTC\n"), "{text}");
    let button = &body["reply_markup"]["inline_keyboard"][0][0];
    assert_eq!(button["text"], "Бұл мен емес");
    let url = &button["web_app"]["url"];
    assert_eq!(url, "https://divan.example.com/#sessions");
    assert_eq!(f.count(MessageResult::Delivered), 1);
    assert_eq!(f.send_after(3600).await, IDLE);
    assert_eq!(f.api.received().len(), 1);
}

async fn an_administrator_gets_a_link_to_the_admin_panel(mut f: Fixture) {
    f.add_user(Role::Admin).await;
    f.write(MessageKind::SecondFactorReset).await;
    f.send_after(0).await;
    let received = f.api.received();
    let body: Value = serde_json::from_str(&received[0].body).unwrap();
    let button = &body["reply_markup"]["inline_keyboard"][0][0];
    assert_eq!(button["url"], "https://sec.example.com/#/account");
}

async fn a_message_whose_answer_is_lost_is_sent_again(f: Fixture) {
    f.write(MessageKind::PasswordReset).await;
    f.api.answer([BotAnswer::Lose]);
    f.send_after(0).await;
    f.send_after(1).await;
    assert_eq!(f.api.received().len(), 1, "it waits");
    f.send_after(5).await;
    let texts = f.texts();
    assert_eq!(texts.len(), 2);
    assert_eq!(texts[0], texts[1], "at least once");
    let results = (
        f.count(MessageResult::Failed),
        f.count(MessageResult::Delivered),
    );
    assert_eq!(results, (1, 1));
}

async fn a_message_without_an_answer_in_time_is_sent_again(mut f: Fixture) {
    f.notifier.attempt = Duration::from_millis(200);
    f.write(MessageKind::PasswordReset).await;
    f.api.answer([BotAnswer::Hang]);
    f.send_after(0).await;
    f.notifier.attempt = ATTEMPT;
    f.send_after(5).await;
    assert_eq!(f.api.received().len(), 2);
    assert_eq!(f.count(MessageResult::Delivered), 1);
}

async fn a_user_who_blocked_the_bot_gets_no_further_message(f: Fixture) {
    let blocked =
        r#"{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}"#;
    no_further_message(f, BotAnswer::Status(403, blocked)).await;
}

async fn a_user_who_never_started_the_bot_gets_no_further_message(f: Fixture) {
    let unknown = r#"{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}"#;
    no_further_message(f, BotAnswer::Status(400, unknown)).await;
}

async fn no_further_message(f: Fixture, answer: BotAnswer) {
    f.write(MessageKind::PasswordReset).await;
    f.write(MessageKind::NewDevice).await;
    f.api.answer([answer]);
    f.send_after(0).await;
    for _ in 0..3 {
        f.send_after(3600).await;
    }
    assert_eq!(f.api.received().len(), 1);
    assert_eq!(f.count(MessageResult::Undeliverable), 2);
    assert_eq!(f.allows_messages().await, Some(false));
}

async fn a_wait_of_429_is_obeyed(f: Fixture) {
    f.write(MessageKind::PasswordReset).await;
    let limited = r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7","parameters":{"retry_after":7}}"#;
    f.api.answer([BotAnswer::Status(429, limited)]);
    assert_eq!(f.send_after(0).await, Duration::from_secs(7));
    f.send_after(6).await;
    assert_eq!(f.api.received().len(), 1);
    f.send_after(1).await;
    assert_eq!(f.api.received().len(), 2);
    assert_eq!(f.count(MessageResult::Delivered), 1);
}

async fn a_message_is_sent_again_after_a_server_error(f: Fixture) {
    sent_again_after(f, BotAnswer::Status(502, "<html>")).await;
}

async fn a_message_is_sent_again_after_a_refused_token(f: Fixture) {
    let refused = r#"{"ok":false,"error_code":401,"description":"Unauthorized"}"#;
    sent_again_after(f, BotAnswer::Status(401, refused)).await;
}

async fn sent_again_after(f: Fixture, answer: BotAnswer) {
    f.write(MessageKind::PasswordReset).await;
    f.api.answer([answer]);
    f.send_after(0).await;
    assert_eq!(f.count(MessageResult::Failed), 1);
    f.send_after(5).await;
    assert_eq!(f.count(MessageResult::Delivered), 1);
    assert_eq!(f.allows_messages().await, None);
}

async fn a_refused_message_is_given_up(f: Fixture) {
    f.write(MessageKind::PasswordReset).await;
    let refused =
        r#"{"ok":false,"error_code":400,"description":"Bad Request: BUTTON_URL_INVALID"}"#;
    f.api.answer([BotAnswer::Status(400, refused)]);
    f.send_after(0).await;
    f.send_after(3600).await;
    assert_eq!(f.api.received().len(), 1);
    assert_eq!(f.count(MessageResult::GivenUp), 1);
}

async fn two_servers_keep_the_order_of_the_messages_of_a_user(f: Fixture) {
    let other = notifier(2, &f.store, &f.clock, &f.api);
    let kinds = [
        MessageKind::PasswordReset,
        MessageKind::NewDevice,
        MessageKind::SessionStolen,
        MessageKind::TelegramLinked,
    ];
    for kind in kinds {
        f.write(kind).await;
    }
    f.api.answer([BotAnswer::Lose]);
    for _ in 0..60 {
        tokio::join!(f.notifier.send_due(), other.send_due());
        f.clock.advance(Duration::from_secs(1));
    }
    let mut texts = f.texts();
    texts.dedup();
    let client = f.store.account(f.user).await.unwrap().unwrap();
    assert_eq!(texts.len(), kinds.len(), "{texts:?}");
    let language = Language::of(client.telegram_client.unwrap().language.as_deref());
    for (kind, text) in kinds.into_iter().zip(texts) {
        let event = texts::event(language, kind);
        let start = event.split('{').next().unwrap();
        assert!(text.starts_with(start), "{kind}: {text}");
    }
}

#[test]
fn each_change_has_a_text_in_each_language() {
    let mut events = Vec::new();
    for language in Language::ALL {
        for kind in MessageKind::ALL {
            let event = texts::event(language, *kind);
            assert!(!events.contains(&event), "{event}");
            events.push(event);
        }
    }
}

#[test]
fn the_language_is_that_of_the_telegram_client() {
    for (tag, language) in [
        (Some("ru"), Language::Russian),
        (Some("RU-ru"), Language::Russian),
        (Some("kk"), Language::Kazakh),
        (Some("de"), Language::English),
        (None, Language::English),
    ] {
        assert_eq!(Language::of(tag), language, "{tag:?}");
    }
}
