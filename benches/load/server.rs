use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use clap::Parser;
use divan_core::types::User;
use tokio::net::TcpListener;

use crate::users;

pub(crate) const BASELINE: &str = "serve-baseline";
pub(crate) const DIVAN: &str = "serve-divan";

/// Variable with the user that the baseline returns, as JSON.
pub(crate) const BASELINE_USER: &str = "BASELINE_USER";

/// Time limit for a server to start listening.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// Server in its own process, killed on drop.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts the minimal server, which returns `user` for every valid token.
    pub(crate) fn baseline(folder: &Path, user: &User) -> Self {
        let user = serde_json::to_string(user).expect("a user is JSON");
        Self::start(
            command(BASELINE).env(BASELINE_USER, user),
            &folder.join("baseline.log"),
        )
    }

    /// Starts Divan as it is deployed, with its log in a file.
    pub(crate) fn divan(folder: &Path, name: &str, database: &str) -> Self {
        Self::divan_with(folder, name, database, &[])
    }

    /// Starts Divan with these variables in addition: this program's, or the program `DIVAN_SERVER`.
    pub(crate) fn divan_with(
        folder: &Path,
        name: &str,
        database: &str,
        variables: &[(&str, &str)],
    ) -> Self {
        let mut command = match std::env::var_os("DIVAN_SERVER") {
            Some(program) => server(&program),
            None => command(DIVAN),
        };
        command
            .envs(variables.iter().copied())
            .env("DATABASE_URL", database)
            .env("SECRET_KEY", users::KEY)
            .env("DIVAN_MINIAPP_URL", users::MINIAPP_URL)
            .env("DIVAN_ADMIN_URL", users::ADMIN_URL);
        Self::start(&mut command, &folder.join(name).with_extension("log"))
    }

    fn start(command: &mut Command, log: &Path) -> Self {
        let file = File::create(log).expect("a log file");
        let process = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file);
        let process = process.spawn().expect("this program can be started");
        // Created before waiting, so that a server that never listens is killed too.
        let mut server = Self {
            process,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        server.address = address(log);
        server
    }

    /// Returns the processor time of all its threads, in user and kernel mode.
    ///
    /// It is read from `/proc/PID/task/TID/schedstat`, which counts nanoseconds; `/proc/PID/stat`
    /// counts hundredths of a second.
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

/// Value in `/proc/PID/status` of memory in use by a process, in MiB.
#[derive(Clone, Copy)]
pub(crate) enum Resident {
    Now,
    Peak,
}

impl Server {
    /// Returns the size of its resident set, in MiB.
    pub(crate) fn resident(&self, value: Resident) -> f64 {
        let field = match value {
            Resident::Now => "VmRSS:",
            Resident::Peak => "VmHWM:",
        };
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))
            .expect("memory is read from /proc, which only Linux has");
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
        kib.expect("a number of kB") / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Creates a command that runs this program in another role, with an empty environment.
fn command(role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
    command.arg(role).env_clear();
    command
}

/// Creates a command that runs another build of the server, with an empty environment.
fn server(program: &OsStr) -> Command {
    let mut command = Command::new(program);
    command.args(["--port", "0"]).env_clear();
    command
}

/// Waits for the log line `… listening address=127.0.0.1:40000` and returns the address.
fn address(log: &Path) -> SocketAddr {
    for _ in 0..START_TIMEOUT.as_millis() / 20 {
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

/// Reports the address to the parent process.
#[expect(clippy::print_stderr, reason = "the log of the baseline")]
pub(crate) fn announce(listener: &TcpListener) {
    eprintln!(
        "listening address={}",
        listener.local_addr().expect("an address")
    );
}

/// Runs `divan-server --port 0`.
pub(crate) fn serve_divan() {
    let _ = divan_server::run(divan_server::Cli::parse_from([
        "divan-server",
        "--port",
        "0",
    ]));
}
