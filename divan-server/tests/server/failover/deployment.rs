use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use divan_testing::{Forwarder, PgBouncer, PostgresServer};
use serde_json::{Value, json};

use super::PATIENCE;
use super::faults::Fault;
use super::load::{Acknowledged, Load, http_client};
use crate::harness::{ADMIN_ORIGIN, BOT, MINIAPP_ORIGIN, bootstrap_request, employee_request};
use crate::process::{KEY, PROGRAM, Running, program, start};

/// The role of the server: limits do not apply to a superuser.
const ROLE: &str = "CREATE ROLE app LOGIN PASSWORD 'tram-under-the-plum'";

/// The name of the database for [`Fault::MovedName`], and the address that it moves to.
const NAME: &str = "database.test";
const OTHER_ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// A server with its database, and what is between them.
pub(crate) struct Deployment {
    server: Running,
    primary: PostgresServer,
    standby: Option<PostgresServer>,
    forwarder: Option<Forwarder>,
    _pgbouncer: Option<PgBouncer>,
    disk: Option<Disk>,
    folder: tempfile::TempDir,
    session: Value,
    pair: Value,
}

/// When the fault took place.
pub(crate) struct Outage {
    /// The last moment at which no server accepted writes, if there was such a time.
    pub(crate) down_at: Option<Instant>,
    /// The moment from which a server accepts writes.
    pub(crate) reachable_at: Instant,
}

impl Deployment {
    pub(crate) async fn start(fault: Fault) -> Self {
        let disk = (fault == Fault::FullDisk).then(Disk::new);
        let mut primary = match &disk {
            Some(disk) => PostgresServer::start_in(&disk.0),
            None => PostgresServer::start(),
        };
        prepare(&primary, fault);
        let standby = fault
            .has_standby()
            .then(|| primary.start_standby("standby"));
        if fault == Fault::KilledPrimary {
            primary.query("ALTER SYSTEM SET synchronous_standby_names = 'standby'");
            reload(&primary);
        }
        let forwarder = matches!(
            fault,
            Fault::LostPrimary | Fault::MovedAddress | Fault::NetworkCut
        )
        .then(|| Forwarder::start(primary.port()));
        let pgbouncer = match fault {
            Fault::PgBouncerSession => Some(PgBouncer::start(primary.port(), "session")),
            Fault::PgBouncerTransaction => Some(PgBouncer::start(primary.port(), "transaction")),
            _ => None,
        };
        let first = forwarder
            .as_ref()
            .map(Forwarder::port)
            .or(pgbouncer.as_ref().map(PgBouncer::port))
            .unwrap_or(primary.port());
        let hosts = match (fault, &standby) {
            (Fault::MovedName, _) => format!("{NAME}:{first}"),
            (Fault::MovedAddress, _) | (_, None) => format!("127.0.0.1:{first}"),
            (_, Some(standby)) => format!("127.0.0.1:{first},127.0.0.1:{}", standby.port()),
        };
        let folder = tempfile::tempdir().unwrap();
        write_url(folder.path(), "tram-under-the-plum", &hosts);
        let mut command = match fault {
            Fault::MovedName => program_with_own_hosts(folder.path()),
            _ => program(folder.path()),
        };
        command
            .env("DATABASE_URL_FILE", "database-url")
            .env("SECRET_KEY", KEY)
            .env("TELEGRAM_BOT_TOKEN", BOT)
            .env("DIVAN_MINIAPP_URL", MINIAPP_ORIGIN)
            .env("DIVAN_ADMIN_URL", ADMIN_ORIGIN)
            .env("DIVAN_BOOTSTRAP_TOKEN", "the bootstrap token");
        if fault == Fault::PgBouncerTransaction {
            command.env("DIVAN_DATABASE_STATEMENTS", "off");
        }
        let server = start(&mut command);
        let (session, pair) = sign_in(&server).await;
        Self {
            server,
            primary,
            standby,
            forwarder,
            _pgbouncer: pgbouncer,
            disk,
            folder,
            session,
            pair,
        }
    }

    pub(crate) fn start_load(&self) -> Load {
        Load::start(self.server.url(""), &self.session, self.pair.clone())
    }

    /// Causes the fault and ends it.
    pub(crate) async fn cause(&mut self, fault: Fault) -> Outage {
        let mut down_at = None;
        match fault {
            Fault::Restart | Fault::PgBouncerSession | Fault::PgBouncerTransaction => {
                self.primary.stop();
                down_at = Some(wait().await);
                self.primary.resume();
            }
            Fault::StoppedPrimary => {
                self.primary.stop();
                self.standby().promote();
            }
            Fault::KilledPrimary => {
                self.primary.kill();
                self.standby().promote();
            }
            Fault::LostPrimary => {
                self.forwarder().cut();
                self.standby().promote();
            }
            Fault::MovedAddress => {
                self.primary
                    .query("ALTER SYSTEM SET default_transaction_read_only = on");
                reload(&self.primary);
                // Transactions that began before may still write, and reach the standby.
                down_at = Some(wait().await);
                self.standby().promote();
                self.forwarder().set_target(self.standby().port());
            }
            Fault::MovedName => {
                self.primary
                    .query("ALTER SYSTEM SET default_transaction_read_only = on");
                reload(&self.primary);
                down_at = Some(wait().await);
                self.standby().promote();
                let address = (OTHER_ADDRESS, self.primary.port());
                self.forwarder = Some(Forwarder::start_at(address, self.standby().port()));
                write_hosts(self.folder.path(), OTHER_ADDRESS);
            }
            Fault::NetworkCut => {
                self.forwarder().cut();
                down_at = Some(wait().await);
                self.forwarder().restore();
            }
            Fault::ConnectionLimit => {
                self.primary.query("ALTER ROLE app CONNECTION LIMIT 0");
                terminate(&self.primary);
                down_at = Some(wait().await);
                self.primary.query("ALTER ROLE app CONNECTION LIMIT -1");
            }
            Fault::FullDisk => {
                let disk = self.disk.as_ref().unwrap();
                disk.fill();
                down_at = Some(wait().await);
                disk.free();
                self.primary.wait_until_it_accepts_writes();
            }
            Fault::RotatedPassword => {
                self.primary
                    .query("ALTER ROLE app PASSWORD 'plum-under-the-tram'");
                terminate(&self.primary);
                down_at = Some(wait().await);
                let host = format!("127.0.0.1:{}", self.primary.port());
                write_url(self.folder.path(), "plum-under-the-tram", &host);
            }
        }
        Outage {
            down_at,
            reachable_at: Instant::now(),
        }
    }

    fn standby(&self) -> &PostgresServer {
        self.standby.as_ref().unwrap()
    }

    fn forwarder(&self) -> &Forwarder {
        self.forwarder.as_ref().unwrap()
    }

    /// Checks that the server has not ended, that what it acknowledged is there, and that nothing is
    /// written by half.
    pub(crate) async fn verify(mut self, acknowledged: &Acknowledged) {
        assert!(
            self.server.child.try_wait().unwrap().is_none(),
            "{}",
            self.server.log()
        );
        let writer = self.standby.as_ref().unwrap_or(&self.primary);
        let ids: Vec<String> = acknowledged
            .users
            .iter()
            .map(|id| format!("('{id}'::uuid)"))
            .collect();
        assert!(!ids.is_empty(), "no user was created");
        let lost = format!(
            "SELECT count(*) FROM (VALUES {}) acknowledged (id) WHERE NOT EXISTS \
             (SELECT 1 FROM divan_users WHERE divan_users.id = acknowledged.id)",
            ids.join(", ")
        );
        assert_eq!(writer.query(&lost), "0", "acknowledged users are lost");
        for (half, expected) in [
            (
                "SELECT count(*) FROM divan_users u WHERE role = 'employee' AND NOT EXISTS (SELECT 1 FROM \
                 divan_audit_events WHERE subject_id = u.id AND action = 'user_created')",
                "0",
            ),
            (
                "SELECT count(*) FROM divan_audit_events a WHERE action = 'user_created' AND NOT EXISTS (SELECT 1 \
                 FROM divan_users WHERE id = a.subject_id)",
                "0",
            ),
            (
                "SELECT count(*) FROM divan_users u WHERE NOT EXISTS (SELECT 1 FROM divan_user_words WHERE user_id = u.id)",
                "0",
            ),
        ] {
            assert_eq!(writer.query(half), expected, "{half}");
        }
        let refresh = json!({"refresh_token": acknowledged.pair["refresh_token"]});
        let refresh = http_client(PATIENCE)
            .post(self.server.url("/auth/refresh"))
            .json(&refresh);
        assert_eq!(refresh.send().await.unwrap().status(), 200);
        let log = self.server.log();
        assert!(!log.contains("-under-the-"), "{log}");
    }
}

/// Creates the role of the server, which signs in with a password.
fn prepare(primary: &PostgresServer, fault: Fault) {
    primary.query(ROLE);
    primary.query("GRANT CREATE ON SCHEMA public TO app");
    if fault == Fault::RotatedPassword {
        let file = primary.data().join("pg_hba.conf");
        let rules = std::fs::read_to_string(&file).unwrap();
        let own = "host all app 127.0.0.1/32 scram-sha-256\n";
        std::fs::write(&file, format!("{own}{rules}")).unwrap();
        reload(primary);
    }
}

/// Lets the fault last. Returns a moment at which no server accepts writes.
async fn wait() -> Instant {
    tokio::time::sleep(Duration::from_secs(3)).await;
    Instant::now()
}

fn reload(server: &PostgresServer) {
    server.query("SELECT pg_reload_conf()");
}

fn terminate(server: &PostgresServer) {
    server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'");
}

/// Returns the program with a file of host names of its own, which only root can give it.
fn program_with_own_hosts(folder: &Path) -> Command {
    write_hosts(folder, Ipv4Addr::LOCALHOST);
    let mut command = Command::new("/usr/bin/unshare");
    command
        .current_dir(folder)
        .env_clear()
        .args(["--mount", "sh", "-c"])
        .arg("mount --bind hosts /etc/hosts && exec \"$0\" \"$@\"")
        .arg(PROGRAM);
    command
}

fn write_hosts(folder: &Path, address: Ipv4Addr) {
    std::fs::write(folder.join("hosts"), format!("{address} {NAME}\n")).unwrap();
}

/// Replaces the file as a whole, as the tools that rotate secrets do.
fn write_url(folder: &Path, password: &str, hosts: &str) {
    let (new, file) = (folder.join("new"), folder.join("database-url"));
    std::fs::write(
        &new,
        format!("postgresql://app:{password}@{hosts}/postgres\n"),
    )
    .unwrap();
    std::fs::rename(new, file).unwrap();
}

/// Creates the first administrator with two sessions, and an employee for the sign-ins, which end the oldest
/// sessions of their account.
async fn sign_in(server: &Running) -> (Value, Value) {
    let http = http_client(PATIENCE);
    let bootstrap = http
        .post(server.url("/auth/admin/bootstrap"))
        .header("x-bootstrap-token", "the bootstrap token")
        .json(&bootstrap_request());
    assert_eq!(bootstrap.send().await.unwrap().status(), 201);
    let login = async || {
        let login = http
            .post(server.url("/auth/admin/login"))
            .json(&bootstrap_request());
        let text = login.send().await.unwrap().text().await.unwrap();
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let (session, pair) = (login().await, login().await);
    let token = session["access_token"].as_str().unwrap();
    let create = http
        .post(server.url("/auth/admin/users"))
        .bearer_auth(token)
        .json(&employee_request());
    assert_eq!(create.send().await.unwrap().status(), 201);
    (session, pair)
}

/// A small file system in memory.
struct Disk(PathBuf);

impl Disk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap().keep();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=160m,mode=777", "tmpfs"])
            .arg(&folder)
            .status();
        assert!(
            mounted.unwrap().success(),
            "only root can mount a file system"
        );
        Self(folder)
    }

    /// Uses all space.
    fn fill(&self) {
        let filler = format!("of={}", self.0.join("filler").display());
        // Fails at the end of the space.
        let _ = Command::new("dd")
            .args(["if=/dev/zero", "bs=64k", &filler])
            .output();
    }

    fn free(&self) {
        std::fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
        let _ = std::fs::remove_dir(&self.0);
    }
}
