//! Heap allocations of init-data verification, counted.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use allocation_counter::measure;
use divan_core::clock::ManualClock;
use divan_core::init_data::{BotToken, InitDataBuilder, ThirdParty, Verifier};

const NOW: u64 = 1_780_000_000;
const SECRET_KEY: [u8; 32] = [7; 32];

fn token() -> BotToken {
    "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000"
        .parse()
        .unwrap()
}

fn at_now<K: Clone>(verifier: Verifier<K>) -> Verifier<K> {
    verifier.clock(Arc::new(ManualClock::at_unix(NOW)))
}

/// Everything that Telegram sends, with every kind of escape, as long as the default limit allows,
/// in the most pairs.
fn largest() -> String {
    let user = r#"{"id":42,"first_name":"Имя \"\u0041\ud83d\ude00\"","last_name":"Last","username":"first_last",
        "language_code":"kk","is_premium":true,"allows_write_to_pm":true,"photo_url":"https:\/\/t.me\/i\/first.svg",
        "unknown":{"nested":[1,2.5e3,{"deep":null}]}}"#;
    let chat = r#"{"id":-1001234567890,"type":"supergroup","title":"Title","photo_url":"https:\/\/t.me\/i\/chat.svg"}"#;
    let builder = InitDataBuilder::new(NOW)
        .field("user", &user.replace('\n', ""))
        .field("receiver", r#"{"id":43,"first_name":"Second"}"#)
        .field("chat", chat)
        .field("chat_type", "supergroup")
        .field("chat_instance", "-8134722200314281151")
        .field("start_param", "ref");
    let builder = (0..22).fold(builder, |all, n| {
        all.field(&format!("unknown_{n}"), "a value of some length")
    });
    let builder = builder.field("long", &"x".repeat(6_200));
    builder
        .third_party_signature(token().bot_id(), &SECRET_KEY)
        .sign(&token())
}

#[test]
fn checking_and_reading_take_nothing_from_the_heap() {
    let raw = largest();
    assert!(
        (8_000..=8_192).contains(&raw.len()) && raw.matches('&').count() == 31,
        "{}",
        raw.len()
    );
    let by_token = at_now(Verifier::new(token(), Duration::from_hours(1)));
    let public_key = ed25519_dalek::SigningKey::from_bytes(&SECRET_KEY)
        .verifying_key()
        .to_bytes();
    let key = ThirdParty::with_public_key(token().bot_id(), &public_key).unwrap();
    let by_third_party = at_now(Verifier::third_party(key, Duration::from_hours(1)));
    let mut buffer = [0; 8192];

    let counted = measure(|| {
        let data = by_token.verify_in(&raw, &mut buffer).unwrap();
        let user = data.user().unwrap().unwrap();
        assert!(user.photo_url.unwrap() == "https://t.me/i/first.svg");
        assert!(user.first_name.chars().eq("Имя \"A😀\"".chars()));
        black_box((
            data.receiver().unwrap(),
            data.chat().unwrap(),
            data.chat_type(),
            data.field("unknown_7"),
        ));
        black_box(data.fields().count());
    });
    assert_eq!(counted.count_total, 0);
    let counted = measure(|| {
        let data = by_third_party.verify_in(&raw, &mut buffer).unwrap();
        black_box(data.user().unwrap());
    });
    assert_eq!(counted.count_total, 0);
}

#[test]
fn owning_the_text_takes_one_allocation() {
    let raw = InitDataBuilder::new(NOW).user(42, "First").sign(&token());
    let verifier = at_now(Verifier::new(token(), Duration::from_hours(1)));
    let counted = measure(|| {
        black_box(verifier.verify(&raw).unwrap().user().unwrap());
    });
    assert_eq!(counted.count_total, 1);
}

#[test]
fn what_is_too_large_takes_no_memory() {
    let verifier = Verifier::new(token(), Duration::from_hours(1));
    for junk in [
        "&".repeat(1 << 20),
        "a=b&".repeat(1 << 18),
        "%".repeat(1 << 20),
    ] {
        let counted = measure(|| {
            assert!(verifier.verify(&junk).is_err());
        });
        assert_eq!(counted.count_total, 0);
    }
}
