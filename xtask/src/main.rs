//! The chores of this workspace: `cargo xtask test`, `cargo xtask check`.

mod check;
mod guards;
mod servers;
mod step;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The chores of this workspace.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Run all tests: unit, integration and doc tests, the examples, and the embedding application
    Test {
        /// Install nothing that is missing, only say how
        #[arg(long)]
        no_install: bool,
    },
    /// Check format, lints, documentation and dependencies
    Check,
}

#[expect(clippy::print_stderr, reason = "a chore says why it failed")]
fn main() -> ExitCode {
    let outcome = match Cli::parse().chore {
        Chore::Test { no_install } => test::run(no_install),
        Chore::Check => check::run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
