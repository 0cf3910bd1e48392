//! The program: `divan-server --help` says what it does.

use std::process::ExitCode;

use clap::Parser;

/// Returns freed memory to the system, which glibc keeps after a flood of connections.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    divan_server::run(divan_server::Cli::parse())
}
