//! Brings the servers that the tests need.

use divan_testing::{HOW_TO_INSTALL, PostgresServer};

use crate::debian;
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
        if no_install || !debian::may_install() {
            return Err(HOW_TO_INSTALL.to_owned());
        }
        debian::install("postgresql").map_err(|error| format!("{error}; {HOW_TO_INSTALL}"))?;
    }
    say("PostgreSQL");
    let server = PostgresServer::start();
    Ok(Postgres { url: server.url("postgres"), _server: Some(server) })
}
