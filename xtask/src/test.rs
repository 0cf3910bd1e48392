use crate::servers;
use crate::step::{Outcome, cargo, cargo_with};

/// The application that embeds `divan-core` beside `jsonwebtoken`, and the backends that it may choose.
const HOST: &str = "divan-core/tests/host/Cargo.toml";
const HOST_BACKENDS: [&str; 3] = ["", "rust-crypto", "aws-lc"];

/// The examples that end by themselves.
const EXAMPLES: [&str; 2] = ["verify_init_data", "quickstart"];

/// Runs every test there is, on one PostgreSQL server for all of them; the summary of the workspace's tests comes last.
pub(crate) fn run(no_install: bool) -> Outcome {
    let postgres = servers::postgres(no_install)?;
    let variables = [(servers::TEST_DATABASE_URL, postgres.url.as_str())];
    for backend in HOST_BACKENDS {
        let target = "target/host";
        cargo(&["test", "--quiet", "--manifest-path", HOST, "--target-dir", target, "--features", backend])?;
    }
    for example in EXAMPLES {
        cargo(&["run", "--quiet", "--package", "divan-examples", "--example", example])?;
    }
    cargo(&["test", "--workspace", "--doc"])?;
    let all = ["test", "--workspace", "--lib", "--bins", "--tests", "--examples", "--no-fail-fast"];
    cargo_with(&all, &variables)
}
