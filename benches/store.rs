//! `cargo bench -p divan-benches --bench store`: duration of a query among a million users, compared
//! with a thousand. The queries alternate between both databases, so compare within one run.
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

/// Number of queries for one user per database.
const QUERIES: usize = 50_000;

/// Number of queries for a page per database.
const PAGES: usize = 5_000;

/// Size of a page of 50 users, plus one that shows whether there is a next page.
const PAGE: u32 = 51;

const SEED: u64 = 0x5EED;

/// Time of the first user's id in milliseconds since the Unix epoch. Each further user has the next
/// millisecond.
const FIRST_ID: u64 = 1_780_000_000_000;

/// Coprime to 10^9, so that phone numbers are unique and unordered.
const PHONE_STEP: u64 = 387_368_787;

const COLUMNS: &str = "id, role, full_name, email, phone, telegram_id, telegram_username, is_active, \
    password_change_required, created_at, updated_at, last_login_at, password_hash";

/// One unique word per user, and two common words.
const WORDS: &str = "INSERT INTO divan_user_words (user_id, word) SELECT id, substr(phone, 2) FROM divan_users \
    UNION ALL SELECT id, 'first' FROM divan_users UNION ALL SELECT id, 'last' FROM divan_users";

const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // `cargo test --benches` only checks that it runs.
    let (large, queries) = if std::env::args().any(|argument| argument == "--bench") {
        (LARGE, QUERIES)
    } else {
        (SMALL, 1)
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sqlite = [
        sqlite(&folder.path().join("small.db"), SMALL).await,
        sqlite(&folder.path().join("large.db"), large).await,
    ];
    compare("SQLite", sqlite, queries).await;
    compare(
        "PostgreSQL",
        [postgres(SMALL).await, postgres(large).await],
        queries,
    )
    .await;
}

/// A query of the store.
#[derive(Clone, Copy, Debug)]
enum Query {
    AccountByPhone,
    User,
    /// A page of users after a given one.
    Page,
    /// A search for a complete phone number.
    Search,
}

/// A store with users, and the order of the queries.
struct Dataset {
    store: Box<dyn Store>,
    order: Vec<u64>,
    next: usize,
    /// Removed together with the store.
    _database: Box<dyn Any>,
}

impl Dataset {
    fn new(store: impl Store + 'static, size: u64, database: impl Any) -> Self {
        Self {
            store: Box::new(store),
            order: shuffled(size),
            next: 0,
            _database: Box::new(database),
        }
    }

    /// Queries the next user.
    async fn measure(&mut self, query: Query) -> Duration {
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
        let duration = started.elapsed();
        assert!(found.expect("a result"), "user {n} is found");
        duration
    }
}

#[expect(clippy::print_stdout, reason = "the result")]
async fn compare(database: &str, [mut small, mut large]: [Dataset; 2], queries: usize) {
    let pages = queries.min(PAGES);
    for (query, queries) in [
        (Query::AccountByPhone, queries),
        (Query::User, queries),
        (Query::Page, pages),
        (Query::Search, pages),
    ] {
        let (mut among_few, mut among_many) = (Vec::new(), Vec::new());
        for _ in 0..queries {
            among_few.push(small.measure(query).await);
            among_many.push(large.measure(query).await);
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

async fn sqlite(path: &Path, size: u64) -> Dataset {
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
    Dataset::new(store, size, ())
}

async fn postgres(size: u64) -> Dataset {
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
    Dataset::new(store, size, database)
}

/// SQL expressions of all columns after the id, valid in both databases.
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
        let index = (random ^ (random >> 31)) % (last as u64 + 1);
        numbers.swap(last, usize::try_from(index).unwrap_or(last));
    }
    numbers
}
