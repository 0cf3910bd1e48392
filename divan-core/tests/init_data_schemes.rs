//! The four schemes, several keys, and replays.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::time::Duration;

use divan_core::clock::ManualClock;
use divan_core::init_data::{
    BotToken, ContactError, InMemoryReplayGuard, InitDataBuilder, InitDataError, Signer,
    ThirdParty, Verifier,
};
use serde_json::json;

const NOW: u64 = 1_780_000_000;
const SECRET_KEY: [u8; 32] = [7; 32];

fn token() -> BotToken {
    "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000"
        .parse()
        .unwrap()
}

fn old_token() -> BotToken {
    "1234567890:AAFakeTokenForDivanTestVectorsOnly_old0"
        .parse()
        .unwrap()
}

fn other_bot() -> BotToken {
    "987654321:AAFakeTokenForDivanTestVectorsOnly_0000"
        .parse()
        .unwrap()
}

fn at_now<K: Clone>(verifier: Verifier<K>) -> Verifier<K> {
    verifier.clock(Arc::new(ManualClock::at_unix(NOW)))
}

fn verifier() -> Verifier {
    at_now(Verifier::new(token(), Duration::from_hours(1)))
}

fn third_party() -> Verifier<ThirdParty> {
    let public_key = ed25519_dalek::SigningKey::from_bytes(&SECRET_KEY)
        .verifying_key()
        .to_bytes();
    let key = ThirdParty::with_public_key(token().bot_id(), &public_key).unwrap();
    at_now(Verifier::third_party(key, Duration::from_hours(1)))
}

fn init_data() -> InitDataBuilder {
    InitDataBuilder::new(NOW).user(42, "First")
}

#[test]
fn no_scheme_takes_what_another_signed() {
    let web_app = init_data().sign(&token());
    let contact = InitDataBuilder::new(NOW)
        .contact(42, "77011234567", "First")
        .sign(&token());
    let widget = InitDataBuilder::new(NOW)
        .field("id", "42")
        .field("first_name", "First")
        .sign_login_widget(&token());
    let for_third_parties = init_data()
        .third_party_signature(token().bot_id(), &SECRET_KEY)
        .encode();

    let by_token = verifier();
    assert!(by_token.verify(&web_app).is_ok());
    assert_eq!(
        by_token.verify(&contact).unwrap_err(),
        InitDataError::WrongKind
    );
    assert_eq!(
        by_token.verify(&widget).unwrap_err(),
        InitDataError::SignatureMismatch
    );
    assert_eq!(
        by_token.verify(&for_third_parties).unwrap_err(),
        InitDataError::SignatureMissing
    );

    assert!(by_token.verify_contact(&contact).is_ok());
    assert_eq!(
        by_token.verify_contact(&web_app).unwrap_err(),
        InitDataError::WrongKind
    );
    assert_eq!(
        by_token.verify_contact(&widget).unwrap_err(),
        InitDataError::SignatureMismatch
    );
    assert_eq!(
        by_token.verify_contact(&for_third_parties).unwrap_err(),
        InitDataError::SignatureMissing
    );

    assert!(by_token.verify_login_widget(&widget).is_ok());
    assert_eq!(
        by_token.verify_login_widget(&web_app).unwrap_err(),
        InitDataError::SignatureMismatch
    );
    assert_eq!(
        by_token.verify_login_widget(&contact).unwrap_err(),
        InitDataError::SignatureMismatch
    );

    assert!(third_party().verify(&for_third_parties).is_ok());
    for raw in [&web_app, &contact, &widget] {
        assert_eq!(
            third_party().verify(raw).unwrap_err(),
            InitDataError::SignatureMissing
        );
    }
}

#[test]
fn what_holds_a_user_and_a_contact_is_neither() {
    let both = init_data().contact(42, "77011234567", "First");
    let signed = both.clone().sign(&token());
    assert_eq!(
        verifier().verify(&signed).unwrap_err(),
        InitDataError::WrongKind
    );
    assert_eq!(
        verifier().verify_contact(&signed).unwrap_err(),
        InitDataError::WrongKind
    );
    for contact in [
        both,
        InitDataBuilder::new(NOW).contact(42, "77011234567", "First"),
    ] {
        let signed = contact
            .third_party_signature(token().bot_id(), &SECRET_KEY)
            .encode();
        assert_eq!(
            third_party().verify(&signed).unwrap_err(),
            InitDataError::WrongKind
        );
    }
}

#[test]
fn a_contact_gives_the_phone_of_its_own_user_and_bot_alone() {
    let verifier = verifier().or(other_bot());
    let contact = |id, phone| {
        verifier
            .verify_contact(
                &InitDataBuilder::new(NOW)
                    .contact(id, phone, "First")
                    .sign(&token()),
            )
            .unwrap()
    };
    let data = verifier.verify(&init_data().sign(&token())).unwrap();
    assert_eq!(
        contact(42, "77011234567").phone_of(&data),
        Ok("+77011234567".to_owned())
    );
    assert_eq!(
        contact(42, "+77011234567").phone_of(&data),
        Ok("+77011234567".to_owned())
    );
    assert_eq!(
        contact(43, "77011234567").phone_of(&data),
        Err(ContactError::UserMismatch)
    );
    for phone in [
        "",
        "+",
        "8 701",
        "077011234567",
        "++77011234567",
        "7701123456789012",
        "٧٧٠١١٢٣٤٥٦٧",
    ] {
        assert_eq!(
            contact(42, phone).phone_of(&data),
            Err(ContactError::InvalidPhone),
            "{phone}"
        );
    }

    let of_other_bot = verifier.verify(&init_data().sign(&other_bot())).unwrap();
    assert_eq!(
        contact(42, "77011234567").phone_of(&of_other_bot),
        Err(ContactError::BotMismatch)
    );
    assert_eq!(
        contact(43, "77011234567").phone_of(&of_other_bot),
        Err(ContactError::UserMismatch)
    );
    let anonymous = verifier
        .verify(&InitDataBuilder::new(NOW).sign(&token()))
        .unwrap();
    assert_eq!(
        contact(42, "77011234567").phone_of(&anonymous),
        Err(ContactError::UserMismatch)
    );
}

#[test]
fn several_keys_are_told_apart() {
    let verifier = verifier().or(old_token()).or(other_bot());
    let signer = |token: &BotToken| {
        verifier
            .verify(&init_data().sign(token))
            .map(|data| data.signer())
    };
    let bot_and_key = |signer: Signer| (signer.bot_id, signer.key);
    assert_eq!(signer(&token()).map(bot_and_key), Ok((1_234_567_890, 0)));
    assert_eq!(
        signer(&old_token()).map(bot_and_key),
        Ok((1_234_567_890, 1))
    );
    assert_eq!(signer(&other_bot()).map(bot_and_key), Ok((987_654_321, 2)));
    let stranger: BotToken = "1:AAFakeTokenForDivanTestVectorsOnly_0000".parse().unwrap();
    assert_eq!(signer(&stranger), Err(InitDataError::SignatureMismatch));

    let both_bots = third_party().or(ThirdParty::production(987_654_321));
    let raw = init_data()
        .third_party_signature(token().bot_id(), &SECRET_KEY)
        .encode();
    assert_eq!(
        both_bots
            .verify(&raw)
            .map(|data| bot_and_key(data.signer())),
        Ok((1_234_567_890, 0))
    );
}

#[test]
fn what_a_scheme_does_not_cover_cannot_be_reached() {
    let raw = init_data()
        .third_party_signature(token().bot_id(), &SECRET_KEY)
        .sign(&token());
    let by_token = verifier().verify(&raw).unwrap();
    assert!(by_token.field("hash").is_none());
    assert!(
        by_token.field("signature").is_some(),
        "the bot's signature covers the other"
    );
    let by_anybody = third_party().verify(&raw).unwrap();
    assert!(by_anybody.field("hash").is_none());
    assert!(by_anybody.field("signature").is_none());
    assert_eq!(
        by_anybody
            .fields()
            .map(|(name, _)| name)
            .collect::<Vec<_>>(),
        ["auth_date", "user"]
    );
}

#[test]
fn a_buffer_that_is_too_short_is_refused_and_one_that_is_long_enough_suffices() {
    let raw = init_data()
        .third_party_signature(token().bot_id(), &SECRET_KEY)
        .sign(&token());
    for room in 0..raw.len() {
        let mut buffer = vec![0; room];
        assert_eq!(
            verifier().verify_in(&raw, &mut buffer).unwrap_err(),
            InitDataError::TooLarge
        );
        assert_eq!(
            third_party().verify_in(&raw, &mut buffer).unwrap_err(),
            InitDataError::TooLarge
        );
    }
    let mut buffer = vec![0; raw.len()];
    assert_eq!(
        verifier()
            .verify_in(&raw, &mut buffer)
            .unwrap()
            .into_owned()
            .auth_date(),
        NOW
    );
    assert_eq!(
        third_party()
            .verify_in(&raw, &mut buffer)
            .unwrap()
            .into_owned()
            .auth_date(),
        NOW
    );
}

#[test]
fn a_limit_that_is_raised_is_raised() {
    let many = (0..500).fold(init_data(), |all, n| {
        all.field(&format!("field_{n}"), &"x".repeat(50))
    });
    let raw = many.sign(&token());
    assert!(raw.len() > 16 * 1024);
    assert_eq!(
        verifier().verify(&raw).unwrap_err(),
        InitDataError::TooLarge
    );
    assert_eq!(
        verifier().max_len(100_000).verify(&raw).unwrap_err(),
        InitDataError::TooLarge
    );
    let data = verifier()
        .max_len(100_000)
        .max_pairs(1_000)
        .verify(&raw)
        .unwrap();
    assert_eq!(data.field("field_499"), Some("x".repeat(50).as_str()));
    assert_eq!(data.fields().count(), 502);
    assert_eq!(data.user().unwrap().unwrap().id, 42);
}

#[test]
fn data_is_taken_once_where_that_is_asked_for() {
    let clock = Arc::new(ManualClock::at_unix(NOW));
    let guard = Arc::new(InMemoryReplayGuard::new(2));
    let verifier = Verifier::new(token(), Duration::from_mins(10))
        .clock(clock.clone())
        .replay_guard(guard.clone());
    let first = init_data().sign(&token());
    assert!(verifier.verify(&first).is_ok());
    assert_eq!(
        verifier.verify(&first).unwrap_err(),
        InitDataError::Replayed
    );
    let encoded_otherwise = first.replace("First", "%46irst");
    assert_eq!(
        verifier.verify(&encoded_otherwise).unwrap_err(),
        InitDataError::Replayed
    );
    assert_eq!(InitDataError::Replayed.code(), "init_data_expired");

    // What does not pass is not remembered.
    assert!(verifier.verify(&first.replace("First", "Other")).is_err());
    let contact = InitDataBuilder::new(NOW)
        .contact(42, "77011234567", "First")
        .sign(&token());
    assert_eq!(
        verifier.verify(&contact).unwrap_err(),
        InitDataError::WrongKind
    );
    assert!(verifier.verify_contact(&contact).is_ok());
    assert_eq!(
        verifier.verify_contact(&contact).unwrap_err(),
        InitDataError::Replayed
    );
    let third = init_data().field("start_param", "3").sign(&token());
    assert_eq!(
        verifier.verify(&third).unwrap_err(),
        InitDataError::ReplayGuardFull
    );
}

#[test]
fn data_is_remembered_for_as_long_as_it_could_pass() {
    let clock = Arc::new(ManualClock::at_unix(NOW));
    let guard = Arc::new(InMemoryReplayGuard::new(1));
    let verifier = Verifier::new(token(), Duration::from_mins(10))
        .clock(clock.clone())
        .replay_guard(guard);
    // From the future, as far as clocks may differ: it passes longest.
    let first = InitDataBuilder::new(NOW + 60)
        .user(42, "First")
        .sign(&token());
    assert!(verifier.verify(&first).is_ok());
    clock.set_unix(NOW + 660);
    assert_eq!(
        verifier.verify(&first).unwrap_err(),
        InitDataError::Replayed
    );
    let second = InitDataBuilder::new(NOW + 661)
        .user(42, "First")
        .sign(&token());
    assert_eq!(
        verifier.verify(&second).unwrap_err(),
        InitDataError::ReplayGuardFull
    );

    // A second later it is too old, and its room is free.
    clock.set_unix(NOW + 661);
    assert_eq!(verifier.verify(&first).unwrap_err().reason(), "expired");
    assert!(verifier.verify(&second).is_ok());

    // Set back, the clock makes the first one fresh again, which is forgotten: nothing is taken
    // until it has caught up.
    clock.set_unix(NOW + 600);
    assert_eq!(
        verifier.verify(&first).unwrap_err(),
        InitDataError::ReplayGuardFull
    );
}

#[test]
fn of_many_at_once_one_is_the_first() {
    let verifier = verifier().replay_guard(Arc::new(InMemoryReplayGuard::new(1_000)));
    let raw = init_data().sign(&token());
    let firsts: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| (0..50).filter(|_| verifier.verify(&raw).is_ok()).count()))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(firsts, 1);
}

#[test]
fn debug_shows_no_personal_data_and_no_key() {
    let chat = r#"{"id":-1,"type":"private","title":"First"}"#;
    let data = verifier()
        .verify(&init_data().field("chat", chat).sign(&token()))
        .unwrap();
    let contact = verifier()
        .verify_contact(
            &InitDataBuilder::new(NOW)
                .contact(42, "77011234567", "First")
                .sign(&token()),
        )
        .unwrap();
    let raw = InitDataBuilder::new(NOW)
        .field("id", "42")
        .field("first_name", "First")
        .sign_login_widget(&token());
    let widget = verifier().verify_login_widget(&raw).unwrap();
    let shown = format!(
        "{data:?} {:?} {:?} {contact:?} {widget:?} {:?}",
        data.user(),
        data.chat(),
        verifier()
    );
    for hidden in ["First", "7701", "AAFake"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}

#[test]
fn what_is_serialized_is_what_was_signed() {
    let user = r#"{"id":42,"first_name":"F\u0069rst","photo_url":"https:\/\/t.me\/i\/first.svg","is_premium":true}"#;
    let chat = r#"{"id":-1,"type":"group","title":"Title"}"#;
    let raw = InitDataBuilder::new(NOW)
        .field("user", user)
        .field("chat", chat)
        .field("start_param", "ref");
    let data = verifier().verify(&raw.sign(&token())).unwrap();
    let fields =
        json!({ "auth_date": NOW.to_string(), "user": user, "chat": chat, "start_param": "ref" });
    assert_eq!(serde_json::to_value(&data).unwrap(), fields);
    let expected = json!({ "id": 42, "first_name": "First", "photo_url": "https://t.me/i/first.svg", "is_premium": true });
    assert_eq!(
        serde_json::to_value(data.user().unwrap()).unwrap(),
        expected
    );
    let expected = json!({ "id": -1, "type": "group", "title": "Title" });
    assert_eq!(
        serde_json::to_value(data.chat().unwrap()).unwrap(),
        expected
    );
}

#[test]
fn a_field_is_found_by_its_whole_name_alone() {
    let raw = init_data()
        .field("start_param", "a=b")
        .field("chat_type", "x=y=z")
        .field("empty", "");
    let data = verifier().verify(&raw.sign(&token())).unwrap();
    assert_eq!(
        (data.start_param(), data.field("empty")),
        (Some("a=b"), Some(""))
    );
    for name in [
        "",
        "=",
        "start_param=a",
        "chat_type=x=y",
        "start",
        "start_param\n",
        "\nuser",
        "auth_date=",
        "hash",
    ] {
        assert_eq!(data.field(name), None, "{name:?}");
    }
}

#[test]
fn a_buffer_does_not_raise_the_limit() {
    let long = |length: usize| {
        init_data()
            .field("long", &"x".repeat(length))
            .sign(&token())
    };
    let rest = long(0).len();
    let mut buffer = [0; 10_000];
    assert!(
        verifier()
            .verify_in(&long(8192 - rest), &mut buffer)
            .is_ok()
    );
    assert_eq!(
        verifier()
            .verify_in(&long(8193 - rest), &mut buffer)
            .unwrap_err(),
        InitDataError::TooLarge
    );
}
