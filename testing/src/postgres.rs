use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[cfg(feature = "tls")]
use crate::process::write_private;
use crate::process::{Process, as_nobody, free_port, in_path};

/// Installation hint for a missing PostgreSQL, in one line.
pub const INSTALL_HINT: &str = "PostgreSQL is missing: install its server (on Debian `apt-get install postgresql`), put its \
     `initdb` into PATH, or name a running one with TEST_DATABASE_URL=postgres://user:password@host/database";

/// The superuser of the server.
const USER: &str = "divan";

/// A PostgreSQL server, started for the tests. Stops when it is dropped.
#[derive(Debug)]
pub struct PostgresServer {
    programs: PathBuf,
    process: Process,
    port: u16,
}

impl PostgresServer {
    /// Starts a new server with an empty database.
    ///
    /// # Panics
    /// With [`INSTALL_HINT`] if PostgreSQL is not installed, and with the server's own message if it
    /// does not start.
    pub fn start() -> Self {
        Self::start_on(Process::new())
    }

    /// As [`start`](Self::start), with the data in a folder of this folder.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub fn start_in(folder: &Path) -> Self {
        Self::start_on(Process::new_in(folder))
    }

    fn start_on(process: Process) -> Self {
        let programs = programs().unwrap_or_else(|| panic!("{INSTALL_HINT}"));
        let data = process.folder().join("data");
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
        assert!(
            made.status.success(),
            "initdb failed: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        let mut server = Self {
            programs,
            process,
            port: free_port(),
        };
        server.resume();
        server
    }

    /// Returns `true` if the programs are installed.
    pub fn is_installed() -> bool {
        programs().is_some()
    }

    /// The address of a database on this server.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// The folder of the server's Unix socket, and its port.
    pub fn socket(&self) -> (&Path, u16) {
        (self.process.folder(), self.port)
    }

    /// The port on the loopback address.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Restarts the server with TLS and this certificate. It still accepts plain connections.
    ///
    /// # Panics
    /// If it does not start.
    #[cfg(feature = "tls")]
    pub fn enable_tls(&mut self, certificate: &crate::TestCertificate) {
        let [certificate, key] = certificate.pem();
        write_private(&self.data().join("server.crt"), &certificate);
        write_private(&self.data().join("server.key"), &key);
        self.query("ALTER SYSTEM SET ssl = on");
        self.stop();
        self.resume();
    }

    /// Starts a standby that replicates this server. This server restarts.
    ///
    /// # Panics
    /// If its data cannot be copied, or one of the servers does not start.
    #[must_use]
    pub fn start_standby(&mut self, name: &str) -> Self {
        let process = Process::new();
        let data = process.folder().join("data");
        // `pg_basebackup` copies a running server, but only one of its own version.
        self.stop();
        let copied = as_nobody(Path::new("cp"))
            .arg("-a")
            .args([&self.data(), &data])
            .output()
            .expect("cp can be started");
        let message = String::from_utf8_lossy(&copied.stderr);
        assert!(copied.status.success(), "cp failed: {message}");
        self.resume();
        let source = format!(
            "primary_conninfo = 'host=127.0.0.1 port={} user={USER} application_name={name}'\n",
            self.port
        );
        std::fs::write(data.join("standby.signal"), "").expect("the folder can be written to");
        OpenOptions::new()
            .append(true)
            .open(data.join("postgresql.auto.conf"))
            .and_then(|mut file| file.write_all(source.as_bytes()))
            .expect("the settings can be written to");
        let mut standby = Self {
            programs: self.programs.clone(),
            process,
            port: free_port(),
        };
        standby.resume();
        standby
    }

    /// A program of the server's version, or the one in PATH.
    fn program(&self, name: &str) -> PathBuf {
        let own = self.programs.join(name);
        if own.exists() {
            return own;
        }
        in_path(name).unwrap_or_else(|| panic!("{name} is missing: {INSTALL_HINT}"))
    }

    /// Makes a standby the server to write to, and waits for it.
    ///
    /// # Panics
    /// If that fails.
    pub fn promote(&self) {
        let promoted = as_nobody(&self.program("pg_ctl"))
            .args(["promote", "--wait", "--pgdata"])
            .arg(self.data())
            .output()
            .expect("pg_ctl can be started");
        assert!(
            promoted.status.success(),
            "pg_ctl promote failed: {}",
            String::from_utf8_lossy(&promoted.stderr)
        );
    }

    /// Kills the server without a chance to finish anything. Connections break.
    pub fn kill(&mut self) {
        self.process.kill();
        // Its last line would still say that the server is ready.
        let _ = std::fs::remove_file(self.data().join("postmaster.pid"));
    }

    /// Runs a statement in the database `postgres` and returns its result as text.
    ///
    /// # Panics
    /// If it fails.
    pub fn query(&self, statement: &str) -> String {
        let ran = as_nobody(&self.program("psql"))
            .args(["--quiet", "--no-psqlrc", "--tuples-only", "--no-align"])
            .args(["--command", statement, "--dbname"])
            .arg(self.url("postgres"))
            .output()
            .expect("psql can be started");
        let text = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{statement}: {text}");
        String::from_utf8_lossy(&ran.stdout).trim().to_owned()
    }

    /// Waits until the server accepts writes, for example after a full disk.
    ///
    /// # Panics
    /// If it does not within a minute.
    pub fn wait_until_it_accepts_writes(&self) {
        for _ in 0..600 {
            let wrote = as_nobody(&self.program("psql"))
                .args(["--no-psqlrc", "--dbname", &self.url("postgres")])
                .args(["--command", "CREATE TABLE writable (); DROP TABLE writable"])
                .output();
            if wrote.is_ok_and(|ran| ran.status.success()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("PostgreSQL does not accept writes");
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.process.folder().join("data")
    }

    /// Stops the server immediately. Connections break.
    pub fn stop(&mut self) {
        self.process.stop();
    }

    /// Starts the server again, on the same port and with the same data.
    ///
    /// # Panics
    /// If it does not start.
    pub fn resume(&mut self) {
        let folder = self.process.folder().to_owned();
        let status_file = folder.join("data").join("postmaster.pid");
        let port = self.port.to_string();
        self.process
            .start("INT", &self.programs.join("postgres"), |postgres| {
                postgres.arg("-D").arg(folder.join("data"));
                postgres.args([
                    "-p",
                    &port,
                    "-h",
                    "127.0.0.1",
                    "-F",
                    "-c",
                    "max_connections=200",
                    "-k",
                ]);
                postgres.arg(&folder);
            });
        for _ in 0..300 {
            // The eighth line of this file is what the server says of itself.
            let status = std::fs::read_to_string(&status_file).unwrap_or_default();
            let status = status.lines().nth(7).map(str::trim);
            if status == Some("ready") {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("PostgreSQL did not start on port {port}");
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
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin"),
            ))
        })
        .collect();
    by_version.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    let has_server =
        |folder: &PathBuf| folder.join("initdb").exists() && folder.join("postgres").exists();
    in_path
        .chain(by_version.into_iter().map(|(_, folder)| folder))
        .find(has_server)
}
