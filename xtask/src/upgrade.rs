//! Rolling upgrade from the previous version.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step::{self, Outcome, cargo_with, command, root, say};
use crate::{release_check, servers};

const TEST: &str = "test --package divan-server --features system-tests --test server -- --nocapture \
     upgrade::the_previous_and_this_version_serve_one_database";

/// Builds the server of the previous version, and runs both versions at the same time.
pub(crate) fn run(no_install: bool) -> Outcome {
    servers::postgres_programs(no_install)?;
    let target = root().join("target/previous");
    let sources = Sources::checkout(&release_check::baseline())?;
    sources.build(&target)?;
    let program = target.join("debug/divan-server");
    let program = program.canonicalize().map_err(|error| error.to_string())?;
    cargo_with(
        TEST,
        &[("DIVAN_PREVIOUS_SERVER", &program.to_string_lossy())],
    )
}

/// The files of a revision, in a folder of their own.
struct Sources(PathBuf);

impl Sources {
    fn checkout(revision: &str) -> Result<Self, String> {
        say(&format!("git worktree add {revision}"));
        let name = format!("divan-previous-{}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        let mut git = git();
        git.args(["worktree", "add", "--quiet", "--detach"])
            .arg(&folder.0)
            .arg(revision);
        step::run("git worktree add", &mut git)?;
        Ok(folder)
    }

    fn build(&self, target: &Path) -> Outcome {
        say("cargo build --package divan-server");
        let mut cargo = command();
        cargo
            .args(["build", "--quiet", "--package", "divan-server"])
            .arg("--target-dir")
            .arg(target)
            .current_dir(&self.0);
        step::run("cargo build", &mut cargo)
    }
}

impl Drop for Sources {
    fn drop(&mut self) {
        let mut git = git();
        git.args(["worktree", "remove", "--force"]).arg(&self.0);
        let _ = step::run("git worktree remove", &mut git);
    }
}

fn git() -> Command {
    let mut git = Command::new("git");
    git.current_dir(root());
    git
}
