//! Checks of the publishable crates before a release: packages, docs.rs builds, semantic versioning.

use std::path::PathBuf;
use std::process::Command;

use crate::step::{self, Outcome, cargo, cargo_output, metadata, root, say, succeeds};
use crate::upgrade;

/// Publishable crates, in the order of publication.
pub(crate) const CRATES: [&str; 5] = [
    "divan-migrations",
    "divan-core",
    "divan-pages",
    "divan-server",
    "divan-client",
];

/// Revision to compare the public API with until a release is tagged: the API as frozen on
/// 2026-11-29. A deliberate break moves it, in the commit that describes the break.
const BASELINE: &str = "1ef07fd";

/// Crate that the baseline does not contain.
const NEW: &str = "divan-pages";

const REQUIRED_FILES: [&str; 4] = ["Cargo.toml", "README.md", "LICENSE-MIT", "LICENSE-APACHE"];

/// Metadata that crates.io and docs.rs show.
const REQUIRED_METADATA: [&str; 8] = [
    "description",
    "license",
    "readme",
    "homepage",
    "repository",
    "documentation",
    "rust_version",
    "metadata",
];

/// Options of the release check.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Revision to compare the public API with; default: the last tag `v*`, or the named baseline
    #[arg(long)]
    baseline: Option<String>,
    /// Do not compile the packages
    #[arg(long)]
    no_verify: bool,
    /// Accept uncommitted changes
    #[arg(long)]
    allow_dirty: bool,
    /// Install nothing that is missing, only report how
    #[arg(long)]
    no_install: bool,
}

/// Runs all checks. They take long and need `rustup` with a nightly toolchain, so that they are not
/// part of `cargo xtask check`.
pub(crate) fn run(options: &Options) -> Outcome {
    manifests()?;
    for name in CRATES {
        contents(name)?;
    }
    package(options)?;
    docs(options.no_install)?;
    semver(options)?;
    upgrade::run(options.no_install)
}

/// Checks the metadata of each manifest.
fn manifests() -> Outcome {
    say("metadata");
    let metadata = metadata()?;
    let packages = metadata["packages"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    for name in CRATES {
        let package = packages
            .iter()
            .find(|package| package["name"] == name)
            .ok_or_else(|| format!("{name} is not a member of the workspace"))?;
        if let Some(missing) = REQUIRED_METADATA
            .iter()
            .find(|field| package[**field].is_null())
        {
            return Err(format!("{name}: `{missing}` is missing in Cargo.toml"));
        }
        for (field, max) in [("keywords", 5), ("categories", 5)] {
            let count = package[field].as_array().map_or(0, Vec::len);
            if !(1..=max).contains(&count) {
                return Err(format!("{name}: {count} {field}, expected 1 to {max}"));
            }
        }
        if package["metadata"]["docs"]["rs"].is_null() {
            return Err(format!("{name}: `package.metadata.docs.rs` is missing"));
        }
    }
    Ok(())
}

/// Lists the files of a package and checks that the required ones are included.
#[expect(clippy::print_stdout, reason = "the contents are part of the report")]
fn contents(name: &str) -> Outcome {
    let list = cargo_output(&format!("package --list --allow-dirty --package {name}"))?;
    let files: Vec<&str> = list.lines().collect();
    println!("{name}: {} files", files.len());
    for file in &files {
        println!("  {file}");
    }
    match REQUIRED_FILES.iter().find(|file| !files.contains(file)) {
        Some(missing) => Err(format!("{name}: {missing} is not part of the package")),
        None => Ok(()),
    }
}

/// Packages all crates together, so that Cargo resolves those that are not published yet.
fn package(options: &Options) -> Outcome {
    let mut arguments = format!("package --package {}", CRATES.join(" --package "));
    if options.no_verify {
        arguments.push_str(" --no-verify");
    }
    if options.allow_dirty {
        arguments.push_str(" --allow-dirty");
    }
    cargo(&arguments)
}

/// Builds the documentation as docs.rs does, with warnings denied.
fn docs(no_install: bool) -> Outcome {
    let has_nightly = succeeds(rustup().args(["run", "nightly", "rustdoc", "--version"]));
    if !has_nightly {
        let install = ["toolchain", "install", "nightly", "--profile", "minimal"];
        if no_install {
            return Err(format!(
                "docs.rs uses nightly: rustup {}",
                install.join(" ")
            ));
        }
        step::run("rustup", rustup().args(install))?;
    }
    for name in CRATES {
        say(&format!("docs.rs: {name}"));
        let mut command = rustup();
        command
            .args([
                "run",
                "nightly",
                "cargo",
                "doc",
                "--no-deps",
                "--all-features",
            ])
            .args(["--package", name, "--target-dir", "target/docs-rs"])
            .env("RUSTDOCFLAGS", "--cfg docsrs --deny warnings");
        step::run("cargo doc", &mut command)?;
    }
    Ok(())
}

/// Compares the public API with the previous version.
fn semver(options: &Options) -> Outcome {
    let baseline = options.baseline.clone().unwrap_or_else(baseline);
    let program = semver_checks(options.no_install)?;
    say(&format!("cargo semver-checks against {baseline}"));
    let mut command = Command::new(program);
    command.current_dir(root()).args([
        "semver-checks",
        "--all-features",
        "--baseline-rev",
        &baseline,
    ]);
    for name in CRATES.iter().filter(|name| **name != NEW) {
        command.args(["--package", name]);
    }
    step::run("cargo semver-checks", &mut command)
}

/// The previous version: the last release, or [`BASELINE`] before there is one.
pub(crate) fn baseline() -> String {
    last_tag().unwrap_or_else(|| BASELINE.to_owned())
}

fn last_tag() -> Option<String> {
    let output = Command::new("git")
        .current_dir(root())
        .args(["describe", "--tags", "--abbrev=0", "--match", "v*"])
        .output()
        .ok()?;
    let tag = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !tag.is_empty()).then_some(tag)
}

/// Returns the installed `cargo-semver-checks`, or installs it into `target/tools`.
fn semver_checks(no_install: bool) -> Result<PathBuf, String> {
    let global = PathBuf::from("cargo-semver-checks");
    if succeeds(Command::new(&global).args(["semver-checks", "--version"])) {
        return Ok(global);
    }
    let local = root().join("target/tools/bin/cargo-semver-checks");
    if local.exists() {
        return Ok(local);
    }
    if no_install {
        return Err("missing: cargo install cargo-semver-checks --locked".to_owned());
    }
    say("installing cargo-semver-checks into target/tools, which takes some minutes");
    cargo("install cargo-semver-checks --locked --root target/tools")?;
    Ok(local)
}

/// `rustup`, at the root. Its toolchain must not be the one that runs this program.
fn rustup() -> Command {
    let mut command = Command::new("rustup");
    command
        .current_dir(root())
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("CARGO")
        .env_remove("RUSTC")
        .env_remove("RUSTDOC");
    command
}
