use std::process::ExitCode;

use clap::Args;
use divan_core::store::SchemaStatus;

use super::operator::block_on;
use super::{Outcome, output};
use crate::config::Config;
use crate::database::Database;

#[derive(Args, Debug)]
pub(super) struct MigrateArgs {
    /// Only check the schema; exits with 1 if it is not current
    #[arg(long)]
    check: bool,
}

pub(super) fn migrate(args: &MigrateArgs) -> Outcome {
    block_on(run(args.check))?
}

async fn run(check: bool) -> Outcome {
    // Nothing listens; the address only affects settings that this command does not use.
    let config = Config::from_process(([127, 0, 0, 1], 0).into())?;
    let database = Database::connect(&config).await?;
    if !check {
        database.migrate().await?;
    }
    let schema = database.schema_status().await?;
    database.close().await;
    output::line(&schema.to_string());
    Ok(if schema == SchemaStatus::Current {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
