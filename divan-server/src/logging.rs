//! Where log lines go: standard error, as text for a person or as JSON for a collector.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;

use crate::config::ConfigErrors;
use crate::config::env::{Env, of_process};

/// Starts logging. `RUST_LOG` filters (default `info`); `DIVAN_LOG_FORMAT` is `text` (the default) or `json`.
pub(crate) fn start() -> Result<(), ConfigErrors> {
    let mut env = Env::new(&of_process);
    let filter = env.parsed("RUST_LOG", EnvFilter::new("info"), "info,sqlx=warn");
    let json = match env.text("DIVAN_LOG_FORMAT").as_deref() {
        None | Some("text") => false,
        Some("json") => true,
        Some(_) => {
            env.wrong("DIVAN_LOG_FORMAT", "is neither `text` nor `json`", "json");
            false
        }
    };
    if let Some(errors) = env.into_errors() {
        return Err(errors);
    }
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    // A second start (two servers in one process) keeps the first.
    let _ = if json {
        builder.json().flatten_event(true).try_init()
    } else {
        builder.with_ansi(stderr().is_terminal()).try_init()
    };
    Ok(())
}
