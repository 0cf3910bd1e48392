//! Events through RabbitMQ, which is away for a time, and through two servers, one of which is killed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use divan_core::clock::{Clock, SystemClock};
use divan_core::database_url::DatabaseUrl;
use divan_core::infra::{RabbitMqConfig, RabbitMqConnection};
use divan_core::password::PasswordHash;
use divan_core::secret::Secret;
use divan_core::store::{
    Account, AccountUpdate, EventStore, NewMessage, NewUser, PostgresPool, PostgresStore, UserStore,
};
use divan_core::types::{AuditAction, AuditEvent, AuditId, EventData, Role, User, UserId};
use divan_testing::{RabbitMqServer, TestDatabase};
use futures_util::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, ExchangeDeclareOptions, QueueBindOptions,
    QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{Channel, ExchangeKind};
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::harness::{ADMIN_ORIGIN, BOT, MINIAPP_ORIGIN};
use crate::process::{KEY, Running, private_folder, program, run, start};

const EXCHANGE: &str = "divan.events";
const QUEUE: &str = "ledger";
const PATIENCE: Duration = Duration::from_mins(5);

/// A database with users, RabbitMQ with a queue, and what it delivered.
struct Deployment {
    database: TestDatabase,
    store: PostgresStore,
    rabbitmq: RabbitMqServer,
    connection: RabbitMqConnection,
    folder: tempfile::TempDir,
    users: u32,
}

impl Deployment {
    async fn new(users: u32) -> Self {
        let database = TestDatabase::create().await;
        let DatabaseUrl::Postgres(url) = database.url().parse().unwrap() else {
            panic!("{database:?}")
        };
        let opened = PostgresStore::open(&url, PostgresPool::default()).await;
        let rabbitmq = RabbitMqServer::start();
        let password = Secret::new(RabbitMqServer::PASSWORD);
        let mut config = RabbitMqConfig::new("127.0.0.1", RabbitMqServer::USER, password);
        config.port = rabbitmq.port();
        let deployment = Self {
            database,
            store: opened.unwrap(),
            connection: config.client(),
            rabbitmq,
            folder: private_folder(),
            users,
        };
        bind(&deployment.connection).await;
        let users: Vec<NewUser> = (1..=users).map(new_user).collect();
        deployment.store.insert_users(&users).await.unwrap();
        deployment
    }

    fn program(&self, folder: &Path) -> Command {
        let mut command = program(folder);
        command
            .env("DATABASE_URL", self.database.url())
            .env("SECRET_KEY", KEY)
            .env("TELEGRAM_BOT_TOKEN", BOT)
            .env("RABBITMQ_HOST", "127.0.0.1")
            .env("RABBITMQ_PORT", self.rabbitmq.port().to_string())
            .env("RABBITMQ_USER", RabbitMqServer::USER)
            .env("RABBITMQ_PASSWORD", RabbitMqServer::PASSWORD)
            .env("DIVAN_METRICS_LISTEN", "off")
            .env("DIVAN_MINIAPP_URL", MINIAPP_ORIGIN)
            .env("DIVAN_ADMIN_URL", ADMIN_ORIGIN);
        command
    }

    async fn server(&self) -> Running {
        let server = start(&mut self.program(self.folder.path()));
        let started = Instant::now();
        while self.store.event_consumers().await.unwrap().is_empty() {
            assert!(started.elapsed() < PATIENCE, "{}", server.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        server
    }

    /// Writes the next event of a user, with its number.
    async fn write(&self, user: u32) -> (UserId, u64) {
        let written = Mutex::new(0);
        let change = |account: &mut Account| {
            account.password_version += 1;
            let number = account.password_version;
            *written.lock().unwrap() = number;
            let data = EventData::from_parts("test.counted", members(number));
            let at = OffsetDateTime::from(SystemClock.now());
            let event = NewMessage::event(account.user.id, &data, at);
            Ok(Some(AccountUpdate::none().message(event)))
        };
        let updated = self.store.update_account(id(user), &change).await;
        updated.unwrap().unwrap();
        (id(user), written.into_inner().unwrap())
    }

    /// Writes an event of each user in turn.
    async fn write_all(&self, rounds: u32, written: &mut Ledger) {
        for _ in 0..rounds {
            for user in 1..=self.users {
                let (user, number) = self.write(user).await;
                written.add(user, number);
            }
        }
    }
}

fn members(number: u64) -> serde_json::Map<String, Value> {
    let members = json!({ "number": number });
    members.as_object().unwrap().clone()
}

fn id(user: u32) -> UserId {
    UserId(Uuid::from_u128(user.into()))
}

fn new_user(n: u32) -> NewUser {
    let now = OffsetDateTime::from(SystemClock.now());
    let mut user = User::new(id(n), Role::Employee, format!("User {n}"), now);
    user.phone = Some(format!("+7701{n:07}").parse().unwrap());
    let account = Account::new(user, PasswordHash::from_stored("hash"));
    let event = AuditId(Uuid::from_u128(n.into()));
    let event = AuditEvent::new(event, now, AuditAction::UserCreated, Some(id(n)));
    NewUser::new(account, event)
}

/// Binds a durable queue to the exchange.
async fn bind(rabbitmq: &RabbitMqConnection) -> Channel {
    let channel = rabbitmq.connection().await.unwrap().create_channel().await;
    let channel = channel.unwrap();
    let durable = ExchangeDeclareOptions {
        durable: true,
        ..ExchangeDeclareOptions::default()
    };
    let none = FieldTable::default;
    channel
        .exchange_declare(EXCHANGE.into(), ExchangeKind::Topic, durable, none())
        .await
        .unwrap();
    let durable = QueueDeclareOptions {
        durable: true,
        ..QueueDeclareOptions::default()
    };
    channel
        .queue_declare(QUEUE.into(), durable, none())
        .await
        .unwrap();
    let options = QueueBindOptions::default();
    channel
        .queue_bind(QUEUE.into(), EXCHANGE.into(), "#".into(), options, none())
        .await
        .unwrap();
    channel
}

/// Numbers of events by user, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Ledger {
    numbers: BTreeMap<UserId, Vec<u64>>,
    ids: BTreeSet<String>,
}

impl Ledger {
    fn add(&mut self, user: UserId, number: u64) {
        self.numbers.entry(user).or_default().push(number);
    }

    fn total(&self) -> usize {
        self.numbers.values().map(Vec::len).sum()
    }

    /// Returns the numbers of each user without those that had arrived before.
    fn distinct(&self) -> BTreeMap<UserId, Vec<u64>> {
        let first = |numbers: &Vec<u64>| {
            let mut seen = BTreeSet::new();
            let new = numbers.iter().filter(|number| seen.insert(**number));
            new.copied().collect()
        };
        let all = self.numbers.iter();
        all.map(|(user, numbers)| (*user, first(numbers))).collect()
    }
}

/// Receives messages until the queue is dropped, also after RabbitMQ was stopped.
fn receive(rabbitmq: RabbitMqConnection) -> Arc<Mutex<Ledger>> {
    let received = Arc::new(Mutex::new(Ledger::default()));
    let ledger = received.clone();
    tokio::spawn(async move {
        loop {
            // The broker may be away.
            let _ = consume(&rabbitmq, &ledger).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    received
}

async fn consume(
    rabbitmq: &RabbitMqConnection,
    ledger: &Mutex<Ledger>,
) -> Result<(), lapin::Error> {
    let channel = rabbitmq.connection().await?.create_channel().await?;
    let (options, arguments) = (BasicConsumeOptions::default(), FieldTable::default());
    let consumer = channel.basic_consume(QUEUE.into(), "".into(), options, arguments);
    let mut consumer = consumer.await?;
    while let Some(delivery) = consumer.next().await {
        let delivery = delivery?;
        let event: Value = serde_json::from_slice(&delivery.data).unwrap();
        let properties = &delivery.properties;
        assert_eq!(properties.delivery_mode(), &Some(2), "persistent");
        let content_type = properties.content_type().as_ref().unwrap();
        assert_eq!(content_type.as_str(), "application/cloudevents+json");
        let id = properties.message_id().as_ref().unwrap().as_str();
        assert_eq!(event["id"], id);
        assert_eq!(event["type"], delivery.routing_key.as_str());
        {
            let mut ledger = ledger.lock().unwrap();
            let user = event["subject"].as_str().unwrap().parse().unwrap();
            if let Some(number) = event["data"]["number"].as_u64() {
                ledger.add(user, number);
                ledger.ids.insert(id.to_owned());
            }
        }
        delivery.ack(BasicAckOptions::default()).await?;
    }
    Ok(())
}

async fn wait_until(server: &Running, is_reached: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_reached() {
        assert!(started.elapsed() < PATIENCE, "{}", server.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until all events that were written have arrived, in order.
async fn wait_for_all(server: &Running, written: &Ledger, received: &Mutex<Ledger>) -> Ledger {
    let is_complete = || {
        let received = received.lock().unwrap();
        received.ids.len() >= written.total()
    };
    wait_until(server, is_complete).await;
    let received = received.lock().unwrap().clone();
    assert_eq!(received.distinct(), written.numbers);
    assert_eq!(received.ids.len(), written.total());
    received
}

#[tokio::test(flavor = "multi_thread")]
async fn events_reach_rabbitmq_after_it_was_away_and_again_on_request() {
    let mut d = Deployment::new(3).await;
    let since = OffsetDateTime::from(SystemClock.now());
    let server = d.server().await;
    let received = receive(d.connection.clone());
    let mut written = Ledger::default();
    d.write_all(5, &mut written).await;
    wait_for_all(&server, &written, &received).await;

    d.rabbitmq.stop();
    d.write_all(5, &mut written).await;
    let health = reqwest_status(&server.url("/health/live")).await;
    assert_eq!(health, 200);
    wait_until(&server, || server.log().contains("cannot publish events")).await;
    d.rabbitmq.resume();
    wait_for_all(&server, &written, &received).await;

    let since = since.format(&time::format_description::well_known::Rfc3339);
    let (code, stdout, stderr) = run(d.program(d.folder.path()).args([
        "events",
        "replay",
        "--consumer",
        "rabbitmq",
        "--since",
        &since.unwrap(),
    ]));
    assert_eq!(code, 0, "{stdout}{stderr}");
    let is_replayed = || received.lock().unwrap().total() >= 2 * written.total();
    wait_until(&server, is_replayed).await;
    wait_for_all(&server, &written, &received).await;
    let consumers = || run(d.program(d.folder.path()).args(["events", "consumers"])).1;
    wait_until(&server, || consumers().contains("rabbitmq  ok     0")).await;
    assert!(!server.log().contains(RabbitMqServer::PASSWORD));
}

async fn reqwest_status(url: &str) -> u16 {
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(crate::process::no_tls())
        .build()
        .unwrap();
    client.get(url).send().await.unwrap().status().as_u16()
}

#[cfg(feature = "system-tests")]
mod long {
    use super::*;

    const USERS: u32 = 100;
    const AWAY: Duration = Duration::from_mins(1);

    const PAGE: &str = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../docs/guide/src/operations/events.md"
    );
    const START: &str = "<!-- events -->\n";
    const END: &str = "<!-- end of events -->\n";

    /// Takes minutes: `cargo xtask events` runs it, and writes the table of the guide.
    #[tokio::test(flavor = "multi_thread")]
    async fn no_event_is_lost_by_an_outage_and_a_killed_server() {
        let mut d = Deployment::new(USERS).await;
        let (killed, other) = (d.server().await, d.server().await);
        let received = receive(d.connection.clone());
        let (mut written, started) = (Ledger::default(), Instant::now());
        d.write_all(10, &mut written).await;
        d.rabbitmq.stop();
        let stopped = Instant::now();
        while stopped.elapsed() < AWAY {
            d.write_all(1, &mut written).await;
        }
        let while_away = written.total();
        d.rabbitmq.resume();
        let away = stopped.elapsed();
        let received_before = received.lock().unwrap().ids.len();
        wait_until(&other, || {
            received.lock().unwrap().ids.len() > received_before
        })
        .await;
        killed.kill();
        let at_kill = received.lock().unwrap().ids.len();
        d.write_all(10, &mut written).await;
        let all = wait_for_all(&other, &written, &received).await;
        write_table(&[
            ("events", written.total().to_string()),
            ("users", USERS.to_string()),
            (
                "written before RabbitMQ was started again",
                while_away.to_string(),
            ),
            ("seconds without RabbitMQ", away.as_secs().to_string()),
            (
                "received before one of two servers was killed",
                at_kill.to_string(),
            ),
            ("lost", (written.total() - all.ids.len()).to_string()),
            (
                "received twice",
                (all.total() - written.total()).to_string(),
            ),
            ("out of order for their user", "0".to_owned()),
            ("seconds in total", started.elapsed().as_secs().to_string()),
        ]);
    }

    /// Prints the table. With `DIVAN_WRITE_EVENTS_TABLE`, also writes it into the guide.
    #[expect(clippy::print_stdout, reason = "the table is what the run reports")]
    fn write_table(rows: &[(&str, String)]) {
        let mut table = "| | |\n|---|---|\n".to_owned();
        for (name, value) in rows {
            table.extend(["| ", name, " | ", value, " |\n"]);
        }
        println!("{table}");
        if std::env::var_os("DIVAN_WRITE_EVENTS_TABLE").is_none() {
            return;
        }
        let page = std::fs::read_to_string(PAGE).unwrap();
        let (before, rest) = page.split_once(START).unwrap();
        let (_, after) = rest.split_once(END).unwrap();
        std::fs::write(PAGE, format!("{before}{START}{table}{END}{after}")).unwrap();
    }
}
