use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

use crate::process::{Process, free_port, in_path};

/// Installation hint for a missing PgBouncer, in one line.
pub const INSTALL_HINT_PGBOUNCER: &str = "PgBouncer is missing: install it (on Debian `apt-get install pgbouncer`), or put its `pgbouncer` into PATH";

/// A PgBouncer in front of a PostgreSQL server. Stops when it is dropped.
#[derive(Debug)]
pub struct PgBouncer {
    program: PathBuf,
    process: Process,
    port: u16,
}

impl PgBouncer {
    /// Starts one to a port of the loopback address; `pool_mode` is `session` or `transaction`.
    ///
    /// # Panics
    /// With [`INSTALL_HINT_PGBOUNCER`] if PgBouncer is not installed, or when it does not start.
    pub fn start(target: u16, pool_mode: &str) -> Self {
        Self::with_pool_size(target, pool_mode, 20)
    }

    /// As [`start`](Self::start), with another maximum number of connections to PostgreSQL.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub fn with_pool_size(target: u16, pool_mode: &str, pool_size: u16) -> Self {
        let program = in_path("pgbouncer").unwrap_or_else(|| panic!("{INSTALL_HINT_PGBOUNCER}"));
        let process = Process::new();
        let port = free_port();
        let users = process.folder().join("users.txt");
        let configuration = format!(
            "[databases]\n* = host=127.0.0.1 port={target}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = trust\nauth_file = {}\npool_mode = {pool_mode}\n\
             default_pool_size = {pool_size}\nserver_login_retry = 1\nquery_wait_timeout = 5\n",
            users.display()
        );
        let file = process.folder().join("pgbouncer.ini");
        std::fs::write(&users, "\"divan\" \"\"\n\"app\" \"\"\n")
            .expect("the folder can be written to");
        std::fs::write(&file, configuration).expect("the folder can be written to");
        let mut bouncer = Self {
            program,
            process,
            port,
        };
        bouncer.resume();
        bouncer
    }

    /// Returns `true` if the program is installed.
    pub fn is_installed() -> bool {
        in_path("pgbouncer").is_some()
    }

    /// The port on the loopback address.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops it immediately. Connections break.
    pub fn stop(&mut self) {
        self.process.stop();
    }

    /// Starts it again, on the same port.
    ///
    /// # Panics
    /// If it does not start.
    pub fn resume(&mut self) {
        let file = self.process.folder().join("pgbouncer.ini");
        self.process.start("KILL", &self.program, |pgbouncer| {
            pgbouncer.arg("-q").arg(file);
        });
        for _ in 0..500 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("PgBouncer did not start on port {}", self.port);
    }
}
