use std::num::NonZero;
use std::process::Command;

use crate::step::{Outcome, Tally, cargo_test, run as run_program, say};
use crate::{program, servers, third_party};

/// The application that embeds `divan-core` and uses `jsonwebtoken` itself, and the backends that it
/// may choose.
const HOST: &str = "divan-core/tests/host/Cargo.toml";
const HOST_BACKENDS: [&str; 3] = ["", "rust-crypto", "aws-lc"];

/// The examples that exit without input.
const EXAMPLES: [&str; 4] = [
    "verify_init_data",
    "quickstart",
    "key_rotation",
    "custom_store",
];

/// The features of examples with further dependencies. All steps use the same ones: with others, Cargo
/// would compile most dependencies again.
const FEATURES: &str = "--features divan-examples/actix,divan-examples/salvo,divan-examples/s3,divan-examples/qdrant,divan-examples/infra";

/// The variable of the number of tests that run at once.
const TEST_THREADS: &str = "RUST_TEST_THREADS";

/// Runs all tests on one PostgreSQL server and prints their number. Tests start their own Redis and
/// RabbitMQ, because they stop them.
pub(crate) fn run(no_install: bool) -> Outcome {
    servers::others(no_install)?;
    let postgres = servers::postgres(no_install)?;
    let others = third_party::install(no_install)?;
    let mut variables = vec![(servers::TEST_DATABASE_URL, postgres.url.as_str())];
    variables.extend(others.iter().map(|(name, value)| (*name, value.as_str())));
    let mut tally = Tally::default();
    run_examples()?;
    for backend in HOST_BACKENDS {
        let host = format!("--manifest-path {HOST} --target-dir target/host --features={backend}");
        tally += cargo_test(&host, &[])?;
    }
    tally += cargo_test(&format!("--workspace --doc {FEATURES}"), &[])?;
    // Without the feature `simd`, the tests of init data cover the portable code only.
    if !has_vector_instructions() {
        say("no AVX-512: the following run tests the portable code again, not the vector code");
    }
    tally += cargo_test(
        "-p divan-core --features simd --lib --test init_data_*",
        &[],
    )?;
    if std::env::var_os("TEST_QDRANT_URL").is_none_or(|url| url.is_empty()) {
        say("TEST_QDRANT_URL is not set: the Qdrant client is tested against the mock server only");
    }
    let threads = threads();
    variables.push((TEST_THREADS, &threads));
    tally += cargo_test(&selection(), &variables)?;
    tally.conclude()
}

fn run_examples() -> Outcome {
    say("the examples");
    let names: String = EXAMPLES.map(|name| format!(" --example {name}")).concat();
    let built = program::build(&format!("build --workspace {FEATURES}{names}"))?;
    for name in EXAMPLES {
        let path = built.executable("example", name)?;
        run_program(&format!("example {name}"), &mut Command::new(path))?;
    }
    Ok(())
}

/// Returns the value of the variable, or else one for this machine. Most of the time, tests of the
/// server wait for other programs.
fn threads() -> String {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    std::env::var(TEST_THREADS).unwrap_or_else(|_| processors.max(4).to_string())
}

/// Returns the arguments that select the tests of the workspace.
pub(crate) fn selection() -> String {
    format!("--workspace --lib --bins --tests --examples {FEATURES}")
}

/// Returns `true` if the processor has the instructions that the feature `simd` uses.
fn has_vector_instructions() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx512vbmi2");
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}
