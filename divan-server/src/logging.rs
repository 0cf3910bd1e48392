//! Where log lines go: standard error, as text for a person or as JSON for a collector.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;

/// Starts logging. `RUST_LOG` filters (default `info`); `DIVAN_LOG_FORMAT=json` writes one JSON object a line.
pub(crate) fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    let json = std::env::var("DIVAN_LOG_FORMAT").is_ok_and(|format| format == "json");
    // A second start (two servers in one process) keeps the first.
    let _ = if json {
        builder.json().flatten_event(true).try_init()
    } else {
        builder.with_ansi(stderr().is_terminal()).try_init()
    };
}
