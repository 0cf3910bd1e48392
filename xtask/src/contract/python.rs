use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::server::Server;
use crate::debian;
use crate::step::{self, Outcome, root, say, succeeds};

const INSTALL_HINT: &str = "Python 3.11 or newer with its module venv is missing (on Debian: apt-get install python3-venv)";

/// A Python environment with the pinned tools.
#[derive(Clone, Debug)]
pub(super) struct Python {
    environment: PathBuf,
    folder: PathBuf,
    variables: Vec<(&'static str, OsString)>,
}

impl Python {
    /// Creates the environment below the folder, unless it has the same versions already.
    pub(super) fn ready(folder: &Path, no_install: bool) -> Result<Self, String> {
        let python = Self {
            environment: folder.join("venv"),
            folder: folder.to_owned(),
            variables: Vec::new(),
        };
        let wanted = root().join("xtask/contract/requirements.txt");
        let installed = python.environment.join("requirements.txt");
        let is_same = matches!((fs::read(&wanted), fs::read(&installed)), (Ok(a), Ok(b)) if a == b);
        if is_same {
            return Ok(python);
        }
        debian::require(has_venv(), "python3-venv", INSTALL_HINT, no_install)?;
        say("python3 -m venv, pip install");
        let mut make = Command::new("python3");
        make.args(["-m", "venv", "--clear"])
            .arg(&python.environment);
        step::run("python3 -m venv", &mut make)?;
        let pip = [
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--requirement",
        ];
        let mut install = Command::new(python.program("pip"));
        step::run("pip install", install.args(pip).arg(&wanted))?;
        fs::copy(&wanted, &installed)
            .map_err(|error| format!("{}: {error}", installed.display()))?;
        Ok(python)
    }

    /// Returns the environment for scripts that use this server and write to this folder.
    pub(super) fn for_server(&self, server: &Server, folder: &Path) -> Self {
        let scripts = root().join("xtask/contract").into_os_string();
        let path = [
            self.environment.join("bin").into_os_string(),
            std::env::var_os("PATH").unwrap_or_default(),
        ];
        let modules = [scripts, folder.as_os_str().to_owned()];
        let variables = vec![
            ("PATH", path.join(":".as_ref())),
            ("PYTHONPATH", modules.join(":".as_ref())),
            ("PYTHONDONTWRITEBYTECODE", "1".into()),
            ("SCHEMATHESIS_HOOKS", "hooks".into()),
            ("DIVAN_CONTRACT_URL", server.url.clone().into()),
            ("DIVAN_CONTRACT_PROGRAM", server.program.clone().into()),
            ("DIVAN_CONTRACT_FOLDER", folder.into()),
            (
                "DIVAN_CONTRACT_STATUSES",
                folder.join("statuses.json").into(),
            ),
        ];
        Self {
            folder: folder.to_owned(),
            variables,
            ..self.clone()
        }
    }

    /// Runs a script of `xtask/contract`.
    pub(super) fn run(&self, script: &str, arguments: &[&str]) -> Outcome {
        let mut command = self.command("python");
        command
            .arg(root().join("xtask/contract").join(script))
            .args(arguments);
        step::run(script, &mut command)
    }

    /// Runs a tool of the environment.
    pub(super) fn tool(&self, name: &str, arguments: &[&str]) -> Outcome {
        step::run(name, self.command(name).args(arguments))
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.program(program));
        command
            .current_dir(&self.folder)
            .envs(self.variables.iter().cloned());
        command
    }

    fn program(&self, name: &str) -> PathBuf {
        self.environment.join("bin").join(name)
    }
}

/// Debian's `python3` cannot create environments without another package.
fn has_venv() -> bool {
    const SCRIPT: &str = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))";
    succeeds(Command::new("python3").args(["-c", SCRIPT]))
}
