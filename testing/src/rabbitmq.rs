use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::process::{Process, free_port};

/// Installation hint for a missing RabbitMQ, in one line.
pub const INSTALL_HINT_RABBITMQ: &str = "RabbitMQ is missing: install its server (on Debian `apt-get install \
     rabbitmq-server`), which brings /usr/lib/rabbitmq/bin/rabbitmq-server";

/// The script that Debian's `/usr/sbin/rabbitmq-server` calls after it has become another user.
const PROGRAM: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/// A RabbitMQ server, started for the tests, with one user. Stops when it is dropped.
#[derive(Debug)]
pub struct RabbitMqServer {
    process: Process,
    port: u16,
    /// Ports of Erlang's port mapper and of the node. The tests do not use them, but the server
    /// requires both.
    erlang_ports: [u16; 2],
}

impl RabbitMqServer {
    /// The user of the server.
    pub const USER: &str = "divan";
    /// The user's password.
    pub const PASSWORD: &str = "p%40ss word/of:rabbit@mq";

    /// Starts a new server.
    ///
    /// # Panics
    /// With [`INSTALL_HINT_RABBITMQ`] if RabbitMQ is not installed.
    pub fn start() -> Self {
        assert!(Self::is_installed(), "{INSTALL_HINT_RABBITMQ}");
        let mut server = Self {
            process: Process::new(),
            port: free_port(),
            erlang_ports: [free_port(), free_port()],
        };
        server.configure();
        server.resume();
        server
    }

    /// Returns `true` if the program is installed.
    pub fn is_installed() -> bool {
        Path::new(PROGRAM).exists()
    }

    /// The port of AMQP on the loopback address.
    pub fn port(&self) -> u16 {
        self.port
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
        let environment = self.environment();
        self.process
            .start("KILL", Path::new(PROGRAM), |rabbitmq: &mut Command| {
                rabbitmq.envs(environment);
            });
        // It starts in six seconds, and takes many times longer while a compiler runs.
        for _ in 0..1800 {
            if self.responds() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("RabbitMQ did not start on port {}", self.port);
    }

    /// Suspends the server: it accepts connections and does not respond.
    pub fn freeze(&self) {
        self.process.signal("STOP");
    }

    /// Resumes the suspended server.
    pub fn thaw(&self) {
        self.process.signal("CONT");
    }

    fn configure(&self) {
        let settings = format!(
            "listeners.tcp.1 = 127.0.0.1:{}\ndefault_user = {}\ndefault_pass = {}\n",
            self.port,
            Self::USER,
            Self::PASSWORD
        );
        let write = |name, text: &str| std::fs::write(self.process.folder().join(name), text);
        write("rabbitmq.conf", &settings).expect("the folder can be written to");
        write("plugins", "[].").expect("the folder can be written to");
        // Erlang leaves its port mapper behind.
        self.process.run_after_stop("epmd -kill > /dev/null 2>&1");
    }

    fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        let folder = self.process.folder();
        let [mapper, node] = self
            .erlang_ports
            .map(|port| PathBuf::from(port.to_string()));
        vec![
            ("HOME", folder.to_owned()),
            ("ERL_EPMD_ADDRESS", "127.0.0.1".into()),
            ("ERL_EPMD_PORT", mapper),
            ("ERL_EPMD_RELAXED_COMMAND_CHECK", "1".into()),
            ("RABBITMQ_CONFIG_FILE", folder.join("rabbitmq.conf")),
            ("RABBITMQ_CONF_ENV_FILE", "/dev/null".into()),
            ("RABBITMQ_DIST_PORT", node),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", folder.join("plugins")),
            ("RABBITMQ_LOG_BASE", folder.join("log")),
            ("RABBITMQ_MNESIA_BASE", folder.join("data")),
            (
                "RABBITMQ_NODENAME",
                format!("divan{}@localhost", self.port).into(),
            ),
            (
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                "-kernel inet_dist_use_interface {127,0,0,1}".into(),
            ),
            // The script then becomes the server, and starts it as a child otherwise.
            ("RUNNING_UNDER_SYSTEMD", "true".into()),
        ]
    }

    fn responds(&self) -> bool {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let response = TcpStream::connect(address).and_then(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(1)))?;
            stream.write_all(b"AMQP\x00\x00\x09\x01")?;
            stream.read_exact(&mut [0; 1])
        });
        response.is_ok()
    }
}
