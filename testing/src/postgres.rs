use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::process::{Process, as_nobody, free_port};

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
        let programs = programs().unwrap_or_else(|| panic!("{INSTALL_HINT}"));
        let process = Process::new();
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
            if status
                .lines()
                .nth(7)
                .is_some_and(|line| line.trim() == "ready")
            {
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
