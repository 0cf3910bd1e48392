//! The conformance vectors: signed data that must pass or fail, most of it built to fool somebody.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use divan_core::clock::ManualClock;
use divan_core::init_data::{BotToken, InitDataError, Verifier};
use serde_json::Value;

/// 2026-11-22T00:00:00Z, the moment that the vectors were made for.
const NOW: u64 = 1_795_305_600;

#[test]
fn every_vector_of_kind_hmac_answers_as_it_says() {
    let file: Value = serde_json::from_str(include_str!("vectors/init_data.json")).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    let mut differing = String::new();
    let mut run = 0;
    for vector in vectors.iter().filter(|vector| vector["kind"] == "hmac") {
        run += 1;
        let outcome = check(vector);
        let as_expected = match vector["strict"].as_str().unwrap() {
            "accept" => outcome.is_ok(),
            "reject" => outcome.is_err(),
            "either" => true,
            other => panic!("unknown expectation {other}"),
        };
        if !as_expected {
            writeln!(differing, "{}: {outcome:?}, but {}", vector["id"], vector["strict"]).unwrap();
        }
    }
    assert!(differing.is_empty(), "vectors that differ:\n{differing}");
    assert_eq!(run, 75, "every vector of kind hmac is run");
}

/// Verifies and reads all typed fields.
fn check(vector: &Value) -> Result<(), InitDataError> {
    let token: BotToken = vector["token"].as_str().unwrap().parse().unwrap();
    let max_age = Duration::from_secs(vector["max_age"].as_u64().unwrap());
    let verifier = Verifier::new(token, max_age).clock(Arc::new(ManualClock::at_unix(NOW)));
    let data = verifier.verify(vector["init_data"].as_str().unwrap())?;
    data.user()?;
    data.receiver()?;
    data.chat()?;
    data.chat_type();
    Ok(())
}
