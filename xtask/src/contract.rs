//! Tests the server against its OpenAPI document with third-party tools.
//!
//! Their configuration is in `xtask/contract`.

mod node;
mod python;
mod server;

use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::Args;
use node::Node;
use python::Python;
use server::Server;

use crate::step::{Outcome, metadata, root, say};

/// Number and seed of the random requests.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Effort {
    /// Random requests for each operation, of each kind; more take longer and find more
    #[arg(long, default_value_t = 40)]
    examples: u32,
    /// Seed of the random requests
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Validates the document, generates clients for Python and TypeScript, and sends requests that the
/// document allows and forbids. The same Python environment validates the compose file.
#[expect(clippy::print_stdout, reason = "the summary of the run")]
pub(crate) fn run(effort: Effort, no_install: bool) -> Outcome {
    let folder = target()?.join("contract");
    let python = Python::ready(&folder, no_install)?;
    let node = Node::ready(&folder, no_install)?;
    let run = folder.join("run");
    empty(&run).map_err(|error| format!("cannot recreate {}: {error}", run.display()))?;
    let server = Server::start(&run)?;
    let python = python.for_server(&server, &run);
    let checked = validate(&python)
        .and_then(|()| generate_python(&python))
        .and_then(|()| generate_typescript(&node, &run))
        .and_then(|()| send_random_requests(&python, &server, effort));
    checked.map_err(|error| {
        let log = server::log(&run);
        format!("{error}; the server's log is {}", log.display())
    })?;
    println!(
        "\nthe document and the server agree (seed {}, {} examples)",
        effort.seed, effort.examples
    );
    Ok(())
}

fn validate(python: &Python) -> Outcome {
    say("the document, its examples, and openapi-spec-validator");
    python.run("document.py", &["openapi.json"])?;
    python.tool("openapi-spec-validator", &["openapi.json"])?;
    say("check-jsonschema deploy/compose.yaml");
    let compose = root().join("deploy/compose.yaml");
    let compose = compose.to_string_lossy();
    python.tool(
        "check-jsonschema",
        &["--builtin-schema", "vendor.compose-spec", &compose],
    )
}

fn generate_python(python: &Python) -> Outcome {
    say("openapi-python-client");
    let config = root().join("xtask/contract/python_client.yaml");
    let arguments = [
        "generate",
        "--path",
        "openapi.json",
        "--config",
        &config.to_string_lossy(),
        "--fail-on-warning",
        "--meta",
        "none",
        "--output-path",
        "divan_api",
    ];
    python.tool("openapi-python-client", &arguments)?;
    python.run("create_and_list.py", &[])
}

fn generate_typescript(node: &Node, run: &Path) -> Outcome {
    say("openapi-typescript, tsc --strict");
    let arguments = ["openapi.json", "--output", "openapi.ts"];
    node.tool("openapi-typescript", run, &arguments)?;
    let usage = root().join("xtask/contract/usage.ts");
    fs::copy(&usage, run.join("usage.ts"))
        .map_err(|error| format!("cannot copy {}: {error}", usage.display()))?;
    node.tool("tsc", run, &["--strict", "--noEmit", "usage.ts"])
}

/// Runs schemathesis. It changes the server's data, so it comes last.
fn send_random_requests(python: &Python, server: &Server, effort: Effort) -> Outcome {
    let (seed, examples) = (effort.seed.to_string(), effort.examples.to_string());
    say(&format!(
        "schemathesis --seed {seed} --max-examples {examples}"
    ));
    let config = root().join("xtask/contract/schemathesis.toml");
    let document = format!("{}/openapi.json", server.url);
    let arguments = [
        "--config-file",
        &config.to_string_lossy(),
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

/// Returns cargo's target folder.
fn target() -> Result<PathBuf, String> {
    metadata()?["target_directory"]
        .as_str()
        .map(PathBuf::from)
        .ok_or("cargo metadata has no target folder".to_owned())
}
