//! A server that is started from an installed program, and ends with the process that started it.

use std::ffi::OsStr;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The user that servers run as: they refuse to run as root, and this user owns no files.
const UNPRIVILEGED: u32 = 65_534;

/// Runs the server until its own standard input closes: the kernel does that when the test ends in
/// any way. Nothing is left behind, unless `stop` keeps the data.
const GUARDED: &str = r#"
    folder="$1"; signal="$2"; shift 2
    "$@" & pid=$!
    echo $pid > "$folder/pid"
    read -r _; kill -$signal $pid; wait $pid
    [ ! -e "$folder/after" ] || sh "$folder/after"
    [ -e "$folder/keep" ] || rm -rf "$folder"
"#;

/// A server with its own folder. Stops when it is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    folder: tempfile::TempDir,
    running: Option<Child>,
}

impl Process {
    /// A folder for a server that is not started yet.
    pub(crate) fn new() -> Self {
        Self::new_in(&std::env::temp_dir())
    }

    /// As [`new`](Self::new), in another folder than the system's.
    pub(crate) fn new_in(folder: &Path) -> Self {
        let folder = tempfile::tempdir_in(folder).expect("a temporary folder");
        if is_root() {
            chown(folder.path(), Some(UNPRIVILEGED), Some(UNPRIVILEGED))
                .expect("root may give a folder away");
        }
        Self {
            folder,
            running: None,
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A shell script that is run when the server has ended.
    pub(crate) fn run_after_stop(&self, script: &str) {
        std::fs::write(self.folder.path().join("after"), script)
            .expect("the folder can be written to");
    }

    /// Starts the server as an unprivileged user; `signal` will end it.
    pub(crate) fn start(
        &mut self,
        signal: &str,
        program: &Path,
        prepare: impl FnOnce(&mut Command),
    ) {
        self.start_in(as_nobody(Path::new("sh")), signal, program, prepare);
    }

    /// Starts a server as the user of the tests: its program may be in a folder of that user.
    pub(crate) fn start_as_caller(
        &mut self,
        signal: &str,
        program: &Path,
        prepare: impl FnOnce(&mut Command),
    ) {
        self.start_in(Command::new("sh"), signal, program, prepare);
    }

    fn start_in(
        &mut self,
        mut guarded: Command,
        signal: &str,
        program: &Path,
        prepare: impl FnOnce(&mut Command),
    ) {
        let _ = std::fs::remove_file(self.folder.path().join("keep"));
        guarded
            .args(["-c", GUARDED, "sh"])
            .arg(self.folder.path())
            .arg(signal)
            .arg(program);
        prepare(&mut guarded);
        guarded
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.running = Some(guarded.spawn().expect("a shell can be started"));
    }

    /// Ends the server, and keeps its folder.
    pub(crate) fn stop(&mut self) {
        if let Some(mut guard) = self.running.take() {
            let _ = std::fs::write(self.folder.path().join("keep"), "");
            drop(guard.stdin.take());
            let _ = guard.wait();
        }
    }

    /// Sends the server a signal.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.pid().expect("a server that runs");
        let sent = Command::new("sh")
            .args(["-c", "kill -$0 $1", signal, &pid])
            .status();
        assert!(
            sent.is_ok_and(|status| status.success()),
            "SIG{signal} cannot be sent"
        );
    }

    /// Kills the server and its child processes, as a power failure does, and keeps its folder.
    pub(crate) fn kill(&mut self) {
        if let Some(pid) = self.pid() {
            let script = "kill -KILL $0 $(cat /proc/$0/task/$0/children)";
            let _ = Command::new("sh").args(["-c", script, &pid]).status();
        }
        self.stop();
    }

    fn pid(&self) -> Option<String> {
        let pid = std::fs::read_to_string(self.folder.path().join("pid")).ok()?;
        Some(pid.trim().to_owned()).filter(|pid| !pid.is_empty())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The folders of PATH, and those where Debian keeps what only root runs.
pub(crate) fn in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")]);
    folders
        .map(|folder| folder.join(program))
        .find(|program| program.exists())
}

/// Writes a file that only the servers can read.
#[cfg(feature = "tls")]
pub(crate) fn write_private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).expect("the folder can be written to");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .expect("the owner may change permissions");
    if is_root() {
        chown(path, Some(UNPRIVILEGED), Some(UNPRIVILEGED)).expect("root may give a file away");
    }
}

pub(crate) fn as_nobody(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/");
    if is_root() {
        command.uid(UNPRIVILEGED).gid(UNPRIVILEGED);
    }
    command
}

/// Returns `true` if this process may change its user: its new files belong to root.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
        || std::env::var_os("USER").as_deref() == Some(OsStr::new("root"))
}

/// Returns a port that no program listened on a moment ago.
///
/// # Panics
/// If the system has none.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound socket").port()
}
