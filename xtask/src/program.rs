//! The program `divan-server`, for tasks that start it.

use std::path::PathBuf;

use crate::step::{cargo_output, say};
use crate::test;

/// Builds the program and returns its path. It is built together with the tests: alone, Cargo would
/// compile most dependencies again with other features.
pub(crate) fn server() -> Result<PathBuf, String> {
    say("the program and the tests");
    let selection = test::selection();
    let messages = cargo_output(&format!(
        "test --quiet --no-run --message-format json {selection}"
    ))?;
    let program = messages.lines().rev().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let target = &message["target"];
        let is_it = target["name"] == "divan-server" && target["kind"][0] == "bin";
        let is_program = is_it && message["profile"]["test"] == false;
        message["executable"]
            .as_str()
            .filter(|_| is_program)
            .map(PathBuf::from)
    });
    program.ok_or("cargo has reported no program".to_owned())
}
