use crate::servers;
use crate::step::{Outcome, Tally, cargo, cargo_test, say};

/// The application that embeds `divan-core` beside `jsonwebtoken`, and the backends that it may
/// choose.
const HOST: &str = "divan-core/tests/host/Cargo.toml";
const HOST_BACKENDS: [&str; 3] = ["", "rust-crypto", "aws-lc"];

/// The examples that end by themselves.
const EXAMPLES: [&str; 4] = [
    "verify_init_data",
    "quickstart",
    "key_rotation",
    "custom_store",
];

/// The features of those examples that have dependencies of their own.
const HEAVY_EXAMPLES: &str = "divan-examples/s3,divan-examples/qdrant,divan-examples/infra";

/// Runs every test there is, on one PostgreSQL server for all of them, and ends with their number.
/// Tests start their own Redis and RabbitMQ, since they stop them.
pub(crate) fn run(no_install: bool) -> Outcome {
    servers::others(no_install)?;
    let postgres = servers::postgres(no_install)?;
    let variables = [(servers::TEST_DATABASE_URL, postgres.url.as_str())];
    let mut tally = Tally::default();
    for example in EXAMPLES {
        cargo(&[
            "run",
            "--quiet",
            "--package",
            "divan-examples",
            "--example",
            example,
        ])?;
    }
    for backend in HOST_BACKENDS {
        let host = [
            "--manifest-path",
            HOST,
            "--target-dir",
            "target/host",
            "--features",
            backend,
        ];
        tally += cargo_test(&host, &[])?;
    }
    tally += cargo_test(&["--workspace", "--doc"], &[])?;
    // The tests of init data once more: without the feature they ran on the portable code, with it
    // on the vector code.
    if !has_vector_instructions() {
        say(
            "no AVX-512 here: what follows tests the portable code a second time, and no vector code",
        );
    }
    tally += cargo_test(
        &[
            "-p",
            "divan-core",
            "--features",
            "simd",
            "--lib",
            "--test",
            "init_data_*",
        ],
        &[],
    )?;
    if std::env::var_os("TEST_QDRANT_URL").is_none_or(|url| url.is_empty()) {
        say(
            "no Qdrant named by TEST_QDRANT_URL: its client is tested against a server of our own making, and no real one",
        );
    }
    let all = [
        "--workspace",
        "--lib",
        "--bins",
        "--tests",
        "--examples",
        "--features",
        HEAVY_EXAMPLES,
    ];
    tally += cargo_test(&all, &variables)?;
    tally.conclude()
}

/// Whether the processor has what the feature `simd` makes use of.
fn has_vector_instructions() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx512vbmi2");
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}
