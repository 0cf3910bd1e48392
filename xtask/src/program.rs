//! Programs of the workspace, for tasks that start them.

use std::path::PathBuf;

use serde_json::Value;

use crate::step::{cargo_output, say};
use crate::test;

/// Builds the program and returns its path. It is built together with the tests: alone, Cargo would
/// compile most dependencies again with other features.
pub(crate) fn server() -> Result<PathBuf, String> {
    say("the program and the tests");
    let selection = test::selection();
    build(&format!("test --no-run {selection}"))?.executable("bin", "divan-server")
}

/// The messages of a build.
pub(crate) struct Built(Vec<Value>);

/// Builds what the arguments of `cargo` select.
pub(crate) fn build(arguments: &str) -> Result<Built, String> {
    let messages = cargo_output(&format!("{arguments} --quiet --message-format json"))?;
    let messages = messages.lines().map(serde_json::from_str);
    messages
        .collect::<Result<_, _>>()
        .map(Built)
        .map_err(|error| format!("unexpected output of cargo: {error}"))
}

impl Built {
    /// Returns the path of a program that is no test.
    pub(crate) fn executable(&self, kind: &str, name: &str) -> Result<PathBuf, String> {
        let found = self.0.iter().find_map(|message| {
            let target = &message["target"];
            let is_it = target["name"] == name && target["kind"][0] == kind;
            let is_program = is_it && message["profile"]["test"] == false;
            let path = message["executable"].as_str().filter(|_| is_program)?;
            Some(path.into())
        });
        found.ok_or_else(|| format!("cargo has reported no program {name}"))
    }
}
