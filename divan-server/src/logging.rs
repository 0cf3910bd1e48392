//! Where log lines go: standard error, as text for a person or as JSON for a collector.

use std::io::{IsTerminal, stderr};

use divan_core::infra::Env;
use tracing_subscriber::EnvFilter;

use crate::config::LogConfig;

/// Starts logging. What is wrong with its variables is told with everything else, when the
/// configuration is read.
pub(crate) fn start() {
    let config = LogConfig::read(&mut Env::of_process());
    let filter = EnvFilter::new(config.filter);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr);
    // A second start (two servers in one process) keeps the first.
    let _ = if config.json {
        builder.json().flatten_event(true).try_init()
    } else {
        builder.with_ansi(stderr().is_terminal()).try_init()
    };
}
