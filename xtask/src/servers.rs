//! Brings the servers that the tests need.

use std::process::Command;

use divan_testing::{HOW_TO_INSTALL, PostgresServer};

use crate::step::say;

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
    if !PostgresServer::is_installed() {
        if no_install || !may_install() {
            return Err(HOW_TO_INSTALL.to_owned());
        }
        install("postgresql")?;
    }
    say("PostgreSQL");
    let server = PostgresServer::start();
    Ok(Postgres { url: server.url("postgres"), _server: Some(server) })
}

/// Whether this is root on Debian.
fn may_install() -> bool {
    let id = Command::new("id").arg("-u").output();
    let is_root = id.is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    is_root && std::path::Path::new("/etc/debian_version").exists()
}

fn install(package: &str) -> Result<(), String> {
    say(&format!("apt-get install {package}"));
    for arguments in [vec!["update", "-qq"], vec!["install", "-y", "-qq", "--no-install-recommends", package]]
    {
        let status =
            Command::new("apt-get").args(&arguments).env("DEBIAN_FRONTEND", "noninteractive").status();
        if !status.is_ok_and(|status| status.success()) {
            return Err(format!("`apt-get {}` failed; {HOW_TO_INSTALL}", arguments.join(" ")));
        }
    }
    Ok(())
}
