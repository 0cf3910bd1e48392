//! Checks of the pages: their types, their tests, and the committed files.

use std::path::PathBuf;
use std::process::Command;

use clap::ValueEnum;

use crate::step::{self, Outcome, root, say, succeeds};
use crate::{debian, npm, program, servers};

const INSTALL_HINT: &str = "Chromium is missing (on Debian: apt-get install chromium)";
const INSTALL_HINT_PSQL: &str = "psql is missing (on Debian: apt-get install postgresql-client)";

/// A task of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Step {
    /// Check types, run the unit tests, compare `pages/dist/` with the sources, and test in Chromium
    Check,
    /// Write the types of the API and `pages/dist/`
    Write,
    /// Write the pictures of `docs/screenshots/`
    Screenshots,
    /// Measure the pages on a slow network and a slow processor
    Measure,
}

/// Runs a task of the pages. The tests in Chromium use the real server.
pub(crate) fn run(step: Step, no_install: bool) -> Outcome {
    npm::install(&folder(), no_install)?;
    if step == Step::Write {
        script("types")?;
        return script("build");
    }
    let chromium = succeeds(Command::new("chromium").arg("--version"));
    debian::require(chromium, "chromium", INSTALL_HINT, no_install)?;
    match step {
        Step::Screenshots => return with_server("screenshots"),
        Step::Measure => return with_server("measure"),
        _ => {}
    }
    for name in ["types:check", "check", "test", "verify", "pack:check"] {
        script(name)?;
    }
    test_browser(no_install)
}

/// Runs the tests in Chromium, with SQLite and PostgreSQL.
fn test_browser(no_install: bool) -> Outcome {
    let postgres = servers::postgres(no_install)?;
    let psql = succeeds(Command::new("psql").arg("--version"));
    debian::require(psql, "postgresql-client", INSTALL_HINT_PSQL, no_install)?;
    let program = program::server()?;
    let mut npm = Command::new("npm");
    npm.env("DIVAN_SERVER_BIN", program)
        .env(servers::TEST_DATABASE_URL, &postgres.url);
    run_script("test:browser", &mut npm)
}

/// Runs a script of `package.json`.
fn script(name: &str) -> Outcome {
    run_script(name, &mut Command::new("npm"))
}

/// Runs a script that starts the server.
fn with_server(name: &str) -> Outcome {
    let program = program::server()?;
    run_script(name, Command::new("npm").env("DIVAN_SERVER_BIN", program))
}

fn run_script(name: &str, npm: &mut Command) -> Outcome {
    say(&format!("npm run {name}"));
    let npm = npm.args(["run", "--silent", name]).current_dir(folder());
    step::run(&format!("npm run {name}"), npm)
}

fn folder() -> PathBuf {
    root().join("pages")
}
