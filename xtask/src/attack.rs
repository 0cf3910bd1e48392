use crate::step::{Outcome, cargo_with};

/// Runs the simulation of attacks. It prints the tables, and writes them into the guide.
pub(crate) fn run() -> Outcome {
    cargo_with(
        "test --package divan-core --test attack -- --nocapture the_tables_in_the_guide_are_current",
        &[("DIVAN_WRITE_ATTACK_TABLE", "1")],
    )
}
