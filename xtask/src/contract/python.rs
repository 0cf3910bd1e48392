use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::server::Server;
use crate::step::{self, Outcome, root};
use crate::venv;

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
        let environment = folder.join("venv");
        let wanted = root().join("xtask/contract/requirements.txt");
        venv::install(&environment, &wanted, no_install)?;
        Ok(Self {
            environment,
            folder: folder.to_owned(),
            variables: Vec::new(),
        })
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
