use crate::servers;
use crate::step::{Outcome, cargo_with};

/// Starts servers on loopback and measures requests to them, in a few minutes.
pub(crate) fn run(no_install: bool) -> Outcome {
    let postgres = servers::postgres(no_install)?;
    let variables = [(servers::TEST_DATABASE_URL, postgres.url.as_str())];
    cargo_with(
        "bench --package divan-benches --features load --bench load",
        &variables,
    )
}
