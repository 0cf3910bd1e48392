use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::program;

/// A server in development mode, with a data folder of its own. Stopped on drop.
pub(super) struct Server {
    child: Child,
    pub(super) program: PathBuf,
    pub(super) url: String,
}

impl Server {
    /// Builds the server and starts it in this folder, on a free port of the loopback address.
    pub(super) fn start(folder: &Path) -> Result<Self, String> {
        let program = program::server()?;
        let cannot = |error| format!("cannot start {}: {error}", program.display());
        let log = File::create(log(folder)).map_err(cannot)?;
        let mut child = Command::new(&program)
            .args(["--port", "0"])
            .current_dir(folder)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(cannot)?;
        match address(&mut child, folder) {
            Some(address) => Ok(Self {
                child,
                program,
                url: format!("http://{address}"),
            }),
            None => Err(format!("the server did not start: {}", read_log(folder))),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the path of the server's log.
pub(super) fn log(folder: &Path) -> PathBuf {
    folder.join("server.log")
}

fn read_log(folder: &Path) -> String {
    fs::read_to_string(log(folder)).unwrap_or_default()
}

/// Waits until the server listens, at most 30 seconds. `None` if it exits or does not listen.
fn address(child: &mut Child, folder: &Path) -> Option<String> {
    for _ in 0..300 {
        let is_alive = matches!(child.try_wait(), Ok(None));
        let log = read_log(folder);
        let line = log.lines().find(|line| line.contains("listening"));
        if let Some((_, rest)) = line.and_then(|line| line.split_once("127.0.0.1:")) {
            let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
            return Some(format!("127.0.0.1:{port}"));
        }
        if !is_alive {
            return None;
        }
        sleep(Duration::from_millis(100));
    }
    let _ = child.kill();
    None
}
