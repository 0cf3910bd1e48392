//! `cargo bench -p divan-benches --bench store`: what a look-up costs among a million users, beside
//! the same among a thousand. The two take turns, look-up by look-up: compare within one run; the
//! machine decides the rest.
#![expect(clippy::expect_used, clippy::panic, reason = "a benchmark may panic")]

use std::any::Any;
use std::path::Path;
use std::time::{Duration, Instant};

use divan_core::infra::DatabaseUrl;
use divan_core::store::{PostgresPool, PostgresStore, SearchTerms, SqliteStore, Store, UserQuery};
use divan_core::types::{Phone, UserId};
use divan_testing::TestDatabase;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use uuid::Uuid;

const SMALL: u64 = 1_000;
const LARGE: u64 = 1_000_000;

/// Of each look-up of one user in each database.
const LOOK_UPS: usize = 50_000;

/// Of each page in each database.
const PAGES: usize = 5_000;

/// What a page of 50 asks for: one more, to know whether there is a next one.
const PAGE: u32 = 51;

const SEED: u64 = 0x5EED;

/// The first user's id was made at this time, in milliseconds since the Unix epoch; each
/// millisecond brings one more.
const FIRST_ID: u64 = 1_780_000_000_000;

/// Shares no factor with a thousand million: numbers without order, and no two the same.
const PHONE_STEP: u64 = 387_368_787;

const COLUMNS: &str = "id, role, full_name, email, phone, telegram_id, telegram_username, is_active, \
    password_change_required, created_at, updated_at, last_login_at, password_hash";

/// A word of each user's own, and two that all have.
const WORDS: &str = "INSERT INTO divan_user_words (user_id, word) SELECT id, substr(phone, 2) FROM divan_users \
    UNION ALL SELECT id, 'first' FROM divan_users UNION ALL SELECT id, 'last' FROM divan_users";

const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // Under `cargo test --benches` it only has to run.
    let (large, look_ups) = if std::env::args().any(|argument| argument == "--bench") {
        (LARGE, LOOK_UPS)
    } else {
        (SMALL, 1)
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sqlite = [
        sqlite(&folder.path().join("small.db"), SMALL).await,
        sqlite(&folder.path().join("large.db"), large).await,
    ];
    compare("SQLite", sqlite, look_ups).await;
    compare(
        "PostgreSQL",
        [postgres(SMALL).await, postgres(large).await],
        look_ups,
    )
    .await;
}

/// What a request asks of the store.
#[derive(Clone, Copy, Debug)]
enum Query {
    AccountByPhone,
    User,
    /// The page of users that begins after somebody.
    Page,
    /// The page of those whom a whole phone number finds.
    Search,
}

/// A store with so many users, and the order in which to ask for them.
struct Crowd {
    store: Box<dyn Store>,
    order: Vec<u64>,
    next: usize,
    /// What goes away with it.
    _database: Box<dyn Any>,
}

impl Crowd {
    fn new(store: impl Store + 'static, size: u64, database: impl Any) -> Self {
        Self {
            store: Box::new(store),
            order: shuffled(size),
            next: 0,
            _database: Box::new(database),
        }
    }

    /// Asks for the next user. It is another one each time, as far as there are others.
    async fn look_up(&mut self, query: Query) -> Duration {
        let n = self.order[self.next % self.order.len()];
        self.next += 1;
        let (id, phone) = (id(n), phone(n));
        let started = Instant::now();
        let found = match query {
            Query::AccountByPhone => self
                .store
                .account_by_phone(&phone)
                .await
                .map(|account| account.is_some()),
            Query::User => self
                .store
                .account(id)
                .await
                .map(|account| account.is_some()),
            Query::Page => {
                let mut page = UserQuery::newest(PAGE);
                page.before = Some(UserId(Uuid::from_u128(id.0.as_u128() + 1)));
                self.store
                    .users(&page)
                    .await
                    .map(|found| found.users[0].id == id)
            }
            Query::Search => {
                let mut page = UserQuery::newest(PAGE);
                page.terms = SearchTerms::parse(phone.as_str()).expect("a search");
                self.store
                    .users(&page)
                    .await
                    .map(|found| found.users.len() == 1 && found.users[0].id == id)
            }
        };
        let taken = started.elapsed();
        assert!(found.expect("the database answers"), "user {n} is there");
        taken
    }
}

#[expect(clippy::print_stdout, reason = "the result")]
async fn compare(database: &str, [mut small, mut large]: [Crowd; 2], look_ups: usize) {
    let pages = look_ups.min(PAGES);
    for (query, look_ups) in [
        (Query::AccountByPhone, look_ups),
        (Query::User, look_ups),
        (Query::Page, pages),
        (Query::Search, pages),
    ] {
        let (mut among_few, mut among_many) = (Vec::new(), Vec::new());
        for _ in 0..look_ups {
            among_few.push(small.look_up(query).await);
            among_many.push(large.look_up(query).await);
        }
        let (few, many) = (median(among_few), median(among_many));
        println!(
            "{database:<12}{:<16}{:>8} users {few:>8.1?}{:>9} users {many:>8.1?}   ratio {:.2}",
            format!("{query:?}"),
            small.order.len(),
            large.order.len(),
            many.as_secs_f64() / few.as_secs_f64(),
        );
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

async fn sqlite(path: &Path, size: u64) -> Crowd {
    let store = SqliteStore::open(path).await.expect("a new database");
    let fill = format!(
        "WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {size}) \
         INSERT INTO divan_users ({COLUMNS}) \
         SELECT unhex(printf('%012x70008000000000000000', {FIRST_ID} + n)), {} FROM numbers",
        other_columns("printf('+77%09d', n * {step} % 1000000000)"),
    );
    let options = SqliteConnectOptions::new()
        .filename(path)
        .pragma("cache_size", "-200000");
    let mut connection = options.connect().await.expect("a connection");
    for statement in [&fill, WORDS, "ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)"] {
        sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(&mut connection)
            .await
            .expect("users");
    }
    connection.close().await.expect("a closed connection");
    Crowd::new(store, size, ())
}

async fn postgres(size: u64) -> Crowd {
    let database = TestDatabase::create().await;
    let Ok(DatabaseUrl::Postgres(url)) = database.url().parse() else {
        panic!("{database:?}")
    };
    let store = PostgresStore::open(&url, PostgresPool::default())
        .await
        .expect("a new database");
    let fill = format!(
        "INSERT INTO divan_users ({COLUMNS}) \
         SELECT (lpad(to_hex({FIRST_ID} + n), 12, '0') || '70008000000000000000')::uuid, {} \
         FROM generate_series(0, {size}::bigint - 1) AS numbers (n)",
        other_columns("'+77' || lpad((n * {step} % 1000000000)::text, 9, '0')"),
    );
    for statement in [&fill, WORDS, "VACUUM ANALYZE"] {
        database.execute(statement).await;
    }
    Crowd::new(store, size, database)
}

/// All columns after the id, in words that both databases know.
fn other_columns(phone: &str) -> String {
    let phone = phone.replace("{step}", &PHONE_STEP.to_string());
    format!(
        "'employee', 'First Last ' || n, CASE WHEN n % 100 = 0 THEN 'user' || n || '@example.com' END, {phone}, \
         5000000000 + n, 'user_' || n, true, false, {FIRST_ID}000 + n, {FIRST_ID}000 + n, NULL, '{HASH}'"
    )
}

fn id(n: u64) -> UserId {
    UserId(Uuid::from_u128(
        (u128::from(FIRST_ID + n) << 80) | 0x7000_8000_0000_0000_0000,
    ))
}

fn phone(n: u64) -> Phone {
    format!("+77{:09}", n * PHONE_STEP % 1_000_000_000)
        .parse()
        .expect("a phone number")
}

/// The numbers below `size` in an order that is the same in each run (Fisher and Yates over
/// `SplitMix64`).
fn shuffled(size: u64) -> Vec<u64> {
    let mut numbers: Vec<u64> = (0..size).collect();
    let mut state = SEED;
    for last in (1..numbers.len()).rev() {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut random = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        random = (random ^ (random >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let place = (random ^ (random >> 31)) % (last as u64 + 1);
        numbers.swap(last, usize::try_from(place).unwrap_or(last));
    }
    numbers
}
