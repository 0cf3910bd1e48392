use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use crate::process::{Process, free_port, in_path};

/// Installation hint for a missing Redis, in one line.
pub const INSTALL_HINT_REDIS: &str = "Redis is missing: install its server (on Debian `apt-get install redis-server`), or put its `redis-server` into PATH";

/// A Redis server, started for the tests, in memory. Stops when it is dropped.
#[derive(Debug)]
pub struct RedisServer {
    program: PathBuf,
    process: Process,
    port: u16,
    password: Option<String>,
}

impl RedisServer {
    /// Starts a new server without a password.
    ///
    /// # Panics
    /// With [`INSTALL_HINT_REDIS`] if Redis is not installed.
    pub fn start() -> Self {
        Self::start_with(None)
    }

    /// Starts a new server that requires this password.
    ///
    /// # Panics
    /// With [`INSTALL_HINT_REDIS`] if Redis is not installed.
    pub fn start_with_password(password: &str) -> Self {
        Self::start_with(Some(password.to_owned()))
    }

    fn start_with(password: Option<String>) -> Self {
        let program = in_path("redis-server").unwrap_or_else(|| panic!("{INSTALL_HINT_REDIS}"));
        let mut server = Self {
            program,
            process: Process::new(),
            port: free_port(),
            password,
        };
        server.resume();
        server
    }

    /// Returns `true` if the program is installed.
    pub fn is_installed() -> bool {
        in_path("redis-server").is_some()
    }

    /// The port on the loopback address.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops the server immediately. Connections break.
    pub fn stop(&mut self) {
        self.process.stop();
    }

    /// Starts the server again, on the same port.
    ///
    /// # Panics
    /// If it does not start.
    pub fn resume(&mut self) {
        let (port, password) = (self.port.to_string(), self.password.clone());
        let folder = self.process.folder().to_owned();
        self.process.start("KILL", &self.program, |redis| {
            redis.args([
                "--port",
                &port,
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
            ]);
            redis.arg(folder);
            if let Some(password) = &password {
                redis.args(["--requirepass", password]);
            }
        });
        for _ in 0..1000 {
            if self.responds() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("Redis did not start on port {port}");
    }

    /// Suspends the server: it accepts connections and does not respond.
    pub fn freeze(&self) {
        self.process.signal("STOP");
    }

    /// Resumes the suspended server.
    pub fn thaw(&self) {
        self.process.signal("CONT");
    }

    fn responds(&self) -> bool {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let response = TcpStream::connect(address).and_then(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(1)))?;
            stream.write_all(b"PING\r\n")?;
            stream.read_exact(&mut [0; 1])
        });
        response.is_ok()
    }
}
