//! What every command does that works on the server's own machine.

use std::future::Future;
use std::io;
use std::process::ExitCode;

use divan_core::service::AuthService;

use super::Outcome;
use super::people_error::PeopleError;
use crate::app::service;
use crate::config::Config;
use crate::database::Database;

/// Runs a future to its end. What it left behind on a thread (a name that is looked up, a file that
/// hangs) is not waited for.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(future);
    runtime.shutdown_background();
    Ok(outcome)
}

/// Runs a command on the database that the server is configured with, whose schema has to be up to
/// date.
pub(super) fn with_service(
    command: impl AsyncFnOnce(&AuthService) -> Result<(), PeopleError>,
) -> Outcome {
    block_on(async {
        // Nothing listens; the address only decides things that these commands do not use.
        let config = Config::from_process(([127, 0, 0, 1], 0).into())?;
        let database = Database::connect(&config).await?;
        if config.development.is_some() {
            database.migrate(&config).await?;
        }
        database.require_current(&config).await?;
        let outcome = command(&service(&config, database.store())).await;
        database.close().await;
        outcome?;
        Ok(ExitCode::SUCCESS)
    })?
}
