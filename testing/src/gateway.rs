//! Programs of others that protect a route, each with a configuration of the guide.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::process::{Process, free_port, in_path};

/// A program that protects a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gateway {
    /// Nginx; the configuration is part of a `server` block.
    Nginx,
    /// Caddy; the configuration is part of a site.
    Caddy,
    /// `HAProxy`; the configuration is part of a `frontend`.
    HaProxy,
    /// Apache HTTP Server with `mod_auth_openidc`; the configuration is part of the server's.
    Apache,
    /// Python with `PyJWT` and `standardwebhooks`, of the environment in `TEST_PYTHON`; the configuration defines `verify`.
    Python,
    /// Node.js with jose and standardwebhooks, from the folder in `TEST_NODE_MODULES`; the configuration exports `verify`.
    Node,
}

/// The variable with the Python of an environment that has the packages.
pub const TEST_PYTHON: &str = "TEST_PYTHON";

/// The variable with the folder `node_modules` that contains the packages.
pub const TEST_NODE_MODULES: &str = "TEST_NODE_MODULES";

const INSTALL_HINT_PACKAGES: &str = "packages of Python and Node.js are missing: `cargo xtask test` installs them and sets TEST_PYTHON and TEST_NODE_MODULES";

impl Gateway {
    /// The programs of Debian, which are not part of another environment.
    pub const OF_DEBIAN: [Self; 4] = [Self::Nginx, Self::Caddy, Self::HaProxy, Self::Apache];

    /// Returns `true` if the program and its modules are installed.
    pub fn is_installed(self) -> bool {
        self.program().is_some()
    }

    /// Installation hint for the missing program, in one line.
    pub fn install_hint(self) -> String {
        match self {
            Self::Python | Self::Node => INSTALL_HINT_PACKAGES.to_owned(),
            _ => format!(
                "{self:?} is missing: install it (on Debian `apt-get install {}`)",
                self.package()
            ),
        }
    }

    /// The package of Debian.
    pub fn package(self) -> &'static str {
        match self {
            Self::Nginx => "nginx-light",
            Self::Caddy => "caddy",
            Self::HaProxy => "haproxy",
            Self::Apache => "libapache2-mod-auth-openidc",
            Self::Python => "python3",
            Self::Node => "nodejs",
        }
    }

    fn program(self) -> Option<PathBuf> {
        let variable = |name| {
            std::env::var_os(name)
                .map(PathBuf::from)
                .filter(|path| path.exists())
        };
        match self {
            Self::Nginx => in_path("nginx"),
            Self::Caddy => in_path("caddy"),
            Self::HaProxy => in_path("haproxy"),
            Self::Apache => in_path("apache2")
                .filter(|_| Path::new(MODULES).join("mod_auth_openidc.so").exists()),
            Self::Python => variable(TEST_PYTHON),
            Self::Node => in_path("node").filter(|_| variable(TEST_NODE_MODULES).is_some()),
        }
    }

    /// Returns the name and the text of the file that starts the program, and its arguments.
    fn file(self, port: u16, configuration: &str, upstream: u16) -> (&'static str, String) {
        match self {
            Self::Nginx => (
                "nginx.conf",
                format!(
                    "daemon off; pid nginx.pid; events {{}}\nhttp {{\naccess_log off;\nclient_body_temp_path body; \
                     proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n\
                     server {{ listen 127.0.0.1:{port};\n{configuration}\n}} }}\n"
                ),
            ),
            Self::Caddy => (
                "Caddyfile",
                format!("{{\n\tadmin off\n}}\nhttp://127.0.0.1:{port} {{\n{configuration}\n}}\n"),
            ),
            Self::HaProxy => (
                "haproxy.cfg",
                format!(
                    "global\n  lua-load divan.lua\ndefaults\n  mode http\n  timeout client 10s\n  timeout server 10s\n  \
                     timeout connect 5s\nfrontend protected\n  bind 127.0.0.1:{port}\n{configuration}\n  default_backend \
                     service\nbackend service\n  server service 127.0.0.1:{upstream}\n"
                ),
            ),
            Self::Apache => (
                "apache2.conf",
                format!(
                    "ServerName localhost\nListen 127.0.0.1:{port}\nPidFile apache2.pid\nErrorLog error.log\n\
                     DefaultRuntimeDir .\nMutex fcntl:. default\n{}{configuration}\n",
                    APACHE_MODULES
                        .map(|name| format!("LoadModule {name}_module {MODULES}/mod_{name}.so\n"))
                        .concat()
                ),
            ),
            Self::Python => (
                "server.py",
                format!(
                    "{configuration}\n{}",
                    PYTHON.replace("PORT", &port.to_string())
                ),
            ),
            Self::Node => (
                "server.mjs",
                format!(
                    "{configuration}\n{}",
                    NODE.replace("PORT", &port.to_string())
                ),
            ),
        }
    }

    fn arguments(self, file: &Path) -> Vec<&std::ffi::OsStr> {
        let options: &[&str] = match self {
            Self::Nginx => &["-e", "stderr", "-p", ".", "-c"],
            Self::Caddy => &["run", "--adapter", "caddyfile", "--config"],
            Self::HaProxy => &["-f"],
            Self::Apache => &["-D", "FOREGROUND", "-d", ".", "-f"],
            Self::Python | Self::Node => &[],
        };
        let options = options.iter().map(std::ffi::OsStr::new);
        options.chain([file.as_os_str()]).collect()
    }
}

/// The modules of Apache HTTP Server on Debian.
const MODULES: &str = "/usr/lib/apache2/modules";
const APACHE_MODULES: [&str; 8] = [
    "mpm_event",
    "authn_core",
    "authz_core",
    "authz_user",
    "headers",
    "proxy",
    "proxy_http",
    "auth_openidc",
];

/// Serves the function `verify` of a configuration.
const PYTHON: &str = r#"
import http.server

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        try:
            if scheme != "Bearer":
                raise jwt.InvalidTokenError("no token")
            verify(token, "admin" if self.path.startswith("/admin/") else None)
            self.send_response(200)
        except jwt.PyJWKClientConnectionError:
            self.send_response(503)
        except jwt.PyJWTError:
            self.send_response(401)
        except PermissionError:
            self.send_response(403)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *arguments):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
"#;

const NODE: &str = r#"
import { createServer } from "node:http";
import { errors } from "jose";

const status = (error) =>
  error.message === "forbidden" ? 403 : error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout) ? 401 : 503;

createServer(async (request, response) => {
  const [scheme, token] = (request.headers.authorization ?? "").split(" ");
  try {
    if (scheme !== "Bearer") throw new errors.JWTInvalid("no token");
    await verify(token, request.url.startsWith("/admin/") ? "admin" : undefined);
    response.statusCode = 200;
  } catch (error) {
    response.statusCode = status(error);
  }
  response.end();
}).listen(PORT, "127.0.0.1");
"#;

/// A program that runs with a configuration. Stops when it is dropped.
#[derive(Debug)]
pub struct RunningGateway {
    _process: Process,
    port: u16,
}

impl RunningGateway {
    /// Starts a program in front of the service on the port `upstream`, with further files that the
    /// configuration names.
    ///
    /// # Panics
    /// With [`Gateway::install_hint`] if the program is not installed, and if it does not start.
    pub fn start(
        gateway: Gateway,
        configuration: &str,
        files: &[(&str, &str)],
        upstream: u16,
    ) -> Self {
        let port = free_port();
        let (name, text) = gateway.file(port, configuration, upstream);
        let files = [&[("divan.lua", ""), (name, text.as_str())], files].concat();
        Self::launch(gateway, port, name, &files, None)
    }

    /// Starts a receiver of webhooks in [`Gateway::Python`] or [`Gateway::Node`]. Its text names the port 9000, which
    /// is replaced, and reads the secret from the variable `SECRET`.
    ///
    /// # Panics
    /// With [`Gateway::install_hint`] if the language is not installed, and if it does not start.
    pub fn start_receiver(gateway: Gateway, text: &str, port: u16, secret: &str) -> Self {
        let (name, _) = gateway.file(port, "", 0);
        let text = text.replace("9000", &port.to_string());
        Self::launch(
            gateway,
            port,
            name,
            &[(name, &text)],
            Some(("SECRET", secret)),
        )
    }

    /// Starts a program with the file `name` and others.
    fn launch(
        gateway: Gateway,
        port: u16,
        name: &str,
        files: &[(&str, &str)],
        variable: Option<(&str, &str)>,
    ) -> Self {
        let program = gateway
            .program()
            .unwrap_or_else(|| panic!("{}", gateway.install_hint()));
        let mut process = Process::new();
        let folder = process.folder().to_owned();
        for (name, text) in files {
            std::fs::write(folder.join(name), text).expect("the folder can be written to");
        }
        if let Some(modules) =
            std::env::var_os(TEST_NODE_MODULES).filter(|_| gateway == Gateway::Node)
        {
            std::os::unix::fs::symlink(modules, folder.join("node_modules")).expect("a new link");
        }
        let file = folder.join(name);
        let prepare = |command: &mut Command| {
            command
                .args(gateway.arguments(&file))
                .env("HOME", &folder)
                .envs(variable)
                .current_dir(&folder);
        };
        match gateway {
            Gateway::Python | Gateway::Node => process.start_as_caller("TERM", &program, prepare),
            _ => process.start("TERM", &program, prepare),
        }
        for _ in 0..1000 {
            if TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).is_ok() {
                return Self {
                    _process: process,
                    port,
                };
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("{gateway:?} did not start on port {port} with: {files:#?}");
    }

    /// The port on the loopback address.
    pub fn port(&self) -> u16 {
        self.port
    }
}
