//! Commands on audit events.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::operator::with_service;
use super::{Outcome, output};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Delete audit events that are older than a given age
    Purge(Purge),
}

#[derive(Args, Debug)]
pub(super) struct Purge {
    /// The minimum age of the events to delete, such as `365d`
    #[arg(long, value_name = "AGE", value_parser = humantime::parse_duration)]
    older_than: Duration,
}

pub(super) fn run(Command::Purge(purge): &Command) -> Outcome {
    with_service(async |service| {
        let purged = service.purge_audit(purge.older_than).await?;
        output::line(&format!("{purged} audit events deleted"));
        Ok(())
    })
}
