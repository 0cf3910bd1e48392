use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use clap::Parser;
use divan_core::types::User;
use tokio::net::TcpListener;

use crate::{baseline, people};

pub(crate) const BASELINE: &str = "serve-baseline";
pub(crate) const DIVAN: &str = "serve-divan";

/// How long a server may take to listen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server in a process of its own; killed when this is dropped.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// A server with as little around the work as there can be, which answers this user to
    /// everybody.
    pub(crate) fn baseline(folder: &Path, user: &User) -> Self {
        let user = serde_json::to_string(user).expect("a user is JSON");
        Self::start(
            command(BASELINE).env(baseline::USER, user),
            &folder.join("baseline.log"),
        )
    }

    /// Divan as it is deployed; its log goes to a file.
    pub(crate) fn divan(folder: &Path, name: &str, database: &str) -> Self {
        let mut command = command(DIVAN);
        command
            .env("DATABASE_URL", database)
            .env("SECRET_KEY", people::KEY)
            .env("DIVAN_MINIAPP_URL", people::MINIAPP_URL)
            .env("DIVAN_ADMIN_URL", people::ADMIN_URL);
        Self::start(&mut command, &folder.join(name).with_extension("log"))
    }

    fn start(command: &mut Command, log: &Path) -> Self {
        let file = File::create(log).expect("a log file");
        let process = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file);
        let process = process.spawn().expect("this program can be started");
        // Killed also when it never listens.
        let mut server = Self {
            process,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        server.address = address(log);
        server
    }

    /// The processor time of all its threads, in user and kernel mode.
    ///
    /// From `/proc/PID/task/TID/schedstat`, which counts nanoseconds where `/proc/PID/stat` counts
    /// hundredths of a second.
    pub(crate) fn processor_time(&self) -> Duration {
        let tasks = format!("/proc/{}/task", self.process.id());
        let threads =
            fs::read_dir(tasks).expect("processor time is read from /proc, which only Linux has");
        let nanoseconds = threads.flatten().filter_map(|thread| {
            let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(nanoseconds.sum())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// This program in another role, without any variable but its own.
fn command(role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
    command.arg(role).env_clear();
    command
}

/// What a server writes once it listens: `… listening address=127.0.0.1:40000`.
fn address(log: &Path) -> SocketAddr {
    for _ in 0..PATIENCE.as_millis() / 20 {
        let text = fs::read_to_string(log).unwrap_or_default();
        let line = text.lines().find(|line| line.contains("listening"));
        if let Some(address) = line.and_then(|line| line.split_once("address=")?.1.parse().ok()) {
            return address;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!(
        "a server does not listen:\n{}",
        fs::read_to_string(log).unwrap_or_default()
    );
}

pub(crate) async fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a free port")
}

/// Tells the other process where to ask.
#[expect(clippy::print_stderr, reason = "the log of the baseline")]
pub(crate) fn announce(listener: &TcpListener) {
    eprintln!(
        "listening address={}",
        listener.local_addr().expect("an address")
    );
}

/// What `divan-server --port 0` does.
pub(crate) fn serve_divan() {
    let _ = divan_server::run(divan_server::Cli::parse_from([
        "divan-server",
        "--port",
        "0",
    ]));
}
