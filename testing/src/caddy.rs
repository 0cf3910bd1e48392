use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use crate::process::{Process, free_port, in_path};

/// Installation hint for a missing Caddy, in one line.
pub const INSTALL_HINT_CADDY: &str =
    "Caddy is missing: install it (on Debian `apt-get install caddy`), or put `caddy` into PATH";

/// Caddy with a configuration file and a free port. Stops when it is dropped.
#[derive(Debug)]
pub struct CaddyServer {
    _process: Process,
    port: u16,
}

impl CaddyServer {
    /// Returns `true` if the program is installed.
    pub fn is_installed() -> bool {
        in_path("caddy").is_some()
    }

    /// Starts Caddy with the file. `variables` returns the variables of the file for the port that
    /// Caddy listens on.
    ///
    /// # Panics
    /// With [`INSTALL_HINT_CADDY`] if Caddy is not installed, and if it does not start.
    pub fn start(
        caddyfile: &Path,
        variables: impl FnOnce(u16) -> Vec<(&'static str, String)>,
    ) -> Self {
        let program = in_path("caddy").unwrap_or_else(|| panic!("{INSTALL_HINT_CADDY}"));
        let (port, mut process) = (free_port(), Process::new());
        let folder = process.folder().to_owned();
        // Readable by the unprivileged user, wherever the file is.
        let copy = folder.join("Caddyfile");
        let text = std::fs::read_to_string(caddyfile).expect("the file");
        std::fs::write(&copy, format!("{{\n\tadmin off\n}}\n{text}"))
            .expect("the folder can be written to");
        process.start("TERM", &program, |caddy| {
            caddy
                .args(["run", "--adapter", "caddyfile", "--config"])
                .arg(&copy);
            caddy.env("HOME", &folder).envs(variables(port));
        });
        for _ in 0..1000 {
            if TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).is_ok() {
                return Self {
                    _process: process,
                    port,
                };
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("Caddy did not start on port {port}");
    }

    /// The port on the loopback address.
    pub fn port(&self) -> u16 {
        self.port
    }
}
