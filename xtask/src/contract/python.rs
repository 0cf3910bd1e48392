use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::server::Server;
use crate::debian;
use crate::step::{Outcome, root, say};

const HOW_TO_INSTALL: &str = "Python 3.11 or newer with its module venv is missing (on Debian: apt-get install python3-venv)";

/// An environment of Python with the tools that are pinned.
#[derive(Clone, Debug)]
pub(super) struct Python {
    environment: PathBuf,
    folder: PathBuf,
    variables: Vec<(&'static str, OsString)>,
}

impl Python {
    /// The environment below this folder: it is made where there is none, or another one than is
    /// asked for today.
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
        if !has_venv() {
            if no_install || !debian::may_install() {
                return Err(HOW_TO_INSTALL.to_owned());
            }
            debian::install("python3-venv")
                .map_err(|error| format!("{error}; {HOW_TO_INSTALL}"))?;
        }
        say("python3 -m venv, pip install");
        let mut make = Command::new("python3");
        make.args(["-m", "venv", "--clear"])
            .arg(&python.environment);
        succeed(&mut make, "python3 -m venv")?;
        let pip = [
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--requirement",
        ];
        succeed(
            Command::new(python.program("pip")).args(pip).arg(&wanted),
            "pip install",
        )?;
        fs::copy(&wanted, &installed)
            .map_err(|error| format!("{}: {error}", installed.display()))?;
        Ok(python)
    }

    /// The same, for scripts that ask this server and write into this folder.
    pub(super) fn beside(&self, server: &Server, folder: &Path) -> Self {
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
        succeed(&mut command, script)
    }

    /// Runs a tool that is installed here.
    pub(super) fn tool(&self, name: &str, arguments: &[&str]) -> Outcome {
        succeed(self.command(name).args(arguments), name)
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

/// Debian has a `python3` that cannot make environments until another package is there.
fn has_venv() -> bool {
    let asked = Command::new("python3")
        .args([
            "-c",
            "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))",
        ])
        .stderr(Stdio::null())
        .status();
    asked.is_ok_and(|status| status.success())
}

fn succeed(command: &mut Command, name: &str) -> Outcome {
    match command.stdin(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(format!("`{name}` failed")),
        Err(error) => Err(format!("`{name}` cannot be started: {error}")),
    }
}
