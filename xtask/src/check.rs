use crate::step::{Outcome, cargo, cargo_with};
use crate::{asvs, book, guards, language, public_dependencies};

/// The features of `divan-core`, each of which has to compile alone.
const CORE_FEATURES: [&str; 27] = [
    "",
    "init-data",
    "ed25519",
    "ed25519,mint",
    "init-data,utoipa",
    "mint",
    "types",
    "password",
    "token",
    "passkeys",
    "second-factor",
    "api",
    "openapi",
    "store",
    "sqlite",
    "infra",
    "probe",
    "s3",
    "qdrant",
    "redis",
    "rabbitmq",
    "postgres",
    "service",
    "webhook",
    "database-url",
    "private-file",
    "tls",
];

/// Feature sets of `divan-server` that have to compile.
const SERVER_FEATURES: [&str; 6] = ["", "docs", "pages", "sqlite", "postgres", "cli"];

/// Everything but the tests that has to pass before a change lands, the quickest first.
pub(crate) fn run() -> Outcome {
    cargo("fmt --all --check")?;
    cargo("fmt --manifest-path fuzz/Cargo.toml --check")?;
    guards::run()?;
    public_dependencies::run()?;
    language::run()?;
    asvs::run()?;
    book::run()?;
    for features in CORE_FEATURES {
        clippy(&format!(
            "-p divan-core --no-default-features --features={features}"
        ))?;
    }
    clippy("-p divan-core")?;
    clippy("-p divan-client")?;
    clippy("-p divan-client --features test-util")?;
    for features in SERVER_FEATURES {
        clippy(&format!(
            "-p divan-server --no-default-features --features={features}"
        ))?;
    }
    clippy("--workspace --all-targets")?;
    clippy("--workspace --all-targets --all-features")?;
    cargo_with(
        "doc --workspace --no-deps --all-features",
        &[("RUSTDOCFLAGS", "--deny warnings")],
    )
}

fn clippy(arguments: &str) -> Outcome {
    cargo(&format!("clippy --quiet {arguments} -- --deny warnings"))
}
