//! `divan_core` and a reference implementation accept and reject the same generated strings.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod comparison;
mod generated;
mod reference;

use std::cell::Cell;

use generated::{CONTACT, LOGIN_WIDGET, Raw, WEB_APP};
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestRunner};
use reference::{Moment, login_widget_key, public_key, web_app_key, with_hash, with_signature};
use serde_json::Value;

const TOKEN: &str = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000";
const BOT_ID: i64 = 1_234_567_890;
const SECRET_KEY: [u8; 32] = [7; 32];

/// 2026-11-22T00:00:00Z, the time of the vectors.
const NOW: u64 = 1_795_305_600;
const MOMENT: Moment = Moment {
    now: NOW,
    max_age: 3600,
};

#[test]
fn init_data_agrees_with_the_reference() {
    let sign = |raw: &str| with_hash(raw, &web_app_key(TOKEN));
    agree(900, generated::raw(&WEB_APP), sign, |raw| {
        comparison::init_data(raw, TOKEN, MOMENT).is_ok()
    });
}

#[test]
fn init_data_for_third_parties_agrees_with_the_reference() {
    let sign = |raw: &str| with_signature(raw, BOT_ID, &SECRET_KEY);
    let key = public_key(&SECRET_KEY);
    agree(150, generated::raw(&WEB_APP), sign, |raw| {
        comparison::init_data_for_third_party(raw, BOT_ID, &key, MOMENT).is_ok()
    });
}

#[test]
fn contact_agrees_with_the_reference() {
    let sign = |raw: &str| with_hash(raw, &web_app_key(TOKEN));
    agree(600, generated::raw(&CONTACT), sign, |raw| {
        comparison::contact(raw, TOKEN, MOMENT).is_ok()
    });
}

#[test]
fn login_widget_agrees_with_the_reference() {
    let sign = |raw: &str| with_hash(raw, &login_widget_key(TOKEN));
    agree(400, generated::raw(&LOGIN_WIDGET), sign, |raw| {
        comparison::login_widget(raw, TOKEN, MOMENT).is_ok()
    });
}

/// Compares both implementations on generated strings.
fn agree(
    cases: u32,
    raw: impl Strategy<Value = Raw>,
    sign: impl Fn(&str) -> String,
    is_accepted: impl Fn(&str) -> bool,
) {
    let accepted = Cell::new(0);
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    let outcome = runner.run(&raw, |raw| {
        accepted.set(accepted.get() + u32::from(is_accepted(&raw.signed(&sign))));
        Ok(())
    });
    outcome.unwrap();
    // A comparison of rejected strings only would prove nothing.
    assert!(
        (cases / 20..cases * 19 / 20).contains(&accepted.get()),
        "{} of {cases}",
        accepted.get()
    );
}

#[test]
fn every_vector_has_the_expected_result() {
    for file in [
        include_str!("vectors/init_data.json"),
        include_str!("vectors/generated.json"),
    ] {
        let file: Value = serde_json::from_str(file).unwrap();
        for vector in file["vectors"].as_array().unwrap() {
            let is_accepted = check(vector);
            // Vectors of other layers are rejected only when the verified text is parsed.
            if vector["layer"] == "verify" && vector["strict"] != "either" {
                assert_eq!(is_accepted, vector["strict"] == "accept", "{vector}");
            }
        }
    }
}

fn check(vector: &Value) -> bool {
    let raw = vector["init_data"].as_str().unwrap();
    let token = vector["token"].as_str().unwrap_or_default();
    let moment = Moment {
        now: NOW,
        max_age: vector["max_age"].as_u64().unwrap(),
    };
    match vector["kind"].as_str().unwrap() {
        // One published vector is a contact, which is signed by the same scheme.
        "hmac" if raw.starts_with("contact=") => comparison::contact(raw, token, moment).is_ok(),
        "hmac" => comparison::init_data(raw, token, moment).is_ok(),
        "contact" => comparison::contact(raw, token, moment).is_ok(),
        "widget" => comparison::login_widget(raw, token, moment).is_ok(),
        _ => {
            let bot_id = vector["bot_id"].as_i64().unwrap();
            comparison::init_data_for_third_party(raw, bot_id, &key_of(vector), moment).is_ok()
        }
    }
}

/// The key of the vector, or Telegram's.
fn key_of(vector: &Value) -> [u8; 32] {
    let digits = match (vector["public_key"].as_str(), vector["env"].as_str()) {
        (Some(own), _) => own,
        (None, Some("test")) => "40055058a4ee38156a06562e52eece92a771bcd8346a8c4615cb7376eddf72ec",
        (None, _) => "e7bf03a2fa4602af4580703d88dda5bb59f32ed8b02a56c187fe7d34caed242d",
    };
    std::array::from_fn(|index| u8::from_str_radix(&digits[2 * index..2 * index + 2], 16).unwrap())
}
