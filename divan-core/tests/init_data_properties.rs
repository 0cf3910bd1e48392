//! Properties of verification, for any init data with a valid or invalid signature.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use divan_core::clock::ManualClock;
use divan_core::init_data::{BotToken, InitDataBuilder, InitDataError, Verifier};
use proptest::prelude::*;

const NOW: u64 = 1_780_000_000;

fn token() -> BotToken {
    "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000"
        .parse()
        .unwrap()
}

fn verifier() -> Verifier {
    Verifier::new(token(), Duration::from_hours(1)).clock(Arc::new(ManualClock::at_unix(NOW)))
}

/// Any fields that Telegram could sign, by name.
fn fields() -> impl Strategy<Value = BTreeMap<String, String>> {
    let key = "[A-Za-z0-9_]{1,64}".prop_filter("these two are the builder's", |key| {
        key != "hash" && key != "auth_date"
    });
    let value = "[^\\x00-\\x1F\\x7F]{0,80}";
    prop::collection::btree_map(key, value, 0..12)
}

fn builder(fields: &BTreeMap<String, String>) -> InitDataBuilder {
    fields
        .iter()
        .fold(InitDataBuilder::new(NOW), |builder, (key, value)| {
            builder.field(key, value)
        })
}

proptest! {
    #[test]
    fn what_was_signed_is_what_is_read(fields in fields()) {
        let raw = builder(&fields).sign(&token());
        let data = verifier().verify(&raw).unwrap();
        let mut read: BTreeMap<String, String> =
            data.fields().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        prop_assert_eq!(read.remove("auth_date"), Some(NOW.to_string()));
        prop_assert_eq!(&read, &fields);
        for (name, value) in &fields {
            prop_assert_eq!(data.field(name).unwrap(), value.as_str());
        }
        prop_assert!(data.field("hash").is_none());
        let owned = data.into_owned();
        drop(raw);
        prop_assert_eq!(owned.fields().count(), fields.len() + 1);
    }

    #[test]
    fn the_order_of_the_fields_does_not_matter(fields in fields(), seed in any::<u64>()) {
        let raw = builder(&fields).sign(&token());
        let mut pairs: Vec<&str> = raw.split('&').collect();
        let rotation = usize::try_from(seed % pairs.len() as u64).unwrap();
        pairs.rotate_left(rotation);
        prop_assert!(verifier().verify(&pairs.join("&")).is_ok());
    }

    #[test]
    fn a_changed_character_is_noticed(fields in fields(), place in any::<prop::sample::Index>(), new in "[ -~]") {
        let raw = builder(&fields).sign(&token());
        let place = place.index(raw.len());
        let mut changed = raw.clone();
        changed.replace_range(place..=place, &new);
        // The two spellings of a hex digit are one byte, and `+` is how some write a space.
        let is_same = changed.eq_ignore_ascii_case(&raw)
            && raw.as_bytes()[..place].iter().rev().take(2).any(|&b| b == b'%');
        prop_assume!(changed != raw && !is_same);
        prop_assert!(verifier().verify(&changed).is_err(), "{}", changed);
    }

    #[test]
    fn nothing_panics(text in "\\PC{0,300}", signed in "[a-z_=&%+0-9]{0,200}") {
        prop_assert!(verifier().verify(&text).is_err());
        prop_assert!(verifier().verify(&signed).is_err());
    }

    #[test]
    fn any_auth_date_has_an_answer(seconds in any::<u64>()) {
        let raw = InitDataBuilder::new(seconds).sign(&token());
        let is_fresh = (NOW - 3600..=NOW + 60).contains(&seconds);
        prop_assert_eq!(verifier().verify(&raw).is_ok(), is_fresh);
    }
}

#[test]
fn a_megabyte_of_junk_is_refused_for_its_size() {
    for junk in [
        "&".repeat(1 << 20),
        "a=b&".repeat(1 << 18),
        "%".repeat(1 << 20),
    ] {
        assert_eq!(
            verifier().verify(&junk).unwrap_err(),
            InitDataError::TooLarge
        );
    }
    let pairs = vec!["a=b"; 33].join("&");
    assert_eq!(
        verifier().verify(&pairs).unwrap_err(),
        InitDataError::TooLarge
    );
}

#[test]
fn the_edges_of_time_are_where_they_are_said_to_be() {
    let verify = |auth_date: u64| {
        let raw = InitDataBuilder::new(auth_date).sign(&token());
        verifier().verify(&raw).map(|data| data.auth_date())
    };
    assert_eq!(verify(NOW - 3600), Ok(NOW - 3600));
    assert_eq!(
        verify(NOW - 3601),
        Err(InitDataError::Expired {
            age: Duration::from_secs(3601)
        })
    );
    assert_eq!(verify(NOW + 60), Ok(NOW + 60));
    assert_eq!(
        verify(NOW + 61),
        Err(InitDataError::FromFuture {
            ahead: Duration::from_secs(61)
        })
    );
}
