use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use divan_core::api::{Endpoint, Live, Ready};
use url::Url;

use super::Outcome;
use super::operator::block_on;
use crate::http_client::http_client;

/// Arguments of the health check that a container engine runs; it reads the exit code.
#[derive(Args, Debug)]
pub(super) struct HealthArgs {
    /// URL of the server
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8000")]
    url: Url,
    /// Check only that the server responds, also without its database
    #[arg(long)]
    live: bool,
}

#[derive(Debug, thiserror::Error)]
enum HealthError {
    #[error("the server does not respond")]
    NoResponse(#[source] reqwest::Error),
    #[error("the server returns {0}")]
    NotReady(reqwest::StatusCode),
}

pub(super) fn health(args: &HealthArgs) -> Outcome {
    block_on(async {
        let path = if args.live { Live::PATH } else { Ready::PATH };
        let address = format!("{}{path}", args.url.as_str().trim_end_matches('/'));
        let sent = http_client(&args.url, Duration::from_secs(4))?
            .get(address)
            .send()
            .await;
        match sent.map_err(HealthError::NoResponse)?.status() {
            status if status.is_success() => Ok(ExitCode::SUCCESS),
            status => Err(HealthError::NotReady(status).into()),
        }
    })?
}
