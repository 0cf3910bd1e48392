use divan_testing::{INSTALL_HINT, INSTALL_HINT_PGBOUNCER, PgBouncer, PostgresServer};

use crate::debian::require;
use crate::step::{Outcome, cargo_with};

/// Causes every fault, one after the other, and writes the table of the guide.
pub(crate) fn run(no_install: bool) -> Outcome {
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
    )?;
    cargo_with(
        "test --package divan-server --test server -- --ignored --nocapture \
         failover::every_fault_is_survived_within_the_promised_time",
        &[("DIVAN_WRITE_FAULT_TABLE", "1")],
    )
}
