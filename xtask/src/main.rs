//! The chores of this workspace: `cargo xtask test`, `cargo xtask check`, `cargo xtask contract`,
//! `cargo xtask fuzz`, `cargo xtask load`.

mod check;
mod contract;
mod debian;
mod fuzz;
mod guards;
mod load;
mod servers;
mod step;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use fuzz::Code;

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
    /// Hold the server against its OpenAPI document by tools of other people: a validator, a
    /// generated client, a fuzzer
    Contract {
        #[command(flatten)]
        effort: contract::Effort,
        /// Install nothing on the machine that is missing, only say how
        #[arg(long)]
        no_install: bool,
    },
    /// Fuzz the check of signed data against its reference
    Fuzz {
        /// For how long each target is fuzzed
        #[arg(long, default_value_t = 10)]
        seconds: u32,
        /// Fuzz the vector code in place of the portable code
        #[arg(long)]
        simd: bool,
        /// All, unless one is named
        target: Option<fuzz::Target>,
    },
    /// Measure what a request costs the server, beside the least that does the same
    Load {
        /// Install nothing that is missing, only say how
        #[arg(long)]
        no_install: bool,
    },
}

#[expect(clippy::print_stderr, reason = "a chore says why it failed")]
fn main() -> ExitCode {
    let outcome = match Cli::parse().chore {
        Chore::Test { no_install } => test::run(no_install),
        Chore::Check => check::run(),
        Chore::Contract { effort, no_install } => contract::run(effort, no_install),
        Chore::Fuzz {
            seconds,
            simd,
            target,
        } => fuzz::run(
            target,
            seconds,
            if simd { Code::Vector } else { Code::Portable },
        ),
        Chore::Load { no_install } => load::run(no_install),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
