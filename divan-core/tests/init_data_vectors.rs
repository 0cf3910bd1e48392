//! The conformance vectors: signed data that must be accepted or refused, including attacks.
//! `docs/guide/src/reference/conformance.md` describes how to run them against any other library.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use divan_core::clock::ManualClock;
use divan_core::init_data::{
    BotToken, InitData, InitDataBuilder, InitDataError, Malformed, Text, ThirdParty, Verifier,
    WebAppUser,
};
use serde_json::{Value, json};

/// 2026-11-22T00:00:00Z, the moment that the vectors were made for.
const NOW: u64 = 1_795_305_600;

/// The outcome of a vector.
#[derive(Debug, PartialEq)]
enum Outcome {
    Accepted,
    RefusedBy(&'static str),
}

#[test]
fn every_vector_answers_as_it_says() {
    let mut differing = Vec::new();
    let mut run = BTreeMap::new();
    let published = (include_str!("vectors/init_data.json"), false);
    let generated = (include_str!("vectors/generated.json"), true);
    for (file, says_where) in [published, generated] {
        let file: Value = serde_json::from_str(file).unwrap();
        for vector in file["vectors"].as_array().unwrap() {
            *run.entry(vector["kind"].as_str().unwrap().to_owned())
                .or_insert(0) += 1;
            let outcome = check(vector);
            if !is_expected(vector, &outcome, says_where) {
                differing.push(format!(
                    "{}: {outcome:?}, but {} ({})",
                    vector["id"], vector["strict"], vector["note"]
                ));
            }
        }
    }
    assert!(
        differing.is_empty(),
        "vectors that differ:\n{}",
        differing.join("\n")
    );
    let expected = [
        ("contact", 85),
        ("ed25519", 112),
        ("hmac", 440),
        ("widget", 59),
    ];
    assert_eq!(
        run,
        expected
            .map(|(kind, count)| (kind.to_owned(), count))
            .into(),
        "every vector is run"
    );
}

#[test]
fn the_document_names_vectors_and_tests_that_exist() {
    let document = include_str!("../../docs/guide/src/concepts/init-data.md");
    let vectors = [
        include_str!("vectors/init_data.json"),
        include_str!("vectors/generated.json"),
    ]
    .concat();
    let tests = [
        include_str!("init_data_schemes.rs"),
        include_str!("init_data_properties.rs"),
        include_str!("../src/init_data/json.rs"),
    ]
    .concat();
    let traps = document
        .split("## Attacks that the grammar prevents")
        .nth(1)
        .unwrap()
        .split("\n## ")
        .next()
        .unwrap();
    let mut named = 0;
    for row in traps.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let held_by = row.split('|').nth_back(1).unwrap();
        for name in held_by
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|name| name.contains('_'))
        {
            named += 1;
            let is_vector = vectors.contains(&format!("\"id\": \"{name}\""));
            assert!(
                is_vector || tests.contains(&format!("fn {name}()")),
                "{name}"
            );
        }
    }
    assert!(named >= 30, "{named}");
}

fn is_expected(vector: &Value, outcome: &Outcome, says_where: bool) -> bool {
    match (vector["strict"].as_str().unwrap(), outcome) {
        ("either", _) | ("accept", Outcome::Accepted) => true,
        ("reject", Outcome::RefusedBy(layer)) => !says_where || vector["layer"] == *layer,
        _ => false,
    }
}

fn check(vector: &Value) -> Outcome {
    let raw = vector["init_data"].as_str().unwrap();
    let max_age = Duration::from_secs(vector["max_age"].as_u64().unwrap());
    match vector["kind"].as_str().unwrap() {
        // One published vector is a contact, which is signed by the same scheme.
        "hmac" if raw.starts_with("contact=") => {
            match by_token(vector, max_age).verify_contact(raw) {
                Ok(_) => Outcome::Accepted,
                Err(error) => refused(error),
            }
        }
        "hmac" => read(vector, by_token(vector, max_age).verify(raw)),
        "ed25519" => match third_party(vector) {
            Some(key) => read(
                vector,
                at_now(Verifier::third_party(key, max_age)).verify(raw),
            ),
            None => Outcome::RefusedBy("verify"),
        },
        "contact" => contact(vector, &by_token(vector, max_age)),
        "widget" => match by_token(vector, max_age).verify_login_widget(raw) {
            Ok(user) => {
                if let Some(id) = vector["fields"]["id"].as_str() {
                    assert_eq!(user.id.to_string(), id, "{}", vector["id"]);
                }
                Outcome::Accepted
            }
            Err(error) => refused(error),
        },
        other => panic!("unknown kind {other}"),
    }
}

/// Reads all typed fields, and compares them with what the vector says.
fn read(vector: &Value, verified: Result<InitData<'_>, InitDataError>) -> Outcome {
    let data = match verified {
        Ok(data) => data,
        Err(error) => return refused(error),
    };
    if let Some(fields) = vector["fields"].as_object() {
        let read: serde_json::Map<String, Value> = data
            .fields()
            .map(|(name, value)| (name.to_owned(), Value::from(value)))
            .collect();
        assert_eq!(&read, fields, "{}", vector["id"]);
    }
    data.chat_type();
    let typed = data.receiver().and(data.chat().map(drop)).and(data.user());
    match typed {
        Ok(user) => {
            assert_user(vector, user);
            Outcome::Accepted
        }
        Err(error) => refused(error),
    }
}

fn assert_user(vector: &Value, user: Option<WebAppUser<'_>>) {
    let Some(expected) = vector["user"].as_object() else {
        return;
    };
    let user = user.unwrap();
    let text = |text: Option<Text<'_>>| text.map(|text| text.to_string());
    let read = json!({
        "id": user.id,
        "first_name": user.first_name.to_string(),
        "last_name": text(user.last_name),
        "username": text(user.username),
        "language_code": text(user.language_code),
        "is_bot": user.is_bot,
        "is_premium": user.is_premium,
        "added_to_attachment_menu": user.added_to_attachment_menu,
        "allows_write_to_pm": user.allows_write_to_pm,
        "photo_url": text(user.photo_url),
    });
    for (name, value) in read.as_object().unwrap() {
        let absent = match name.as_str() {
            "first_name" => Value::from(""),
            _ => Value::Null,
        };
        let expected = expected.get(name).filter(|value| !value.is_null());
        assert_eq!(
            value,
            expected.unwrap_or(&absent),
            "{}: {name}",
            vector["id"]
        );
    }
}

fn contact(vector: &Value, verifier: &Verifier) -> Outcome {
    let contact = match verifier.verify_contact(vector["init_data"].as_str().unwrap()) {
        Ok(contact) => contact,
        Err(error) => return refused(error),
    };
    let token: BotToken = vector["token"].as_str().unwrap().parse().unwrap();
    let user = InitDataBuilder::new(NOW)
        .user(vector["user_id"].as_i64().unwrap(), "First")
        .sign(&token);
    match contact.phone_of(&verifier.verify(&user).unwrap()) {
        Ok(phone) => {
            assert_eq!(vector["phone"], phone, "{}", vector["id"]);
            Outcome::Accepted
        }
        Err(_) => Outcome::RefusedBy("tie"),
    }
}

fn refused(error: InitDataError) -> Outcome {
    match error {
        InitDataError::Malformed(Malformed::Json | Malformed::Number) => {
            Outcome::RefusedBy("parse")
        }
        _ => Outcome::RefusedBy("verify"),
    }
}

fn by_token(vector: &Value, max_age: Duration) -> Verifier {
    at_now(Verifier::new(
        vector["token"].as_str().unwrap().parse().unwrap(),
        max_age,
    ))
}

fn at_now<K: Clone>(verifier: Verifier<K>) -> Verifier<K> {
    verifier.clock(Arc::new(ManualClock::at_unix(NOW)))
}

/// Nothing when the vector's own key is no key.
fn third_party(vector: &Value) -> Option<ThirdParty> {
    let bot_id = vector["bot_id"].as_i64().unwrap();
    match vector["env"].as_str() {
        Some("prod") if vector["public_key"].is_null() => Some(ThirdParty::production(bot_id)),
        Some("test") if vector["public_key"].is_null() => {
            Some(ThirdParty::test_environment(bot_id))
        }
        _ => {
            let digits = vector["public_key"].as_str().unwrap();
            let byte =
                |index: usize| u8::from_str_radix(&digits[2 * index..2 * index + 2], 16).unwrap();
            ThirdParty::with_public_key(bot_id, &std::array::from_fn(byte)).ok()
        }
    }
}
