//! `divan_core` against a reference: whatever is asked, both have to say the same.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod comparison;
mod reference;

use reference::Moment;
use serde_json::Value;

/// 2026-11-22T00:00:00Z, the moment that the vectors were made for.
const NOW: u64 = 1_795_305_600;

#[test]
fn every_vector_has_one_answer() {
    for file in [include_str!("vectors/init_data.json"), include_str!("vectors/generated.json")] {
        let file: Value = serde_json::from_str(file).unwrap();
        for vector in file["vectors"].as_array().unwrap() {
            let is_accepted = check(vector);
            // What only a reading of the verified text refuses is not refused yet.
            if vector["layer"] == "verify" && vector["strict"] != "either" {
                assert_eq!(is_accepted, vector["strict"] == "accept", "{vector}");
            }
        }
    }
}

fn check(vector: &Value) -> bool {
    let raw = vector["init_data"].as_str().unwrap();
    let token = vector["token"].as_str().unwrap_or_default();
    let moment = Moment { now: NOW, max_age: vector["max_age"].as_u64().unwrap() };
    match vector["kind"].as_str().unwrap() {
        "hmac" => comparison::init_data(raw, token, moment).is_ok(),
        "contact" => comparison::contact(raw, token, moment).is_ok(),
        "widget" => comparison::login_widget(raw, token, moment).is_ok(),
        _ => {
            let bot_id = vector["bot_id"].as_i64().unwrap();
            comparison::init_data_for_third_party(raw, bot_id, &key_of(vector), moment).is_ok()
        }
    }
}

/// The vector's own key, or one of Telegram's.
fn key_of(vector: &Value) -> [u8; 32] {
    let digits = match (vector["public_key"].as_str(), vector["env"].as_str()) {
        (Some(own), _) => own,
        (None, Some("test")) => "40055058a4ee38156a06562e52eece92a771bcd8346a8c4615cb7376eddf72ec",
        (None, _) => "e7bf03a2fa4602af4580703d88dda5bb59f32ed8b02a56c187fe7d34caed242d",
    };
    std::array::from_fn(|index| u8::from_str_radix(&digits[2 * index..2 * index + 2], 16).unwrap())
}
