//! Sign-ins under a flood: memory of the server, success of honest sign-ins, and the time of
//! `GET /auth/me` during sign-ins.
//!
//! All clients are this process. The server trusts it as a proxy, so that each client has an
//! address of its own.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use divan_core::api::{AdminLogin, AdminLoginRequest, TelegramLogin};
use divan_core::store::SqliteStore;
use tokio::task::JoinSet;

use crate::client::{Connection, Expect};
use crate::server::{Resident, Server};
use crate::users::{self, TestUsers};

/// Extent of the measurement.
pub(crate) struct Plan {
    /// Connections that sign in with unknown e-mail addresses, without a pause.
    flood: usize,
    /// Employees who sign in during the flood.
    honest: u8,
    /// Time between two of them.
    interval: Duration,
    /// Time after which threads have released their memory.
    release: Duration,
    rounds: usize,
    /// Requests for `me` per round, alone and during sign-ins.
    requests: usize,
}

pub(crate) const FULL: Plan = Plan {
    flood: 600,
    honest: 63,
    interval: Duration::from_millis(100),
    release: Duration::from_secs(12),
    rounds: 5,
    requests: 2_000,
};

/// Checks that the measurement works.
pub(crate) const SHORT: Plan = Plan {
    flood: 8,
    honest: 2,
    interval: Duration::ZERO,
    release: Duration::ZERO,
    rounds: 1,
    requests: 20,
};

/// Connections that sign in while `me` is measured.
const SIGN_IN_CONNECTIONS: usize = 16;

/// Sessions that request `me`.
const SESSIONS: usize = 100;

/// Pause between two requests for `me`, so that they do not compete with each other.
const PAUSE: Duration = Duration::from_millis(1);

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn run(plan: &Plan) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("flood.db");
    let store = SqliteStore::open(&file).await.expect("a new database");
    let users = TestUsers::create(&store, SESSIONS).await;
    drop(store);
    let server = Arc::new(Server::divan_with(
        folder.path(),
        "flood",
        &format!("sqlite:{}", file.display()),
        &[
            ("DIVAN_TRUSTED_PROXIES", "127.0.0.1"),
            ("TELEGRAM_BOT_TOKEN", users::BOT_TOKEN),
        ],
    ));
    tokio::time::sleep(Duration::from_secs(1)).await;

    let idle = server.resident(Resident::Now);
    let flood = Flood::start(&server, plan.flood);
    let honest = honest(&server, plan).await;
    flood.stop().await;
    let peak = server.resident(Resident::Peak);
    tokio::time::sleep(plan.release).await;
    let after = server.resident(Resident::Now);

    let (mut alone, mut during) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        alone.extend(me(&server, &users, plan.requests).await);
        let sign_ins = Flood::start(&server, SIGN_IN_CONNECTIONS);
        during.extend(me(&server, &users, plan.requests).await);
        sign_ins.stop().await;
    }
    print(
        plan,
        [idle, peak, after],
        &honest,
        [&mut alone, &mut during],
    );
}

/// Connections that sign in with unknown e-mail addresses and changing client addresses.
struct Flood(JoinSet<()>);

impl Flood {
    fn start(server: &Arc<Server>, connections: usize) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let mut tasks = JoinSet::new();
        for _ in 0..connections {
            let server = Arc::clone(server);
            tasks.spawn(async move {
                loop {
                    let mut connection = Connection::open(&server).await;
                    loop {
                        let n = NEXT.fetch_add(1, Ordering::Relaxed);
                        let body =
                            AdminLoginRequest::new(format!("user{n}@example.com"), "password");
                        // One address in each network, so that no limit stops the flood early.
                        let client = Ipv4Addr::from_bits(0x0A00_0000 | (n << 8 & 0x00FF_FF00));
                        if connection
                            .post::<AdminLogin>(client.into(), &body)
                            .await
                            .is_err()
                        {
                            break;
                        }
                    }
                }
            });
        }
        Self(tasks)
    }

    async fn stop(mut self) {
        self.0.shutdown().await;
    }
}

/// Signs the employees in, each on a connection of its own, and returns the time of each success.
async fn honest(server: &Arc<Server>, plan: &Plan) -> Vec<Duration> {
    let mut tasks = JoinSet::new();
    for n in 0..plan.honest {
        tokio::time::sleep(plan.interval).await;
        let server = Arc::clone(server);
        tasks.spawn(async move {
            let client = IpAddr::from([198, 51, 100, n]);
            let body = users::login_request(i64::from(n));
            let started = Instant::now();
            let mut connection = Connection::open(&server).await;
            let status = connection.post::<TelegramLogin>(client, &body).await.ok()?;
            (status == StatusCode::OK).then(|| started.elapsed())
        });
    }
    tasks.join_all().await.into_iter().flatten().collect()
}

/// Requests `me` on one connection, and returns the time of each response.
async fn me(server: &Server, users: &TestUsers, requests: usize) -> Vec<Duration> {
    let mut connection = Connection::open(server).await;
    let mut times = Vec::with_capacity(requests);
    for token in users.tokens.iter().cycle().take(requests) {
        tokio::time::sleep(PAUSE).await;
        let started = Instant::now();
        connection.request(token, Expect::Success).await;
        times.push(started.elapsed());
    }
    times
}

#[expect(clippy::print_stdout, reason = "the result")]
fn print(
    plan: &Plan,
    [idle, peak, after]: [f64; 3],
    honest: &[Duration],
    [alone, during]: [&mut Vec<Duration>; 2],
) {
    println!("\n{:<46}{:>14}{:>10}", "", "", "ratio");
    for (what, mib) in [
        ("resident set, idle", idle),
        ("resident set, peak during the flood", peak),
        ("resident set, after the flood", after),
    ] {
        println!("{what:<46}{mib:>10.1} MiB{:>10.2}", mib / idle);
    }
    let all = usize::from(plan.honest);
    let fast = honest.iter().filter(|time| **time < Duration::from_secs(1));
    for (what, count) in [
        ("honest sign-ins that succeeded in the flood", honest.len()),
        ("honest sign-ins below 1 s in the flood", fast.count()),
    ] {
        let share = f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / f64::from(plan.honest);
        let count = format!("{count} of {all}");
        println!("{what:<46}{count:>14}{share:>10.2}");
    }
    let base = p99(alone);
    let during = p99(during);
    for (what, time) in [
        ("99th percentile of `me`, alone", base),
        ("99th percentile of `me`, during sign-ins", during),
    ] {
        let ratio = time.as_secs_f64() / base.as_secs_f64();
        println!("{what:<46}{time:>14.2?}{ratio:>10.2}");
    }
}

fn p99(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() * 99 / 100]
}
