//! Fuzzes with libFuzzer what clients and operators send: signed data, tokens, cursors, lists, addresses.
//!
//! Flags of the stable compiler add the coverage that guides libFuzzer. Sanitizers would need a
//! nightly compiler, and look for errors that safe code cannot contain.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::process::{Command, Stdio};

use clap::ValueEnum;
use serde_json::Value;

use crate::step::{Outcome, cargo_with, command, root, say};

/// The flags of `cargo fuzz`: they count each branch and report compared values to the fuzzer.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// An explicit target keeps coverage out of build scripts and macros.
const BUILT: &str =
    "--release --manifest-path fuzz/Cargo.toml --target-dir target/fuzz --target host-tuple";

const VECTORS: [&str; 2] = [
    "divan-core/tests/vectors/init_data.json",
    "divan-core/tests/vectors/generated.json",
];

/// Fuzz targets: one program in `fuzz/fuzz_targets` each.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Target {
    /// Init data, by the bot's token
    InitData,
    /// Init data, by Telegram's signature for third parties
    Signature,
    /// Shared contacts
    Contact,
    /// Data of the Login Widget
    LoginWidget,
    /// Access tokens
    AccessTokens,
    /// Refresh tokens
    RefreshTokens,
    /// Device tokens
    DeviceTokens,
    /// Cursors of lists
    Cursors,
    /// Lists of users to import
    UserLists,
    /// Headers with the client's address
    Forwarded,
    /// Values of `DATABASE_URL`
    DatabaseUrls,
}

/// The implementation to fuzz.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Code {
    Portable,
    Vector,
}

/// Fuzzes one target or all, each for some seconds.
pub(crate) fn run(target: Option<Target>, seconds: u32, code: Code) -> Outcome {
    if !has_cpp_compiler() {
        return Err("libFuzzer needs a C++ compiler (on Debian: apt-get install g++)".to_owned());
    }
    let all = Target::value_variants().iter().copied();
    let targets: Vec<Target> = target.map_or_else(
        || all.filter(|target| code.affects(*target)).collect(),
        |target| vec![target],
    );
    let programs: Vec<String> = targets
        .iter()
        .map(|target| format!("--bin {}", target.name()))
        .collect();
    let build = format!("build {BUILT} {} {}", code.features(), programs.join(" "));
    cargo_with(&build, &[("RUSTFLAGS", COVERAGE)])?;
    for target in targets {
        write_seeds(target)
            .map_err(|error| format!("cannot write the vectors as seeds: {error}"))?;
        fuzz(target.name(), seconds, code)?;
    }
    Ok(())
}

fn has_cpp_compiler() -> bool {
    std::env::var_os("CXX").is_some() || Command::new("c++").arg("--version").output().is_ok()
}

impl Code {
    fn features(self) -> &'static str {
        match self {
            Self::Portable => "",
            Self::Vector => "--features simd",
        }
    }

    /// Returns `true` if the target runs this code: only signed data has vector code.
    fn affects(self, target: Target) -> bool {
        matches!(self, Self::Portable) || target.kind().is_some()
    }
}

impl Target {
    fn name(self) -> &'static str {
        match self {
            Self::InitData => "init_data",
            Self::Signature => "signature",
            Self::Contact => "contact",
            Self::LoginWidget => "login_widget",
            Self::AccessTokens => "access_tokens",
            Self::RefreshTokens => "refresh_tokens",
            Self::DeviceTokens => "device_tokens",
            Self::Cursors => "cursors",
            Self::UserLists => "user_lists",
            Self::Forwarded => "forwarded",
            Self::DatabaseUrls => "database_urls",
        }
    }

    /// The kind of its vectors; `None` if it fuzzes no signed data.
    fn kind(self) -> Option<&'static str> {
        match self {
            Self::InitData => Some("hmac"),
            Self::Signature => Some("ed25519"),
            Self::Contact => Some("contact"),
            Self::LoginWidget => Some("widget"),
            _ => None,
        }
    }
}

/// Writes the target's files of `fuzz/seeds` into its corpus, and each vector of its kind: unchanged, and
/// with unescaped JSON, where one byte is one character and mutations reach further.
fn write_seeds(target: Target) -> io::Result<()> {
    let corpus = root().join("fuzz/corpus").join(target.name());
    fs::create_dir_all(&corpus)?;
    let seeds = root().join("fuzz/seeds").join(target.name());
    for seed in seeds.read_dir().into_iter().flatten() {
        let seed = seed?;
        fs::copy(seed.path(), corpus.join(seed.file_name()))?;
    }
    let Some(kind) = target.kind() else {
        return Ok(());
    };
    for file in VECTORS {
        let file: Value = serde_json::from_slice(&fs::read(root().join(file))?)?;
        for vector in file["vectors"].as_array().into_iter().flatten() {
            let text = |name: &str| vector[name].as_str().unwrap_or_default();
            let (id, raw) = (text("id"), text("init_data"));
            if text("kind") == kind {
                fs::write(corpus.join(id), raw)?;
                fs::write(corpus.join(format!("{id}_plain")), unescape_json(raw))?;
            }
        }
    }
    Ok(())
}

fn unescape_json(raw: &str) -> String {
    let escapes = [
        ("%22", "\""),
        ("%2C", ","),
        ("%3A", ":"),
        ("%5C", "\\"),
        ("%7B", "{"),
        ("%7D", "}"),
    ];
    escapes.iter().fold(raw.to_owned(), |raw, (escape, char)| {
        raw.replace(escape, char)
    })
}

/// Runs a target on its corpus, and adds new inputs to it.
fn fuzz(name: &str, seconds: u32, code: Code) -> Outcome {
    say(&format!("fuzz {name} for {seconds} s"));
    let (corpus, artifacts) = (
        format!("fuzz/corpus/{name}"),
        format!("fuzz/artifacts/{name}/"),
    );
    fs::create_dir_all(root().join(&artifacts)).map_err(|error| format!("{artifacts}: {error}"))?;
    let mut fuzzer = command();
    fuzzer
        .args(["run", "--quiet", "--bin", name])
        .args(BUILT.split_whitespace())
        .args(code.features().split_whitespace());
    fuzzer
        .env("RUSTFLAGS", COVERAGE)
        .arg("--")
        .arg(corpus)
        .arg(format!("-artifact_prefix={artifacts}"));
    fuzzer.arg(format!("-max_total_time={seconds}")).args([
        "-max_len=4096",
        "-timeout=5",
        "-print_funcs=0",
    ]);
    let mut child = fuzzer
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    let lines = child
        .stderr
        .take()
        .into_iter()
        .flat_map(|out| BufReader::new(out).lines());
    lines
        .map_while(Result::ok)
        .filter(|line| !is_noise(line))
        .for_each(|line| show(&line));
    let status = child
        .wait()
        .map_err(|error| format!("cannot wait for cargo: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{name} failed; its input is in {artifacts}"))
    }
}

/// Returns `true` for lines that libFuzzer prints about itself: each new input, a recommended
/// dictionary, missing sanitizers.
fn is_noise(line: &str) -> bool {
    let is_report = ["INITED", "pulse", "DONE"]
        .iter()
        .any(|word| line.contains(word));
    (line.starts_with('#') && !is_report)
        || ["\"", "INFO: ", "WARNING: Failed to find function"]
            .iter()
            .any(|start| line.starts_with(start))
}

#[expect(clippy::print_stdout, reason = "the output of the fuzzer")]
fn show(line: &str) {
    println!("{line}");
}
