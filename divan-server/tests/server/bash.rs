//! Runs the shell commands of the documentation.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::process::{PROGRAM, Running};

const BORDER: &str = "=== the next block ===";

/// Returns the shell blocks of a page.
pub(crate) fn blocks(page: &str) -> Vec<&str> {
    page.split("```sh\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

/// Runs blocks as one script against this server instead of the one at port 8000. Returns the output
/// of each.
pub(crate) fn run(blocks: &[&str], server: &Running, folder: &Path) -> Vec<String> {
    let has_tools = Command::new("bash")
        .args(["-c", "command -v curl sed tee"])
        .stdout(Stdio::null())
        .status();
    assert!(
        has_tools.is_ok_and(|status| status.success()),
        "this test needs bash, curl, sed and tee: install them"
    );
    let script = blocks
        .join(&format!("\nprintf '\\n{BORDER}\\n'\n"))
        .replace("localhost:8000", &format!("localhost:{}", server.port))
        .replace("cargo run -q -p divan-server --", PROGRAM);
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .current_dir(folder)
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{script}\n{stdout}\n{stderr}");
    stdout
        .split(&format!("\n{BORDER}\n"))
        .map(str::to_owned)
        .collect()
}
