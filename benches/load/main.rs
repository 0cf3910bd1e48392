//! `cargo xtask load`: processor time of `GET /auth/me` and `/auth/verify`, compared with an axum handler that verifies
//! the same kind of token and returns the same JSON. Each server has its own process on loopback,
//! and all take turns in one run. Then a server is flooded with sign-ins: see `flood`.
//!
//! The processor time of the server is compared and not the response time, because the client
//! shares the machine.
#![expect(clippy::expect_used, clippy::panic, reason = "a benchmark may panic")]

mod baseline;
mod client;
mod flood;
mod server;
mod users;

use std::sync::Arc;
use std::time::{Duration, Instant};

use divan_core::infra::DatabaseUrl;
use divan_core::store::{PostgresPool, PostgresStore, SqliteStore};
use divan_testing::TestDatabase;

use client::{Connection, Expect, send_requests};
use server::Server;
use users::TestUsers;

/// Number of sessions, each with its own token.
const SESSIONS: usize = 1_000;

/// Requests per row and round: enough for some seconds, so that each session is read again from the
/// store.
const REQUESTS: usize = 60_000;

/// Requests per row and round where no session may be cached.
const UNCACHED_REQUESTS: usize = 4 * SESSIONS;

const ROUNDS: usize = 10;

/// Time after which the server no longer caches a session.
const CACHE_EXPIRY: Duration = Duration::from_millis(1_050);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |argument: &str| arguments.iter().any(|given| given == argument);
    if has(server::BASELINE) {
        baseline::serve();
    } else if has(server::DIVAN) {
        server::serve_divan();
    } else if has("--bench") {
        // `-- flood` measures the flood alone.
        if !has("flood") {
            run(ROUNDS, [REQUESTS, UNCACHED_REQUESTS]);
        }
        flood::run(&flood::FULL);
    } else {
        // Under `cargo test --benches` a short run suffices.
        run(1, [SESSIONS; 2]);
        flood::run(&flood::SHORT);
    }
}

#[tokio::main(flavor = "current_thread")]
async fn run(rounds: usize, [cached, uncached]: [usize; 2]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("divan.db");
    let database = TestDatabase::create().await;
    let Ok(DatabaseUrl::Postgres(url)) = database.url().parse() else {
        panic!("{database:?}")
    };

    let on_sqlite = TestUsers::create(
        &SqliteStore::open(&file).await.expect("a new database"),
        SESSIONS,
    )
    .await;
    let postgres = PostgresStore::open(&url, PostgresPool::default())
        .await
        .expect("a new database");
    let on_postgres = TestUsers::create(&postgres, SESSIONS).await;
    drop(postgres);

    let folder = folder.path();
    let baseline = Server::baseline(folder, on_sqlite.first());
    let sqlite = Server::divan(folder, "sqlite", &format!("sqlite:{}", file.display()));
    let postgres = Server::divan(folder, "postgres", database.url());
    let mut responses = Vec::new();
    for server in [&baseline, &sqlite] {
        responses.push(
            Connection::open(server)
                .await
                .request(on_sqlite.first_token(), Expect::Success)
                .await,
        );
    }
    assert_eq!(
        responses[0], responses[1],
        "the baseline returns the same JSON"
    );

    let forged = on_sqlite
        .tokens
        .iter()
        .map(|token| users::forged(token))
        .collect();
    let mut rows = [
        Row::new(
            "baseline: HS256 and JSON",
            &baseline,
            &on_sqlite.tokens,
            Expect::Success,
        ),
        Row::new("`me`, SQLite", &sqlite, &on_sqlite.tokens, Expect::Success),
        Row::new(
            "`me`, PostgreSQL",
            &postgres,
            &on_postgres.tokens,
            Expect::Success,
        ),
        Row::new(
            "`verify`, SQLite",
            &sqlite,
            &on_sqlite.tokens,
            Expect::Verified,
        ),
        Row::new("forged token", &sqlite, &forged, Expect::Rejection),
        Row::new(
            "expired token",
            &sqlite,
            &on_sqlite.expired,
            Expect::Rejection,
        ),
        Row::new(
            "`me`, SQLite, uncached",
            &sqlite,
            &on_sqlite.tokens,
            Expect::Success,
        )
        .uncached(),
        Row::new(
            "`me`, PostgreSQL, uncached",
            &postgres,
            &on_postgres.tokens,
            Expect::Success,
        )
        .uncached(),
    ];
    for _ in 0..rounds {
        for row in &mut rows {
            row.measure(if row.is_cached { cached } else { uncached })
                .await;
        }
    }
    print(&rows);
}

/// Row of the result: a server and the requests to it.
struct Row<'a> {
    what: &'static str,
    server: &'a Server,
    tokens: &'a Arc<[String]>,
    expect: Expect,
    is_cached: bool,
    requests: u32,
    cost: Duration,
    taken: Duration,
}

impl<'a> Row<'a> {
    fn new(
        what: &'static str,
        server: &'a Server,
        tokens: &'a Arc<[String]>,
        expect: Expect,
    ) -> Self {
        let (cost, taken) = (Duration::ZERO, Duration::ZERO);
        Self {
            what,
            server,
            tokens,
            expect,
            is_cached: true,
            requests: 0,
            cost,
            taken,
        }
    }

    /// Requests each session only after its cache entry has expired.
    fn uncached(self) -> Self {
        Self {
            is_cached: false,
            ..self
        }
    }

    /// Sends the requests of a round, in one batch or in portions without cached sessions.
    async fn measure(&mut self, requests: usize) {
        // Warms the processor caches, which the previous row has replaced.
        send_requests(self.server, self.tokens, SESSIONS, self.expect).await;
        let portion = if self.is_cached { requests } else { SESSIONS };
        for _ in (0..requests).step_by(portion) {
            if !self.is_cached {
                tokio::time::sleep(CACHE_EXPIRY).await;
            }
            let (cost, started) = (self.server.processor_time(), Instant::now());
            send_requests(self.server, self.tokens, portion, self.expect).await;
            self.taken += started.elapsed();
            self.cost += self.server.processor_time().saturating_sub(cost);
        }
        self.requests += u32::try_from(requests).expect("not so many");
    }

    fn per_request(&self) -> Duration {
        self.cost / self.requests
    }
}

#[expect(clippy::print_stdout, reason = "the result")]
fn print(rows: &[Row<'_>]) {
    let baseline = rows[0].per_request().as_secs_f64();
    println!(
        "{:<30}{:>16}{:>10}{:>16}",
        "", "CPU per request", "ratio", "requests/s"
    );
    for row in rows {
        let ratio = row.per_request().as_secs_f64() / baseline;
        let rate = f64::from(row.requests) / row.taken.as_secs_f64();
        println!(
            "{:<30}{:>16.1?}{ratio:>10.2}{rate:>16.0}",
            row.what,
            row.per_request()
        );
    }
}
