//! Attacks on a server with each database: memory and honest sign-ins under a flood of sign-ins, the
//! time of `GET /auth/me` during sign-ins and while silent connections are held, and the sessions
//! that one employee can begin.
//!
//! All clients are this process. The server trusts it as a proxy, so that each client has an
//! address of its own.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use divan_core::api::{AdminLogin, AdminLoginRequest, AutoLogin, TelegramLogin};
use divan_core::infra::DatabaseUrl;
use divan_core::store::{PostgresPool, PostgresStore, SqliteStore, Store};
use divan_testing::TestDatabase;
use tokio::net::{TcpSocket, TcpStream};
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
    /// Connections of one address that send nothing.
    silent: usize,
    /// Auto-logins of one employee.
    auto_logins: usize,
}

pub(crate) const FULL: Plan = Plan {
    flood: 600,
    honest: 63,
    interval: Duration::from_millis(100),
    release: Duration::from_secs(12),
    rounds: 5,
    requests: 2_000,
    silent: 1_100,
    auto_logins: 2_000,
};

/// Checks that the measurement works.
pub(crate) const SHORT: Plan = Plan {
    flood: 8,
    honest: 2,
    interval: Duration::ZERO,
    release: Duration::ZERO,
    rounds: 1,
    requests: 20,
    silent: 8,
    auto_logins: 40,
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
    let url = format!("sqlite:{}", file.display());
    let sqlite = attack(plan, folder.path(), "SQLite", &url, &store).await;

    let database = TestDatabase::create().await;
    let Ok(DatabaseUrl::Postgres(url)) = database.url().parse() else {
        panic!("{database:?}")
    };
    let store = PostgresStore::open(&url, PostgresPool::default())
        .await
        .expect("a new database");
    let postgres = attack(plan, folder.path(), "PostgreSQL", database.url(), &store).await;
    print(plan, &[sqlite, postgres]);
}

/// Measurements of a server with one database.
struct Outcome {
    database: &'static str,
    /// Resident set in MiB: idle, the peak during the flood, after it.
    resident: [f64; 3],
    /// Times of the honest sign-ins that succeeded.
    honest: Vec<Duration>,
    /// 99th percentile of `me` alone, and during sign-ins.
    me: [Duration; 2],
    /// Longest time of a new connection and `me` while silent connections are held.
    held: Duration,
    /// Sessions that one employee began by auto-login.
    sessions: usize,
}

/// Starts a server on the database of the store, and attacks it.
async fn attack(
    plan: &Plan,
    folder: &Path,
    database: &'static str,
    url: &str,
    store: &dyn Store,
) -> Outcome {
    let users = TestUsers::create(store, SESSIONS).await;
    let variables = [
        ("DIVAN_TRUSTED_PROXIES", "127.0.0.1"),
        ("TELEGRAM_BOT_TOKEN", users::BOT_TOKEN),
    ];
    let server = Arc::new(Server::divan_with(folder, database, url, &variables));
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
    Outcome {
        database,
        resident: [idle, peak, after],
        honest,
        me: [p99(&mut alone), p99(&mut during)],
        held: held(&server, &users, plan.silent).await,
        sessions: auto_logins(&server, plan.auto_logins).await,
    }
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

/// Opens connections from one address that send nothing, and returns the longest time of ten
/// requests for `me` on new connections.
async fn held(server: &Server, users: &TestUsers, connections: usize) -> Duration {
    let mut silent: Vec<TcpStream> = Vec::with_capacity(connections);
    for _ in 0..connections {
        let socket = TcpSocket::new_v4().expect("a socket");
        let own = SocketAddr::from(([127, 0, 0, 2], 0));
        socket.bind(own).expect("an address of this machine");
        let opened = socket.connect(server.address).await;
        silent.push(opened.expect("a server that listens"));
    }
    let mut longest = Duration::ZERO;
    for token in users.tokens.iter().take(10) {
        let started = Instant::now();
        let mut connection = Connection::open(server).await;
        connection.request(token, Expect::Success).await;
        longest = longest.max(started.elapsed());
    }
    longest
}

/// Signs one employee in by auto-login, without a pause, and returns the number of successes.
async fn auto_logins(server: &Server, attempts: usize) -> usize {
    let mut connection = Connection::open(server).await;
    let client = IpAddr::from([198, 51, 100, 99]);
    let mut sessions = 0;
    for _ in 0..attempts {
        let body = users::auto_login_request(99);
        let status = connection.post::<AutoLogin>(client, &body).await;
        sessions += usize::from(status.expect("a response") == StatusCode::OK);
    }
    sessions
}

#[expect(clippy::print_stdout, reason = "the result")]
fn print(plan: &Plan, outcomes: &[Outcome; 2]) {
    let row = |what: &str, value: &dyn Fn(&Outcome) -> (String, f64)| {
        print!("{what:<48}");
        for outcome in outcomes {
            let (value, ratio) = value(outcome);
            print!("{value:>14}{ratio:>8.2}");
        }
        println!();
    };
    print!("\n{:<48}", "");
    for outcome in outcomes {
        print!("{:>14}{:>8}", outcome.database, "ratio");
    }
    println!();
    for (n, what) in [
        "resident set, idle",
        "resident set, peak during the flood",
        "resident set, after the flood",
    ]
    .into_iter()
    .enumerate()
    {
        row(what, &|outcome| {
            let (idle, mib) = (outcome.resident[0], outcome.resident[n]);
            (format!("{mib:.1} MiB"), mib / idle)
        });
    }
    let share = |count: usize, all: usize| {
        let number = |count| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        (format!("{count} of {all}"), number(count) / number(all))
    };
    let honest = usize::from(plan.honest);
    row("honest sign-ins that succeeded in the flood", &|outcome| {
        share(outcome.honest.len(), honest)
    });
    row("honest sign-ins below 1 s in the flood", &|outcome| {
        let is_fast = |time: &&Duration| **time < Duration::from_secs(1);
        share(outcome.honest.iter().filter(is_fast).count(), honest)
    });
    let time = |outcome: &Outcome, time: Duration| {
        let ratio = time.as_secs_f64() / outcome.me[0].as_secs_f64();
        (format!("{time:.2?}"), ratio)
    };
    row("99th percentile of `me`, alone", &|outcome| {
        time(outcome, outcome.me[0])
    });
    row("99th percentile of `me`, during sign-ins", &|outcome| {
        time(outcome, outcome.me[1])
    });
    row("longest `me` during held connections", &|outcome| {
        time(outcome, outcome.held)
    });
    row("sessions of one employee by auto-login", &|outcome| {
        share(outcome.sessions, plan.auto_logins)
    });
}

fn p99(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() * 99 / 100]
}
