//! Brings the servers that the tests need.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use divan_testing::{
    HOW_TO_INSTALL, HOW_TO_INSTALL_RABBITMQ, HOW_TO_INSTALL_REDIS, PostgresServer, RabbitMqServer,
    RedisServer,
};

use crate::step::{Outcome, say};

/// Names a running server for the tests.
pub(crate) const TEST_DATABASE_URL: &str = "TEST_DATABASE_URL";

/// The PostgreSQL server of this run; one that was started for it stops when this is dropped.
pub(crate) struct Postgres {
    pub(crate) url: String,
    _server: Option<PostgresServer>,
}

/// The server that the environment names, or one that is started from programs that are installed, if need be now.
pub(crate) fn postgres(no_install: bool) -> Result<Postgres, String> {
    if let Some(url) = std::env::var(TEST_DATABASE_URL).ok().filter(|url| !url.is_empty()) {
        return Ok(Postgres { url, _server: None });
    }
    bring(PostgresServer::is_installed(), "postgresql", HOW_TO_INSTALL, no_install)?;
    say("PostgreSQL");
    let server = PostgresServer::start();
    Ok(Postgres { url: server.url("postgres"), _server: Some(server) })
}

/// The servers that tests start and stop themselves: Redis and RabbitMQ.
pub(crate) fn others(no_install: bool) -> Outcome {
    bring(RedisServer::is_installed(), "redis-server", HOW_TO_INSTALL_REDIS, no_install)?;
    bring(RabbitMqServer::is_installed(), "rabbitmq-server", HOW_TO_INSTALL_RABBITMQ, no_install)
}

fn bring(is_installed: bool, package: &str, how: &str, no_install: bool) -> Outcome {
    if is_installed {
        return Ok(());
    }
    if no_install || !may_install() {
        return Err(how.to_owned());
    }
    let _quiet = NoServices::begin();
    install(package).map_err(|error| format!("{error}; {how}"))
}

/// Whether this is root on Debian.
fn may_install() -> bool {
    let id = Command::new("id").arg("-u").output();
    let is_root = id.is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    is_root && Path::new("/etc/debian_version").exists()
}

/// Keeps Debian from starting the services that it installs: tests start servers of their own.
struct NoServices(bool);

impl NoServices {
    /// What is asked whether a service may start
    /// ([invoke-rc.d](https://manpages.debian.org/bookworm/init-system-helpers/invoke-rc.d.8.en.html)).
    const POLICY: &str = "/usr/sbin/policy-rc.d";

    fn begin() -> Self {
        const FORBIDDEN: &str = "#!/bin/sh\nexit 101\n";
        let is_ours = !Path::new(Self::POLICY).exists() && std::fs::write(Self::POLICY, FORBIDDEN).is_ok();
        if is_ours {
            let _ = std::fs::set_permissions(Self::POLICY, Permissions::from_mode(0o755));
        }
        Self(is_ours)
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.0 {
            let _ = std::fs::remove_file(Self::POLICY);
        }
    }
}

fn install(package: &str) -> Outcome {
    say(&format!("apt-get install {package}"));
    for arguments in [vec!["update", "-qq"], vec!["install", "-y", "-qq", "--no-install-recommends", package]]
    {
        let status =
            Command::new("apt-get").args(&arguments).env("DEBIAN_FRONTEND", "noninteractive").status();
        if !status.is_ok_and(|status| status.success()) {
            return Err(format!("`apt-get {}` failed", arguments.join(" ")));
        }
    }
    Ok(())
}
