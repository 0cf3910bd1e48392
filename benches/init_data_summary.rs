//! Table of the results, in ratios to the bare hash of the same run.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::Value;

use crate::INPUTS;

const SHAPES: [&str; 2] = ["typical", "large"];

/// Directory for Criterion's results: `target/criterion` of the target directory of this program.
pub(crate) fn directory() -> PathBuf {
    let program = std::env::current_exe().expect("the path of this program");
    let target = program.ancestors().nth(3).expect("target/release/deps");
    target.join("criterion")
}

/// Prints the benchmarks that have run since `started`.
#[expect(clippy::print_stdout, reason = "the summary of the run")]
pub(crate) fn print(started: Instant, peers: &[String]) {
    println!("\nTime per check, and its ratio to the bare hash over the same bytes:\n");
    println!("{:<32}{:>19}{:>19}", "HMAC-SHA-256", SHAPES[0], SHAPES[1]);
    let own = [
        "verify_in",
        "verify_in_and_user",
        "verify",
        "verify_and_user",
    ];
    let own = own.iter().map(|name| (*name).to_owned());
    for name in ["bare_hmac".to_owned()]
        .into_iter()
        .chain(own)
        .chain(peers.iter().cloned())
    {
        let cells = SHAPES.map(|shape| cell(started, shape, &name, "bare_hmac"));
        println!("{name:<32}{:>19}{:>19}", cells[0], cells[1]);
    }
    println!("\n{:<32}{:>19}", "Ed25519", SHAPES[0]);
    for name in ["bare_verify_strict", "verify_in_and_user"] {
        let cell = cell(started, "ed25519", name, "bare_verify_strict");
        println!("{name:<32}{cell:>19}");
    }
    if !peers.is_empty() {
        print_peers(started, peers);
    }
}

#[expect(clippy::print_stdout, reason = "the summary of the run")]
fn print_peers(started: Instant, peers: &[String]) {
    println!("\nOther libraries, as ratios to the same call of this one:\n");
    println!("{:<32}{:>19}{:>19}", "", SHAPES[0], SHAPES[1]);
    for name in peers {
        let own = name.rsplit('/').next().unwrap_or(name);
        let cells = SHAPES.map(|shape| {
            let times = (time(started, shape, name), time(started, shape, own));
            match times {
                (Some(time), Some(own)) => format!("{:.1}", time / own),
                _ => "-".to_owned(),
            }
        });
        println!("{name:<32}{:>19}{:>19}", cells[0], cells[1]);
    }
}

fn cell(started: Instant, group: &str, name: &str, baseline: &str) -> String {
    match (time(started, group, name), time(started, group, baseline)) {
        (Some(time), Some(baseline)) => format!("{time:>8.0} ns {:>7.2}", time / baseline),
        (Some(time), None) => format!("{time:>8.0} ns"),
        _ => "-".to_owned(),
    }
}

/// Returns the median of one benchmark in nanoseconds per input, if it was part of this run.
fn time(started: Instant, group: &str, name: &str) -> Option<f64> {
    let folder = directory().join(group).join(name.replace('/', "_"));
    read(&folder.join("new/estimates.json"), started)
}

fn read(file: &Path, started: Instant) -> Option<f64> {
    let age = fs::metadata(file).ok()?.modified().ok()?.elapsed().ok()?;
    if age > started.elapsed() {
        return None;
    }
    let estimates: Value = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    let nanoseconds = estimates["median"]["point_estimate"].as_f64()?;
    Some(nanoseconds / f64::from(INPUTS))
}
