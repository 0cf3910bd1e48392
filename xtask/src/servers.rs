//! Servers and programs that the tests need.

use std::process::Command;

use divan_testing::{
    CaddyServer, INSTALL_HINT, INSTALL_HINT_CADDY, INSTALL_HINT_PGBOUNCER, INSTALL_HINT_RABBITMQ,
    INSTALL_HINT_REDIS, PgBouncer, PostgresServer, RabbitMqServer, RedisServer,
};

use crate::debian::require;
use crate::step::{Outcome, say};

/// The variable with the URL of a running PostgreSQL server for the tests.
pub(crate) const TEST_DATABASE_URL: &str = "TEST_DATABASE_URL";

/// The PostgreSQL server of this run. Dropping it stops a server that was started for the run.
pub(crate) struct Postgres {
    pub(crate) url: String,
    _server: Option<PostgresServer>,
}

/// Returns the server of [`TEST_DATABASE_URL`], or starts one, after installing it if necessary.
pub(crate) fn postgres(no_install: bool) -> Result<Postgres, String> {
    if let Some(url) = std::env::var(TEST_DATABASE_URL)
        .ok()
        .filter(|url| !url.is_empty())
    {
        return Ok(Postgres { url, _server: None });
    }
    require(
        PostgresServer::is_installed(),
        "postgresql",
        INSTALL_HINT,
        no_install,
    )?;
    say("PostgreSQL");
    let server = PostgresServer::start();
    Ok(Postgres {
        url: server.url("postgres"),
        _server: Some(server),
    })
}

/// Installs PostgreSQL and PgBouncer, for tests that start their own.
pub(crate) fn postgres_programs(no_install: bool) -> Outcome {
    require(
        PostgresServer::is_installed(),
        "postgresql",
        INSTALL_HINT,
        no_install,
    )?;
    require(
        PgBouncer::is_installed(),
        "pgbouncer",
        INSTALL_HINT_PGBOUNCER,
        no_install,
    )
}

/// Installs the servers that tests start and stop themselves (PostgreSQL, PgBouncer, Redis, RabbitMQ and
/// Caddy), and the programs that the commands of the guide use.
pub(crate) fn others(no_install: bool) -> Outcome {
    postgres_programs(no_install)?;
    require(
        CaddyServer::is_installed(),
        "caddy",
        INSTALL_HINT_CADDY,
        no_install,
    )?;
    require(
        RedisServer::is_installed(),
        "redis-server",
        INSTALL_HINT_REDIS,
        no_install,
    )?;
    require(
        RabbitMqServer::is_installed(),
        "rabbitmq-server",
        INSTALL_HINT_RABBITMQ,
        no_install,
    )?;
    for program in ["openssl", "sqlite3"] {
        let found = Command::new("sh")
            .args(["-c", &format!("command -v {program}")])
            .output();
        let is_installed = found.is_ok_and(|output| output.status.success());
        let how = format!("the tests of the guide need `{program}`: install it");
        require(is_installed, program, &how, no_install)?;
    }
    Ok(())
}
