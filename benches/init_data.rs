//! `cargo bench -p divan-benches --bench init_data`: time of verifying `initData`, compared with the
//! bare HMAC that any verification computes over the same bytes. Compare within one run only; the
//! run ends with a table of ratios.
#![expect(clippy::expect_used, reason = "a benchmark may panic")]

mod init_data_inputs;
#[cfg(feature = "peers")]
mod init_data_peers;
mod init_data_summary;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group};
use divan_core::clock::ManualClock;
use divan_core::init_data::{BotToken, InitDataError, ThirdParty, Verifier};
use ed25519_dalek::{Signature, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::init_data_inputs::{AUTH_DATE, BOT_ID, Input, SECRET_KEY, Shape, TOKEN};

/// Number of inputs, too many for the branch predictor to learn.
pub(crate) const INPUTS: u32 = 256;

fn typical(c: &mut Criterion) {
    hmac_group(c, "typical", Shape::Typical);
}

fn large(c: &mut Criterion) {
    hmac_group(c, "large", Shape::Large);
}

fn hmac_group(c: &mut Criterion, name: &str, shape: Shape) {
    let inputs: Vec<Input> = (0..INPUTS).map(|n| Input::new(shape, n)).collect();
    let token: BotToken = TOKEN.parse().expect("a token");
    let verifier = with_clock(Verifier::new(token, Duration::from_hours(1)));
    let mac = Hmac::<Sha256>::new_from_slice(&[7; 32]).expect("a key");

    // An application would keep one per thread or connection.
    let mut buffer = [0; 8192];
    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Elements(u64::from(INPUTS)));
    bench(&mut group, "bare_hmac", &inputs, |input| {
        black_box(mac.clone().chain_update(&input.check_string).finalize());
    });
    bench(&mut group, "verify_in", &inputs, |input| {
        black_box(
            verifier
                .verify_in(&input.raw, &mut buffer)
                .expect("good data"),
        );
    });
    bench(&mut group, "verify_in_and_user", &inputs, |input| {
        let data = verifier
            .verify_in(&input.raw, &mut buffer)
            .expect("good data");
        black_box(data.user().expect("a good user"));
    });
    bench(&mut group, "verify", &inputs, |input| {
        black_box(verifier.verify(&input.raw).expect("good data"));
    });
    bench(&mut group, "verify_and_user", &inputs, |input| {
        let data = verifier.verify(&input.raw).expect("good data");
        black_box(data.user().expect("a good user"));
    });
    #[cfg(feature = "peers")]
    init_data_peers::bench(&mut group, &inputs);
    group.finish();
}

fn ed25519(c: &mut Criterion) {
    let inputs: Vec<Input> = (0..INPUTS).map(|n| Input::new(Shape::Typical, n)).collect();
    let public_key = ed25519_dalek::SigningKey::from_bytes(&SECRET_KEY).verifying_key();
    let third_party = ThirdParty::with_public_key(BOT_ID, public_key.as_bytes()).expect("a key");
    let verifier = with_clock(Verifier::third_party(third_party, Duration::from_hours(1)));

    let mut buffer = [0; 8192];
    let mut group = c.benchmark_group("ed25519");
    group.throughput(Throughput::Elements(u64::from(INPUTS)));
    bench(&mut group, "bare_verify_strict", &inputs, |input| {
        verify_strict(&public_key, &input.third_party_message, &input.signature);
    });
    bench(&mut group, "verify_in_and_user", &inputs, |input| {
        let data = verifier
            .verify_in(&input.raw, &mut buffer)
            .expect("good data");
        black_box(data.user().expect("a good user"));
    });
    group.finish();
}

/// Measures input that is rejected unread: the time must not grow with the size.
fn junk(c: &mut Criterion) {
    let verifier = Verifier::new(TOKEN.parse().expect("a token"), Duration::from_hours(1));
    let mut group = c.benchmark_group("junk");
    for (name, size) in [("9_kib", 9 << 10), ("1_mib", 1 << 20)] {
        let junk = "a=b&".repeat(size / 4);
        group.bench_function(name, |b| {
            b.iter(|| {
                assert_eq!(
                    verifier.verify(black_box(&junk)).err(),
                    Some(InitDataError::TooLarge)
                );
            });
        });
    }
    group.finish();
}

fn bench(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    inputs: &[Input],
    mut check: impl FnMut(&Input),
) {
    group.bench_function(name, |b| {
        b.iter(|| inputs.iter().for_each(|input| check(black_box(input))));
    });
}

fn with_clock<K: Clone>(verifier: Verifier<K>) -> Verifier<K> {
    verifier.clock(Arc::new(ManualClock::at_unix(AUTH_DATE)))
}

fn verify_strict(key: &VerifyingKey, message: &str, signature: &[u8; 64]) {
    key.verify_strict(message.as_bytes(), &Signature::from_bytes(signature))
        .expect("a good signature");
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .output_directory(&init_data_summary::directory())
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3));
    targets = typical, large, ed25519, junk
}

fn main() {
    let started = Instant::now();
    benches();
    Criterion::default().configure_from_args().final_summary();
    #[cfg(feature = "peers")]
    let peers = init_data_peers::names();
    #[cfg(not(feature = "peers"))]
    let peers = [];
    // Cargo passes `--bench`; under `cargo test` nothing is measured.
    if std::env::args().any(|argument| argument == "--bench") {
        init_data_summary::print(started, &peers);
    }
}
