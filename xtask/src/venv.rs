//! Python environments with pinned packages.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::debian;
use crate::step::{self, Outcome, say, succeeds};

const INSTALL_HINT: &str = "Python 3.11 or newer with its module venv is missing (on Debian: apt-get install python3-venv)";

/// Creates an environment with the packages of a `requirements.txt`, unless it has the same versions already.
pub(crate) fn install(environment: &Path, wanted: &Path, no_install: bool) -> Outcome {
    let installed = environment.join("requirements.txt");
    if matches!((fs::read(wanted), fs::read(&installed)), (Ok(a), Ok(b)) if a == b) {
        return Ok(());
    }
    debian::require(has_venv(), "python3-venv", INSTALL_HINT, no_install)?;
    say("python3 -m venv, pip install");
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(environment);
    step::run("python3 -m venv", &mut make)?;
    let pip = [
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
    ];
    let mut install = Command::new(environment.join("bin/pip"));
    step::run("pip install", install.args(pip).arg(wanted))?;
    fs::copy(wanted, &installed).map_err(|error| format!("{}: {error}", installed.display()))?;
    Ok(())
}

/// Debian's `python3` cannot create environments without another package.
fn has_venv() -> bool {
    const SCRIPT: &str = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))";
    succeeds(Command::new("python3").args(["-c", SCRIPT]))
}
