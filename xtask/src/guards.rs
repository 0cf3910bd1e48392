//! What must not creep in: heavy dependencies where people count on light ones.

use std::collections::BTreeSet;

use crate::step::{Outcome, cargo_output, say};

/// The most crates that a check of init data may cost, its own included.
const MAX_CORE_CRATES: usize = 28;

/// Parts of crate names that have no place in the client.
const NOT_IN_CLIENT: [&str; 6] = ["sqlx", "argon2", "aws", "qdrant", "axum", "sqlite"];

/// Parts of crate names that have no place in a check of init data.
const NOT_IN_CORE: [&str; 5] = ["tokio", "sqlx", "argon2", "axum", "jsonwebtoken"];

pub(crate) fn run() -> Outcome {
    say("light dependencies");
    let core = crates("divan-core")?;
    refuse("divan-core", &core, &NOT_IN_CORE)?;
    if core.len() > MAX_CORE_CRATES {
        return Err(format!(
            "divan-core costs {} crates, and may cost {MAX_CORE_CRATES}: {core:?}",
            core.len()
        ));
    }
    refuse("divan-client", &crates("divan-client")?, &NOT_IN_CLIENT)
}

/// The names of all crates that a package is built from.
fn crates(package: &str) -> Result<BTreeSet<String>, String> {
    let tree = cargo_output(&["tree", "-p", package, "-e", "normal", "--prefix", "none", "--no-dedupe"])?;
    Ok(tree.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect())
}

fn refuse(package: &str, crates: &BTreeSet<String>, parts: &[&str]) -> Outcome {
    match crates.iter().find(|name| parts.iter().any(|part| name.contains(part))) {
        Some(name) => Err(format!(
            "{package} must not depend on {name}: see `cargo tree -p {package} -e normal -i {name}`"
        )),
        None => Ok(()),
    }
}
