//! Packages of npm, in the versions of a lock file.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::debian;
use crate::step::{self, Outcome, say, succeeds};

const INSTALL_HINT: &str =
    "Node.js 20 or newer with npm is missing (on Debian: apt-get install npm)";

/// Installs the packages of `package-lock.json` in this folder, unless the same ones are installed.
pub(crate) fn install(folder: &Path, no_install: bool) -> Outcome {
    let wanted = folder.join("package-lock.json");
    let installed = folder.join("node_modules/installed.json");
    if matches!((fs::read(&wanted), fs::read(&installed)), (Ok(a), Ok(b)) if a == b) {
        return Ok(());
    }
    let has_npm = succeeds(Command::new("npm").arg("--version"));
    debian::require(has_npm, "npm", INSTALL_HINT, no_install)?;
    say("npm ci");
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    step::run("npm ci", npm.current_dir(folder))?;
    fs::copy(&wanted, &installed).map_err(|error| format!("{}: {error}", installed.display()))?;
    Ok(())
}
