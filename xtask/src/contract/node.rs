use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::npm;
use crate::step::{self, Outcome, root};

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
        let failed = |error| format!("{}: {error}", environment.display());
        fs::create_dir_all(&environment).map_err(failed)?;
        for file in ["package.json", "package-lock.json"] {
            fs::copy(source.join(file), environment.join(file)).map_err(failed)?;
        }
        npm::install(&environment, no_install)?;
        Ok(Self { environment })
    }

    /// Runs a tool in the folder.
    pub(super) fn tool(&self, name: &str, folder: &Path, arguments: &[&str]) -> Outcome {
        let mut command = Command::new(self.environment.join("node_modules/.bin").join(name));
        step::run(name, command.args(arguments).current_dir(folder))
    }
}
