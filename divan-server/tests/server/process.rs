//! Runs the program.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_divan-server");
pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef";

/// Returns the program in a folder, with an empty environment but for messages, which are off: tests do
/// not call Telegram.
pub(crate) fn program(folder: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .current_dir(folder)
        .env_clear()
        .env("DIVAN_NOTIFICATIONS", "off")
        .stdin(Stdio::null());
    command
}

/// Creates a folder that other users cannot enter.
pub(crate) fn private_folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::Permissions::from_mode(0o700);
    tempfile::Builder::new()
        .permissions(mode)
        .tempdir()
        .unwrap()
}

pub(crate) fn run(command: &mut Command) -> (i32, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    (
        status.code().unwrap(),
        String::from_utf8(stdout).unwrap(),
        String::from_utf8(stderr).unwrap(),
    )
}

/// [`run`] with standard input.
pub(crate) fn run_with_input(command: &mut Command, input: &str) -> (i32, String, String) {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that does not read its input ends before all of it is written.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().unwrap();
    (
        status.code().unwrap(),
        String::from_utf8(stdout).unwrap(),
        String::from_utf8(stderr).unwrap(),
    )
}

/// A running server, killed on drop.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) port: u16,
    pub(crate) banner: Arc<Mutex<String>>,
    pub(crate) log: Arc<Mutex<String>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// Kills the server in the middle of its work.
    pub(crate) fn kill(&self) {
        let killed = Command::new("kill")
            .args(["-KILL", &self.child.id().to_string()])
            .status();
        assert!(killed.unwrap().success());
    }

    /// Returns the log so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

/// Starts a server on a free port and waits until it listens.
pub(crate) fn start(command: &mut Command) -> Running {
    let mut child = command
        .args(["--port", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let banner = collect(child.stdout.take().unwrap());
    let log = collect(child.stderr.take().unwrap());
    let line = wait_for(&log, "listening", || child.try_wait().unwrap().is_none());
    let port = line
        .split("127.0.0.1:")
        .nth(1)
        .unwrap()
        .chars()
        .take_while(char::is_ascii_digit);
    let port = port.collect::<String>().parse().unwrap();
    Running {
        child,
        port,
        banner,
        log,
    }
}

/// Collects the output of a pipe on a thread, so that the server never waits for a full pipe.
fn collect(pipe: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    let collected = text.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            *collected.lock().unwrap() += &(line + "\n");
        }
    });
    text
}

/// Waits for a line that contains this text, and returns it.
pub(crate) fn wait_for(
    text: &Mutex<String>,
    wanted: &str,
    mut is_alive: impl FnMut() -> bool,
) -> String {
    for _ in 0..3000 {
        let was_alive = is_alive();
        let found = text
            .lock()
            .unwrap()
            .lines()
            .find(|line| line.contains(wanted))
            .map(str::to_owned);
        if let Some(line) = found {
            return line;
        }
        if !was_alive {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("no line with {wanted:?} in:\n{}", text.lock().unwrap());
}

/// Returns a TLS configuration without trusted certificates, for plain HTTP to this machine.
pub(crate) fn no_tls() -> impl std::any::Any {
    divan_core::tls::client_config(false).unwrap()
}
