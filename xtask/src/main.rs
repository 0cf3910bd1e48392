//! Tasks of this workspace: `cargo xtask test`, `check`, `contract`, `pages`, `fuzz`, `attack`,
//! `faults`, `outbox`, `events`, `upgrade`, `load`, `release-check`.

mod api_reference;
mod asvs;
mod attack;
mod book;
mod check;
mod contract;
mod debian;
mod events;
mod faults;
mod fuzz;
mod guards;
mod language;
mod load;
mod npm;
mod outbox;
mod pages;
mod program;
mod public_dependencies;
mod release_check;
mod servers;
mod step;
mod test;
mod third_party;
mod upgrade;
mod venv;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use fuzz::Code;

/// Tasks of this workspace.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Run all tests: unit, integration and doc tests, the examples, and the embedding application
    Test {
        /// Install nothing that is missing, only report how
        #[arg(long)]
        no_install: bool,
    },
    /// Check format, lints, documentation and dependencies
    Check,
    /// Test the server against its OpenAPI document with third-party tools: a validator, a generated
    /// client, a fuzzer
    Contract {
        #[command(flatten)]
        effort: contract::Effort,
        /// Install nothing on the machine that is missing, only report how
        #[arg(long)]
        no_install: bool,
    },
    /// Check the pages: types, unit tests, built files, and tests in Chromium
    Pages {
        /// Install nothing that is missing, only report how
        #[arg(long)]
        no_install: bool,
        /// Task
        #[arg(default_value = "check")]
        step: pages::Step,
    },
    /// Write the API reference of the guide from docs/openapi.json
    ApiReference,
    /// Check docs/asvs.md against the tests, and write its summary
    Asvs,
    /// Fuzz signed data, tokens, cursors, lists of users, forwarded addresses and database URLs
    Fuzz {
        /// Seconds per target
        #[arg(long, default_value_t = 10)]
        seconds: u32,
        /// Fuzz the vector code instead of the portable code: signed data only
        #[arg(long)]
        simd: bool,
        /// Target to fuzz; default: all
        target: Option<fuzz::Target>,
    },
    /// Simulate attacks on the sign-in, and write the tables of the guide
    Attack,
    /// Cause failover and other faults of PostgreSQL under load, and write the table of the guide
    Faults {
        /// Install nothing that is missing, only report how
        #[arg(long)]
        no_install: bool,
    },
    /// Send messages through two servers, kill one, and write the table of the guide
    Outbox {
        /// Install nothing that is missing, only report how
        #[arg(long)]
        no_install: bool,
    },
    /// Publish events while RabbitMQ is away and a server is killed, and write the table of the guide
    Events {
        /// Install nothing that is missing, only report how
        #[arg(long)]
        no_install: bool,
    },
    /// Test that servers of the previous and of this version serve one database at the same time
    Upgrade {
        /// Install nothing that is missing, only report how
        #[arg(long)]
        no_install: bool,
    },
    /// Measure the processor time of requests against a minimal server
    Load {
        /// Install nothing that is missing, only report how
        #[arg(long)]
        no_install: bool,
    },
    /// Check the publishable crates before a release: packages, docs.rs builds, semantic versioning
    ReleaseCheck {
        #[command(flatten)]
        options: release_check::Options,
    },
}

#[expect(clippy::print_stderr, reason = "a task reports its error")]
fn main() -> ExitCode {
    let outcome = match Cli::parse().task {
        Task::Test { no_install } => test::run(no_install),
        Task::Check => check::run(),
        Task::Contract { effort, no_install } => contract::run(effort, no_install),
        Task::Pages { step, no_install } => pages::run(step, no_install),
        Task::ApiReference => api_reference::write(),
        Task::Asvs => asvs::write(),
        Task::Fuzz {
            seconds,
            simd,
            target,
        } => fuzz::run(
            target,
            seconds,
            if simd { Code::Vector } else { Code::Portable },
        ),
        Task::Attack => attack::run(),
        Task::Faults { no_install } => faults::run(no_install),
        Task::Outbox { no_install } => outbox::run(no_install),
        Task::Events { no_install } => events::run(no_install),
        Task::Upgrade { no_install } => upgrade::run(no_install),
        Task::Load { no_install } => load::run(no_install),
        Task::ReleaseCheck { options } => release_check::run(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
