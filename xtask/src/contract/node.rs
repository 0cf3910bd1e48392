use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::debian;
use crate::step::{self, Outcome, root, say, succeeds};

const INSTALL_HINT: &str =
    "Node.js 18 or newer with npm is missing (on Debian: apt-get install npm)";

/// The pinned tools from npm.
#[derive(Clone, Debug)]
pub(super) struct Node {
    environment: PathBuf,
}

impl Node {
    /// Installs the tools below the folder, unless the same versions are already installed.
    pub(super) fn ready(folder: &Path, no_install: bool) -> Result<Self, String> {
        let environment = folder.join("npm");
        let source = root().join("xtask/contract");
        let wanted = source.join("package-lock.json");
        let installed = environment.join("installed.json");
        let is_same = matches!((fs::read(&wanted), fs::read(&installed)), (Ok(a), Ok(b)) if a == b);
        if is_same {
            return Ok(Self { environment });
        }
        let has_npm = succeeds(Command::new("npm").arg("--version"));
        debian::require(has_npm, "npm", INSTALL_HINT, no_install)?;
        say("npm ci");
        let failed = |error| format!("{}: {error}", environment.display());
        fs::create_dir_all(&environment).map_err(failed)?;
        for file in ["package.json", "package-lock.json"] {
            fs::copy(source.join(file), environment.join(file)).map_err(failed)?;
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
        step::run("npm ci", npm.current_dir(&environment))?;
        fs::copy(&wanted, &installed).map_err(failed)?;
        Ok(Self { environment })
    }

    /// Runs a tool in the folder.
    pub(super) fn tool(&self, name: &str, folder: &Path, arguments: &[&str]) -> Outcome {
        let mut command = Command::new(self.environment.join("node_modules/.bin").join(name));
        step::run(name, command.args(arguments).current_dir(folder))
    }
}
