use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use crate::process::{Process, free_port, in_path};

/// Installation hint for a missing Redis, in one line.
pub const HOW_TO_INSTALL_REDIS: &str = "no Redis for the tests: install its server (on Debian `apt-get install redis-server`), or put its `redis-server` into PATH";

/// A Redis server of our own, in memory. Stops when it is dropped.
#[derive(Debug)]
pub struct RedisServer {
    program: PathBuf,
    process: Process,
    port: u16,
    password: Option<String>,
}

impl RedisServer {
    /// Starts a new server that asks for no password.
    ///
    /// # Panics
    /// With [`HOW_TO_INSTALL_REDIS`] where there is no Redis.
    pub fn start() -> Self {
        Self::start_with(None)
    }

    /// Starts a new server that asks for this password.
    ///
    /// # Panics
    /// With [`HOW_TO_INSTALL_REDIS`] where there is no Redis.
    pub fn start_with_password(password: &str) -> Self {
        Self::start_with(Some(password.to_owned()))
    }

    fn start_with(password: Option<String>) -> Self {
        let program = in_path("redis-server").unwrap_or_else(|| panic!("{HOW_TO_INSTALL_REDIS}"));
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

    /// Stops the server at once: connections break in the middle of what they do.
    pub fn stop(&mut self) {
        self.process.stop();
    }

    /// Starts the server again, on the same port.
    ///
    /// # Panics
    /// When it does not start.
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
            if self.answers() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("Redis did not start on port {port}");
    }

    /// Lets the server hang: it takes connections and answers nothing.
    pub fn freeze(&self) {
        self.process.signal("STOP");
    }

    /// Lets the server go on.
    pub fn thaw(&self) {
        self.process.signal("CONT");
    }

    fn answers(&self) -> bool {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let asked = TcpStream::connect(address).and_then(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(1)))?;
            stream.write_all(b"PING\r\n")?;
            stream.read_exact(&mut [0; 1])
        });
        asked.is_ok()
    }
}
