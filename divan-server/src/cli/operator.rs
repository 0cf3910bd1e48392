//! Commands of the operator, on the server's own machine.

use std::future::Future;
use std::io;
use std::process::ExitCode;

use divan_core::service::{Admin, AdminService, AuthService, ClientInfo};

use super::Outcome;
use super::users_error::UsersError;
use crate::app::service;
use crate::config::Config;
use crate::database::Database;

/// Runs a future to completion, without waiting for blocked threads (a slow name look-up or file).
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(future);
    runtime.shutdown_background();
    Ok(outcome)
}

/// Runs a command on the configured database, whose schema must be up to date.
pub(super) fn with_service(
    command: impl AsyncFnOnce(&AuthService) -> Result<(), UsersError>,
) -> Outcome {
    block_on(async {
        // No listener starts: the address has no effect here.
        let config = Config::from_process(([127, 0, 0, 1], 0).into())?;
        let database = Database::connect(&config).await?;
        if config.development.is_some() {
            database.migrate().await?;
        }
        database.require_current().await?;
        let outcome = command(&service(&config, database.store())).await;
        database.close().await;
        outcome?;
        Ok(ExitCode::SUCCESS)
    })?
}

/// Runs a command with the permissions of the operator.
pub(super) fn as_operator(
    command: impl AsyncFnOnce(AdminService<'_>) -> Result<(), UsersError>,
) -> Outcome {
    with_service(async move |service| {
        let (operator, client) = (Admin::operator(), ClientInfo::unknown());
        command(service.as_admin(&operator, &client)).await
    })
}
