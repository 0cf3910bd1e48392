//! The program: `divan-server --help` says what it does.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    divan_server::run(divan_server::Cli::parse())
}
