//! The program `divan-server`, for tasks that start it.

use std::path::PathBuf;

use crate::step::{cargo_output, say};

/// Builds the program and returns its path.
pub(crate) fn server() -> Result<PathBuf, String> {
    say("cargo build -p divan-server");
    let messages = cargo_output("build --quiet -p divan-server --message-format json")?;
    let program = messages.lines().rev().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let is_it = message["target"]["name"] == "divan-server";
        message["executable"]
            .as_str()
            .filter(|_| is_it)
            .map(PathBuf::from)
    });
    program.ok_or("cargo build has reported no program".to_owned())
}
