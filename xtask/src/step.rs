use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::Instant;

use serde_json::Value;

/// The result of a step; the error is a message for the terminal.
pub(crate) type Outcome = Result<(), String>;

/// Returns the root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs `cargo` at the root with the arguments of this line.
pub(crate) fn cargo(arguments: &str) -> Outcome {
    cargo_with(arguments, &[])
}

/// Runs `cargo` at the root with further environment variables.
pub(crate) fn cargo_with(arguments: &str, variables: &[(&str, &str)]) -> Outcome {
    say(&format!("cargo {arguments}"));
    let mut command = command();
    command.args(arguments.split_whitespace());
    command.envs(variables.iter().copied());
    run(&format!("cargo {arguments}"), &mut command)
}

/// Runs a command, which must succeed.
pub(crate) fn run(name: &str, command: &mut Command) -> Outcome {
    match command.stdin(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(format!("`{name}` failed")),
        Err(error) => Err(format!("cannot start `{name}`: {error}")),
    }
}

/// Runs a command without showing its output, and returns `true` if it succeeds.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// Counts of test results.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    passed: u32,
    failed: u32,
    ignored: u32,
    /// Runs that failed without a failed test: a compilation error or a crash.
    broken: u32,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
        self.broken += other.broken;
    }
}

impl Tally {
    /// Parses the last line of a test program.
    fn read(line: &str) -> Option<Self> {
        let counts = line.strip_prefix("test result: ")?.split_once(". ")?.1;
        let count = |word: &str| {
            counts
                .split("; ")
                .find_map(|part| part.strip_suffix(word)?.trim().parse().ok())
                .unwrap_or(0)
        };
        Some(Self {
            passed: count("passed"),
            failed: count("failed"),
            ignored: count("ignored"),
            broken: 0,
        })
    }

    /// Prints the sum, and fails unless all tests passed and none was ignored.
    #[expect(clippy::print_stdout, reason = "the summary of the run")]
    pub(crate) fn conclude(self) -> Outcome {
        println!("\n{} passed, {} failed", self.passed, self.failed);
        match self {
            Self {
                failed: 0,
                ignored: 0,
                broken: 0,
                passed: 1..,
            } => Ok(()),
            Self {
                failed: 0,
                ignored: 1..,
                ..
            } => Err(format!("{} tests were ignored", self.ignored)),
            _ => Err("tests failed".to_owned()),
        }
    }
}

/// Runs `cargo test`, forwards its output and counts the tests. Continues after a failure.
#[expect(clippy::print_stdout, reason = "the output of the tests")]
pub(crate) fn cargo_test(arguments: &str, variables: &[(&str, &str)]) -> Result<Tally, String> {
    say(&format!("cargo test {arguments}"));
    let mut command = command();
    command
        .args(["test", "--no-fail-fast"])
        .args(arguments.split_whitespace())
        .envs(variables.iter().copied());
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    let mut tally = Tally::default();
    for line in child
        .stdout
        .take()
        .into_iter()
        .flat_map(|out| BufReader::new(out).lines().map_while(Result::ok))
    {
        println!("{line}");
        tally += Tally::read(&line).unwrap_or_default();
    }
    let status = child
        .wait()
        .map_err(|error| format!("cannot wait for cargo: {error}"))?;
    if !status.success() && tally.failed == 0 {
        tally.broken += 1;
    }
    Ok(tally)
}

/// Returns the output of `cargo`.
pub(crate) fn cargo_output(arguments: &str) -> Result<String, String> {
    let output = command()
        .args(arguments.split_whitespace())
        .output()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "`cargo {arguments}` failed: {}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Returns the metadata of the workspace.
pub(crate) fn metadata() -> Result<Value, String> {
    let metadata = cargo_output("metadata --no-deps --format-version 1")?;
    serde_json::from_str(&metadata).map_err(|error| error.to_string())
}

/// The tracked files that match a pattern of git, relative to the root.
pub(crate) fn files(pattern: &str) -> Result<Vec<PathBuf>, String> {
    let output = Command::new("git")
        .args(["ls-files", "-z", pattern])
        .current_dir(root())
        .output()
        .map_err(|error| format!("git cannot be started: {error}"))?;
    // Without a repository there would be nothing to check, and every check would pass.
    if !output.status.success() || output.stdout.is_empty() {
        return Err(format!("git lists no files that match {pattern}"));
    }
    let names = String::from_utf8_lossy(&output.stdout).into_owned();
    let names = names.split('\0').filter(|name| !name.is_empty());
    // Deleted files are listed until they are committed.
    Ok(names
        .map(PathBuf::from)
        .filter(|name| root().join(name).exists())
        .collect())
}

/// Prints a step, and the time since the first one.
#[expect(clippy::print_stderr, reason = "a task reports its steps")]
pub(crate) fn say(line: &str) {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let seconds = START.elapsed().as_secs();
    eprintln!("\n== {:02}:{:02} {line}", seconds / 60, seconds % 60);
}

/// Creates a `cargo` command at the root.
pub(crate) fn command() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    // The build script of `ring` reads these variables of this program. With other values than in a
    // build without it, `ring` and all its dependents are compiled again.
    let own = std::env::vars_os().map(|(name, _)| name);
    for name in own.filter(|name| name.to_string_lossy().starts_with("CARGO_PKG_")) {
        command.env_remove(name);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_of_a_test_program_is_parsed() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.10s";
        let tally = Tally::read(line).unwrap();
        assert_eq!((tally.passed, tally.failed, tally.ignored), (12, 3, 1));
        assert!(Tally::read("test result of something else").is_none());
        assert!(tally.conclude().is_err() && Tally::default().conclude().is_err());
    }
}
