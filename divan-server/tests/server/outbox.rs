//! Messages through two servers on one database, one of which is killed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use divan_core::clock::{Clock, SystemClock};
use divan_core::database_url::DatabaseUrl;
use divan_core::password::PasswordHash;
use divan_core::store::{
    Account, AccountUpdate, MessageChannel, NewMessage, NewUser, OutboxStore, PostgresPool,
    PostgresStore, UserStore,
};
use divan_core::types::{AuditAction, AuditEvent, AuditId, Role, TelegramId, User, UserId};
use divan_testing::{BotRequest, MockBotApi, TestDatabase};
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::harness::{ADMIN_ORIGIN, BOT, MINIAPP_ORIGIN};
use crate::process::{KEY, Running, private_folder, program, start};

const USERS: u32 = 250;
const PER_USER: u32 = 4;
const MESSAGES: usize = (USERS * PER_USER) as usize;

/// Number of received messages at which one server is killed.
const KILL_AT: usize = 500;

/// Time between a request and the answer of the Bot API.
const LATENCY: Duration = Duration::from_millis(300);

const PATIENCE: Duration = Duration::from_mins(5);

const PAGE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../docs/guide/src/operations/notifications.md"
);
const START: &str = "<!-- outbox -->\n";
const END: &str = "<!-- end of outbox -->\n";

/// Takes minutes: `cargo xtask outbox` runs it, and writes the table of the guide.
#[tokio::test(flavor = "multi_thread")]
async fn messages_of_a_killed_server_are_sent_by_the_other_one() {
    let database = TestDatabase::create().await;
    let DatabaseUrl::Postgres(url) = database.url().parse().unwrap() else {
        panic!("{database:?}")
    };
    let api = MockBotApi::start();
    api.set_latency(LATENCY);
    let folder = private_folder();
    let server = || start_server(folder.path(), database.url(), &api);
    let (killed, other) = (server(), server());
    let opened = PostgresStore::open(&url, PostgresPool::default()).await;
    let store = opened.unwrap();
    write_messages(&store).await;
    let started = Instant::now();
    wait_until(&other, || api.received().len() >= KILL_AT).await;
    killed.kill();
    let received_at_kill = api.received().len();
    let is_done = || Ledger::new(&api.received()).distinct() == MESSAGES;
    wait_until(&other, is_done).await;
    while store
        .waiting_messages(MessageChannel::Telegram)
        .await
        .unwrap()
        .count
        > 0
    {
        assert!(started.elapsed() < PATIENCE, "{}", other.log());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let received = api.received();
    let ledger = Ledger::new(&received);
    assert_eq!(ledger.distinct(), MESSAGES, "messages are lost");
    assert_eq!(ledger.out_of_order(), 0);
    let duplicates = received.len() - MESSAGES;
    assert!(duplicates <= 10, "more than one batch: {duplicates}");
    assert!(!other.log().contains("gave up"), "{}", other.log());
    write_table(&[
        ("messages", MESSAGES.to_string()),
        ("users", USERS.to_string()),
        (
            "sent before one of two servers was killed",
            received_at_kill.to_string(),
        ),
        ("lost", (MESSAGES - ledger.distinct()).to_string()),
        ("sent twice", duplicates.to_string()),
        (
            "out of order for their user",
            ledger.out_of_order().to_string(),
        ),
        (
            "most within a second",
            busiest_second(&received).to_string(),
        ),
        ("seconds in total", started.elapsed().as_secs().to_string()),
    ]);
}

fn start_server(folder: &Path, database: &str, api: &MockBotApi) -> Running {
    let mut command = program(folder);
    command
        .env("DATABASE_URL", database)
        .env("SECRET_KEY", KEY)
        .env("TELEGRAM_BOT_TOKEN", BOT)
        .env("TELEGRAM_API_URL", api.url())
        .env("DIVAN_NOTIFICATIONS", "on")
        .env("DIVAN_METRICS_LISTEN", "off")
        .env("DIVAN_MINIAPP_URL", MINIAPP_ORIGIN)
        .env("DIVAN_ADMIN_URL", ADMIN_ORIGIN);
    start(&mut command)
}

async fn wait_until(server: &Running, is_reached: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_reached() {
        assert!(started.elapsed() < PATIENCE, "{}", server.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Creates users with a Telegram account, and writes messages to them in turn.
async fn write_messages(store: &PostgresStore) {
    let now = OffsetDateTime::from(SystemClock.now());
    let id = |user: u32| UserId(Uuid::from_u128(user.into()));
    let users: Vec<NewUser> = (1..=USERS)
        .map(|n| {
            let mut user = User::new(id(n), Role::Employee, format!("User {n}"), now);
            user.phone = Some(format!("+7701{n:07}").parse().unwrap());
            user.telegram_id = Some(TelegramId(n.into()));
            let account = Account::new(user, PasswordHash::from_stored("hash"));
            let event = AuditId(Uuid::from_u128(n.into()));
            let event = AuditEvent::new(event, now, AuditAction::UserCreated, Some(id(n)));
            NewUser::new(account, event)
        })
        .collect();
    store.insert_users(&users).await.unwrap();
    for number in 1..=PER_USER {
        for user in 1..=USERS {
            let channel = MessageChannel::Telegram;
            let mut message = NewMessage::new(channel, id(user), "new_device", now);
            // The text shows it.
            message.parameters = json!({"system": number.to_string()}).to_string();
            let change = |_: &mut Account| Ok(Some(AccountUpdate::none().message(message.clone())));
            let updated = store.update_account(id(user), &change).await;
            updated.unwrap().unwrap();
        }
    }
}

/// The numbers of the messages that each user received, in order of arrival.
struct Ledger(BTreeMap<i64, Vec<u32>>);

impl Ledger {
    fn new(received: &[BotRequest]) -> Self {
        let mut ledger = BTreeMap::<i64, Vec<u32>>::new();
        for request in received {
            let body: Value = serde_json::from_str(&request.body).unwrap();
            let (_, rest) = body["text"].as_str().unwrap().split_once('(').unwrap();
            let number = rest.split_once(')').unwrap().0.parse().unwrap();
            let user = body["chat_id"].as_i64().unwrap();
            ledger.entry(user).or_default().push(number);
        }
        Self(ledger)
    }

    fn distinct(&self) -> usize {
        let distinct = |numbers: &Vec<u32>| numbers.iter().collect::<BTreeSet<_>>().len();
        self.0.values().map(distinct).sum()
    }

    fn out_of_order(&self) -> usize {
        let falls = |numbers: &Vec<u32>| numbers.windows(2).filter(|w| w[0] > w[1]).count();
        self.0.values().map(falls).sum()
    }
}

/// Returns the greatest number of messages within a second.
fn busiest_second(received: &[BotRequest]) -> usize {
    let within = |from: Instant| {
        let is_within = |request: &&BotRequest| {
            request.at >= from && request.at < from + Duration::from_secs(1)
        };
        received.iter().filter(is_within).count()
    };
    let counts = received.iter().map(|request| within(request.at));
    counts.max().unwrap_or(0)
}

/// Prints the table. With `DIVAN_WRITE_OUTBOX_TABLE`, also writes it into the guide.
#[expect(clippy::print_stdout, reason = "the table is what the run reports")]
fn write_table(rows: &[(&str, String)]) {
    let mut table = "| | |\n|---|---|\n".to_owned();
    for (name, value) in rows {
        table.extend(["| ", name, " | ", value, " |\n"]);
    }
    println!("{table}");
    if std::env::var_os("DIVAN_WRITE_OUTBOX_TABLE").is_none() {
        return;
    }
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(START).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    std::fs::write(PAGE, format!("{before}{START}{table}{END}{after}")).unwrap();
}
