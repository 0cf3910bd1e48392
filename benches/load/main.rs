//! `cargo xtask load`: what `GET /auth/me` costs a server, beside an axum handler that checks the
//! same kind of token and answers the same JSON. Each server is a process of its own, all take
//! turns in one run, and all are on loopback.
//!
//! What is compared is processor time of the server, not how long an answer takes: whoever asks
//! shares the machine.
#![expect(clippy::expect_used, clippy::panic, reason = "a benchmark may panic")]

mod baseline;
mod client;
mod people;
mod server;

use std::sync::Arc;
use std::time::{Duration, Instant};

use divan_core::infra::DatabaseUrl;
use divan_core::store::{PostgresPool, PostgresStore, SqliteStore};
use divan_testing::TestDatabase;

use client::{Connection, Expect, ask};
use people::People;
use server::Server;

/// How many sessions ask, each with a token of its own.
const SESSIONS: usize = 1_000;

/// How often a row asks in a round: for some seconds, so that each session is looked up anew in
/// between.
const REQUESTS: usize = 60_000;

/// How often a row asks in a round when each request has to find its session forgotten.
const UNCACHED_REQUESTS: usize = 4 * SESSIONS;

const ROUNDS: usize = 10;

/// The server looks a session up anew after a second.
const FORGOTTEN: Duration = Duration::from_millis(1_050);

fn main() {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some(server::BASELINE) => baseline::serve(),
        Some(server::DIVAN) => server::serve_divan(),
        Some("--bench") => run(ROUNDS, [REQUESTS, UNCACHED_REQUESTS]),
        // Under `cargo test --benches` it only has to run.
        _ => run(1, [SESSIONS; 2]),
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

    let on_sqlite = People::settle(
        &SqliteStore::open(&file).await.expect("a new database"),
        SESSIONS,
    )
    .await;
    let postgres = PostgresStore::open(&url, PostgresPool::default())
        .await
        .expect("a new database");
    let on_postgres = People::settle(&postgres, SESSIONS).await;
    drop(postgres);

    let folder = folder.path();
    let baseline = Server::baseline(folder, on_sqlite.somebody());
    let sqlite = Server::divan(folder, "sqlite", &format!("sqlite:{}", file.display()));
    let postgres = Server::divan(folder, "postgres", database.url());
    let mut answers = Vec::new();
    for server in [&baseline, &sqlite] {
        answers.push(
            Connection::open(server)
                .await
                .ask(on_sqlite.first_token(), Expect::Answer)
                .await,
        );
    }
    assert_eq!(answers[0], answers[1], "the baseline answers the same JSON");

    let forged = on_sqlite
        .tokens
        .iter()
        .map(|token| people::forged(token))
        .collect();
    let mut rows = [
        Row::new(
            "baseline: HS256 and JSON",
            &baseline,
            &on_sqlite.tokens,
            Expect::Answer,
        ),
        Row::new("`me`, SQLite", &sqlite, &on_sqlite.tokens, Expect::Answer),
        Row::new(
            "`me`, PostgreSQL",
            &postgres,
            &on_postgres.tokens,
            Expect::Answer,
        ),
        Row::new("forged token", &sqlite, &forged, Expect::Refusal),
        Row::new(
            "expired token",
            &sqlite,
            &on_sqlite.expired,
            Expect::Refusal,
        ),
        Row::new(
            "`me`, SQLite, uncached",
            &sqlite,
            &on_sqlite.tokens,
            Expect::Answer,
        )
        .uncached(),
        Row::new(
            "`me`, PostgreSQL, uncached",
            &postgres,
            &on_postgres.tokens,
            Expect::Answer,
        )
        .uncached(),
    ];
    for _ in 0..rounds {
        for row in &mut rows {
            row.ask(if row.is_cached { cached } else { uncached }).await;
        }
    }
    print(&rows);
}

/// One line of the result: a server, and what it is asked.
struct Row<'a> {
    what: &'static str,
    server: &'a Server,
    tokens: &'a Arc<[String]>,
    expect: Expect,
    is_cached: bool,
    asked: u32,
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
            asked: 0,
            cost,
            taken,
        }
    }

    /// Asks for each session when the server has forgotten it.
    fn uncached(self) -> Self {
        Self {
            is_cached: false,
            ..self
        }
    }

    /// Asks for a round, in one go or in so many that nothing is known any more.
    async fn ask(&mut self, requests: usize) {
        // Whatever ran before has left the caches of the processor to itself.
        ask(self.server, self.tokens, SESSIONS, self.expect).await;
        let go = if self.is_cached { requests } else { SESSIONS };
        for _ in (0..requests).step_by(go) {
            if !self.is_cached {
                tokio::time::sleep(FORGOTTEN).await;
            }
            let (cost, started) = (self.server.processor_time(), Instant::now());
            ask(self.server, self.tokens, go, self.expect).await;
            self.taken += started.elapsed();
            self.cost += self.server.processor_time().saturating_sub(cost);
        }
        self.asked += u32::try_from(requests).expect("not so many");
    }

    fn per_request(&self) -> Duration {
        self.cost / self.asked
    }
}

#[expect(clippy::print_stdout, reason = "the result")]
fn print(rows: &[Row<'_>]) {
    let baseline = rows[0].per_request().as_secs_f64();
    println!(
        "{:<30}{:>16}{:>10}{:>16}",
        "", "CPU a request", "ratio", "asked a second"
    );
    for row in rows {
        let ratio = row.per_request().as_secs_f64() / baseline;
        let rate = f64::from(row.asked) / row.taken.as_secs_f64();
        println!(
            "{:<30}{:>16.1?}{ratio:>10.2}{rate:>16.0}",
            row.what,
            row.per_request()
        );
    }
}
