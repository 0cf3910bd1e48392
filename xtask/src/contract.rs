//! Holds the server and its OpenAPI document against each other from outside, by tools of other
//! people.
//!
//! What the tools are told stands in `xtask/contract`.

mod python;
mod server;

use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::Args;
use python::Python;
use server::Server;

use crate::step::{Outcome, cargo_output, root, say};

/// How much is tried.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Effort {
    /// How many requests are made up for each operation, of each kind; more take longer and find
    /// more
    #[arg(long, default_value_t = 40)]
    examples: u32,
    /// Where the random requests begin
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Validates the document, uses it by a generated client, and tries what it allows and forbids. The
/// compose file is held against its schema on the way, since the tools for that come from the same
/// place.
#[expect(clippy::print_stdout, reason = "the summary of the run")]
pub(crate) fn run(effort: Effort, no_install: bool) -> Outcome {
    let folder = target()?.join("contract");
    let python = Python::ready(&folder, no_install)?;
    let run = folder.join("run");
    empty(&run).map_err(|error| format!("{} cannot be made anew: {error}", run.display()))?;
    let server = Server::start(&run)?;
    hold(&python.beside(&server, &run), &server, effort).map_err(|error| {
        format!(
            "{error}; the server's log is {}",
            server::log(&run).display()
        )
    })?;
    println!(
        "\nthe document and the server agree (seed {}, {} examples)",
        effort.seed, effort.examples
    );
    Ok(())
}

/// The steps, in an order that leaves to each what it needs: after the last one nothing is as it
/// was.
fn hold(python: &Python, server: &Server, effort: Effort) -> Outcome {
    say("the document, its examples, and openapi-spec-validator");
    python.run("document.py", &["openapi.json"])?;
    python.tool("openapi-spec-validator", &["openapi.json"])?;
    say("check-jsonschema deploy/compose.yaml");
    let compose = root()
        .join("deploy/compose.yaml")
        .to_string_lossy()
        .into_owned();
    python.tool(
        "check-jsonschema",
        &["--builtin-schema", "vendor.compose-spec", &compose],
    )?;
    say("openapi-python-client");
    let generated = ["--meta", "none", "--output-path", "divan_api"];
    let generate = ["generate", "--path", "openapi.json", "--fail-on-warning"];
    python.tool(
        "openapi-python-client",
        &[&generate[..], &generated].concat(),
    )?;
    python.run("create_and_list.py", &[])?;
    say(&format!(
        "schemathesis --seed {} --max-examples {}",
        effort.seed, effort.examples
    ));
    let config = root()
        .join("xtask/contract/schemathesis.toml")
        .to_string_lossy()
        .into_owned();
    let (seed, examples) = (effort.seed.to_string(), effort.examples.to_string());
    let document = format!("{}/openapi.json", server.url);
    let arguments = [
        "--config-file",
        &config,
        "run",
        &document,
        "--seed",
        &seed,
        "--max-examples",
        &examples,
    ];
    python.tool("schemathesis", &arguments)?;
    python.run("exercised.py", &[])
}

fn empty(folder: &Path) -> io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)
}

/// Where cargo puts what it builds.
fn target() -> Result<PathBuf, String> {
    let metadata = cargo_output(&["metadata", "--no-deps", "--format-version", "1"])?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap_or_default();
    metadata["target_directory"]
        .as_str()
        .map(PathBuf::from)
        .ok_or("cargo names no target folder".to_owned())
}
