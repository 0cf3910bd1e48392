use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use divan_core::api::{Endpoint, Live, Ready};
use url::Url;

use super::Outcome;
use super::operator::block_on;
use crate::error_chain::innermost;
use crate::http_client::http_client;

/// Arguments of the health check that a container engine runs; it reads the exit code.
#[derive(Args, Debug)]
pub(super) struct HealthArgs {
    /// URL of the server
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8000")]
    url: Url,
    /// Check only that the server responds, even without its database
    #[arg(long)]
    live: bool,
}

#[derive(Debug, thiserror::Error)]
enum HealthError {
    #[error("the server does not respond: {0}")]
    NoResponse(String),
    #[error("the server is not ready: it returned {0}")]
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
        let sent = sent.map_err(|error| HealthError::NoResponse(innermost(&error.without_url())));
        match sent?.status() {
            status if status.is_success() => Ok(ExitCode::SUCCESS),
            status => Err(HealthError::NotReady(status).into()),
        }
    })?
}
