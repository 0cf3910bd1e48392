use std::ffi::OsStr;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// What to do where PostgreSQL is missing, in one line.
pub const HOW_TO_INSTALL: &str = "no PostgreSQL for the tests: install its server (on Debian `apt-get install postgresql`), put its \
     `initdb` into PATH, or name a running one with TEST_DATABASE_URL=postgres://user:password@host/database";

/// The superuser of the server.
const USER: &str = "divan";

/// `initdb` and `postgres` refuse to run as root; `nobody` owns nothing on any system.
const NOBODY: u32 = 65_534;

/// Runs the server until its own standard input closes: the kernel does that when the test ends in any way. Then nobody is
/// left to clean up, but where `stop` has asked to keep the data.
const GUARDED: &str = r#"
    folder="$1"; postgres="$2"; shift 2
    "$postgres" "$@" & pid=$!
    read -r _; kill -INT $pid; wait $pid
    [ -e "$folder/keep" ] || rm -rf "$folder"
"#;

/// A PostgreSQL server of our own. Stops when it is dropped.
#[derive(Debug)]
pub struct PostgresServer {
    programs: PathBuf,
    folder: tempfile::TempDir,
    port: u16,
    running: Option<Child>,
}

impl PostgresServer {
    /// Starts a new server with an empty database.
    ///
    /// # Panics
    /// With [`HOW_TO_INSTALL`] where there is no PostgreSQL, and with the server's own words where it does not start.
    pub fn start() -> Self {
        let programs = programs().unwrap_or_else(|| panic!("{HOW_TO_INSTALL}"));
        let folder = tempfile::tempdir().expect("a temporary folder");
        if is_root() {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).expect("root may give a folder away");
        }
        let data = folder.path().join("data");
        let made = as_nobody(&programs.join("initdb"))
            .args([
                "--no-sync",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--username",
                USER,
                "--pgdata",
            ])
            .arg(&data)
            .output()
            .expect("initdb can be started");
        assert!(made.status.success(), "initdb failed: {}", String::from_utf8_lossy(&made.stderr));
        let mut server = Self { programs, folder, port: free_port(), running: None };
        server.resume();
        server
    }

    /// Whether the programs are installed.
    pub fn is_installed() -> bool {
        programs().is_some()
    }

    /// The address of a database on this server.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// The folder of the server's Unix socket, and its port.
    pub fn socket(&self) -> (&Path, u16) {
        (self.folder.path(), self.port)
    }

    /// Stops the server at once: connections break in the middle of what they do.
    pub fn stop(&mut self) {
        if let Some(mut guard) = self.running.take() {
            let _ = std::fs::write(self.folder.path().join("keep"), "");
            drop(guard.stdin.take());
            let _ = guard.wait();
        }
    }

    /// Starts the server again, on the same port and with the same data.
    ///
    /// # Panics
    /// When it does not start.
    pub fn resume(&mut self) {
        let data = self.folder.path().join("data");
        let status_file = data.join("postmaster.pid");
        let port = self.port.to_string();
        let mut guarded = as_nobody(Path::new("sh"));
        let _ = std::fs::remove_file(self.folder.path().join("keep"));
        guarded
            .args(["-c", GUARDED, "sh"])
            .arg(self.folder.path())
            .arg(self.programs.join("postgres"))
            .arg("-D")
            .arg(data);
        guarded.args(["-p", &port, "-h", "127.0.0.1", "-F", "-c", "max_connections=200", "-k"]);
        guarded.arg(self.folder.path()).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        self.running = Some(guarded.spawn().expect("a shell can be started"));
        for _ in 0..300 {
            // The eighth line of this file is what the server says of itself.
            let status = std::fs::read_to_string(&status_file).unwrap_or_default();
            if status.lines().nth(7).is_some_and(|line| line.trim() == "ready") {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("PostgreSQL did not start on port {port}");
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The folder with `initdb`: the one in PATH, or the newest where Debian keeps them.
fn programs() -> Option<PathBuf> {
    let in_path = std::env::var_os("PATH")
        .into_iter()
        .flat_map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let mut by_version: Vec<(u32, PathBuf)> = Path::new("/usr/lib/postgresql")
        .read_dir()
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin")))
        })
        .collect();
    by_version.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    let has_server = |folder: &PathBuf| folder.join("initdb").exists() && folder.join("postgres").exists();
    in_path.chain(by_version.into_iter().map(|(_, folder)| folder)).find(has_server)
}

fn as_nobody(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/");
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// Whether this process may become somebody else: files that it makes belong to root.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
        || std::env::var_os("USER").as_deref() == Some(OsStr::new("root"))
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound socket").port()
}
