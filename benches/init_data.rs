//! `cargo bench -p divan-benches --bench init_data`: what the check of `initData` costs, beside the bare HMAC that any
//! check has to compute over the same bytes. Compare within one run; the machine decides the rest.
#![expect(clippy::expect_used, reason = "a benchmark may panic")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use divan_core::clock::ManualClock;
use divan_core::init_data::{BotToken, InitDataBuilder, Verifier};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const AUTH_DATE: u64 = 1_780_000_000;

/// Enough that the branch predictor cannot learn them by heart.
const INPUTS: u32 = 256;

fn init_data(c: &mut Criterion) {
    let token: BotToken = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000".parse().expect("a token");
    let verifier = Verifier::new(token.clone(), Duration::from_hours(1))
        .clock(Arc::new(ManualClock::at_unix(AUTH_DATE)));
    let inputs: Vec<String> = (0..INPUTS).map(|n| input(n).sign(&token)).collect();
    let check_strings: Vec<String> = inputs.iter().map(|raw| check_string(&verifier, raw)).collect();
    let mac = Hmac::<Sha256>::new_from_slice(&[7; 32]).expect("a key");

    let mut group = c.benchmark_group("init_data");
    group.throughput(Throughput::Elements(u64::from(INPUTS)));
    group.bench_function("bare_hmac", |b| {
        b.iter(|| {
            for text in &check_strings {
                black_box(mac.clone().chain_update(black_box(text)).finalize());
            }
        });
    });
    group.bench_function("verify", |b| {
        b.iter(|| {
            for raw in &inputs {
                black_box(verifier.verify(black_box(raw)).expect("good data"));
            }
        });
    });
    group.bench_function("verify_and_read_user", |b| {
        b.iter(|| {
            for raw in &inputs {
                let data = verifier.verify(black_box(raw)).expect("good data");
                black_box(data.user().expect("a good user"));
            }
        });
    });
    group.finish();
}

/// The shape of what clients send today.
fn input(n: u32) -> InitDataBuilder {
    let user = format!(
        r#"{{"id":{},"first_name":"First{n}","last_name":"","username":"first_{n}","language_code":"ru","allows_write_to_pm":true,"photo_url":"https:\/\/t.me\/i\/userpic\/320\/{n}_abc_DEF-123.svg"}}"#,
        279_058_397_i64 + i64::from(n),
    );
    InitDataBuilder::new(AUTH_DATE)
        .field("query_id", &format!("AAHdF6IQAAAAAN0XohDhr{n:04}"))
        .field("user", &user)
        .field("chat_instance", &format!("81347222003142{n:05}"))
        .field("signature", &format!("{n:04}").repeat(21)[..])
}

fn check_string(verifier: &Verifier, raw: &str) -> String {
    let data = verifier.verify(raw).expect("good data");
    data.fields().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("\n")
}

criterion_group!(benches, init_data);
criterion_main!(benches);
