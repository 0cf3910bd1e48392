use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use divan_core::api::{Endpoint, Live, Ready};
use url::Url;

use super::Outcome;
use super::operator::block_on;
use crate::http_client::http_client;

/// What a container engine asks: it starts this, and looks at the exit code.
#[derive(Args, Debug)]
pub(super) struct HealthArgs {
    /// The server to ask
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8000")]
    url: Url,
    /// Ask whether it answers at all, which it also does when the database is away
    #[arg(long)]
    live: bool,
}

#[derive(Debug, thiserror::Error)]
enum HealthError {
    #[error("the server does not answer")]
    NoAnswer(#[source] reqwest::Error),
    #[error("the server answers {0}")]
    NotReady(reqwest::StatusCode),
}

pub(super) fn health(args: &HealthArgs) -> Outcome {
    block_on(async {
        let path = if args.live { Live::PATH } else { Ready::PATH };
        let address = format!("{}{path}", args.url.as_str().trim_end_matches('/'));
        let asked = http_client(&args.url, Duration::from_secs(4))?
            .get(address)
            .send()
            .await;
        match asked.map_err(HealthError::NoAnswer)?.status() {
            status if status.is_success() => Ok(ExitCode::SUCCESS),
            status => Err(HealthError::NotReady(status).into()),
        }
    })?
}
