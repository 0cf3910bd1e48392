//! Logging to standard error, as text or as JSON.

use std::io::{IsTerminal, stderr};

use divan_core::infra::Env;
use tracing_subscriber::EnvFilter;

use crate::config::LogConfig;

/// Starts logging. Errors in its variables are reported with all others, when the configuration is
/// read.
pub(crate) fn start() {
    let config = LogConfig::read(&mut Env::of_process());
    let filter = EnvFilter::new(config.filter);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr);
    // A second start (two servers in one process) keeps the first subscriber.
    let _ = if config.json {
        builder.json().flatten_event(true).try_init()
    } else {
        builder.with_ansi(stderr().is_terminal()).try_init()
    };
}
