//! Comparison of `divan_core` with the reference: panics when their results differ, and returns the
//! common result.

use std::sync::Arc;
use std::time::Duration;

use divan_core::clock::ManualClock;
use divan_core::init_data::{
    self as core, BotToken, InitDataBuilder, InitDataError, Key, Text, Verifier,
};

use crate::reference::{
    self, Chat, Contact, Fields, InitData, LoginWidgetUser, Moment, Refusal, Unreadable, User,
};

pub(crate) fn init_data(raw: &str, token: &str, moment: Moment) -> Result<InitData, Refusal> {
    let expected = reference::init_data(raw, token, moment);
    assert_eq!(verify(raw, &by_token(token, moment)), expected, "{raw:?}");
    expected
}

pub(crate) fn init_data_for_third_party(
    raw: &str,
    bot_id: i64,
    public_key: &[u8; 32],
    moment: Moment,
) -> Result<InitData, Refusal> {
    let expected = reference::init_data_for_third_party(raw, bot_id, public_key, moment);
    match core::ThirdParty::with_public_key(bot_id, public_key) {
        Ok(key) => {
            let verifier = at(moment, |max_age| {
                Verifier::third_party(key.clone(), max_age)
            });
            assert_eq!(verify(raw, &verifier), expected, "{raw:?}");
        }
        // An invalid key accepts nothing.
        Err(_) => assert!(expected.is_err(), "{raw:?}"),
    }
    expected
}

pub(crate) fn contact(raw: &str, token: &str, moment: Moment) -> Result<Contact, Refusal> {
    let expected = reference::contact(raw, token, moment);
    let verifier = by_token(token, moment);
    let actual = verifier.verify_contact(raw).map_err(refusal);
    if let (Ok(actual), Ok(expected)) = (&actual, &expected) {
        for user_id in [expected.user_id, expected.user_id ^ 1] {
            let user = InitDataBuilder::new(moment.now)
                .user(user_id, "First")
                .sign(&bot_token(token));
            let phone = actual.phone_of(&verifier.verify(&user).unwrap()).ok();
            assert_eq!(phone, expected.phone_of(user_id), "{raw:?}");
        }
    }
    let actual = actual.map(|contact| Contact {
        user_id: contact.user_id,
        phone_number: contact.phone_number,
        first_name: contact.first_name,
        last_name: contact.last_name,
        auth_date: contact.auth_date,
    });
    assert_eq!(actual, expected, "{raw:?}");
    expected
}

pub(crate) fn login_widget(
    raw: &str,
    token: &str,
    moment: Moment,
) -> Result<LoginWidgetUser, Refusal> {
    let expected = reference::login_widget(raw, token, moment);
    let actual = by_token(token, moment)
        .verify_login_widget(raw)
        .map_err(refusal);
    let actual = actual.map(|user| LoginWidgetUser {
        id: user.id,
        first_name: user.first_name,
        last_name: user.last_name,
        username: user.username,
        photo_url: user.photo_url,
        auth_date: user.auth_date,
    });
    assert_eq!(actual, expected, "{raw:?}");
    expected
}

fn bot_token(token: &str) -> BotToken {
    token.parse().unwrap()
}

fn by_token(token: &str, moment: Moment) -> Verifier {
    at(moment, |max_age| Verifier::new(bot_token(token), max_age))
}

fn at<K: Clone>(moment: Moment, verifier: impl Fn(Duration) -> Verifier<K>) -> Verifier<K> {
    let clock = Arc::new(ManualClock::at_unix(moment.now));
    verifier(Duration::from_secs(moment.max_age)).clock(clock)
}

/// Calls `verify` and checks that `verify_in` returns the same.
fn verify<K: Key>(raw: &str, verifier: &Verifier<K>) -> Result<InitData, Refusal> {
    let owned = verifier.verify(raw);
    // Previous content and excess length of the buffer must not matter.
    for spare in [0, 7] {
        let mut buffer = vec![b'"'; raw.len() + spare];
        let borrowed = verifier.verify_in(raw, &mut buffer);
        assert_eq!(borrowed.as_ref().err(), owned.as_ref().err(), "{raw:?}");
        if let (Ok(borrowed), Ok(owned)) = (&borrowed, &owned) {
            assert_eq!(read(borrowed), read(owned), "{raw:?}");
        }
    }
    owned.map(|data| read(&data)).map_err(refusal)
}

fn refusal(error: InitDataError) -> Refusal {
    match error.code() {
        "init_data_missing" => Refusal::Missing,
        "init_data_expired" => Refusal::Expired,
        _ => Refusal::Invalid,
    }
}

/// Reads everything that verified data gives access to.
fn read(data: &core::InitData<'_>) -> InitData {
    let fields: Vec<(&str, &str)> = data.fields().collect();
    assert!(fields.is_sorted_by(|a, b| a.0 < b.0), "{fields:?}");
    for (name, value) in &fields {
        assert_eq!(data.field(name), Some(*value), "{fields:?}");
    }
    let fields: Fields = fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    assert_eq!(
        data.chat_type().map(|kind| text(kind.to_text())),
        fields.get("chat_type").cloned()
    );
    let user = data
        .user()
        .map(|user| user.map(read_user))
        .map_err(|_| Unreadable);
    let required = data.require_user().map(read_user).ok();
    assert_eq!(
        required.as_ref(),
        user.as_ref().ok().and_then(Option::as_ref),
        "{fields:?}"
    );
    InitData {
        fields,
        auth_date: data.auth_date(),
        user,
        receiver: data
            .receiver()
            .map(|user| user.map(read_user))
            .map_err(|_| Unreadable),
        chat: data
            .chat()
            .map(|chat| chat.map(read_chat))
            .map_err(|_| Unreadable),
        can_send_after: data.can_send_after().map_err(|_| Unreadable),
    }
}

fn read_user(user: core::WebAppUser<'_>) -> User {
    User {
        id: user.id,
        first_name: text(user.first_name),
        last_name: user.last_name.map(text),
        username: user.username.map(text),
        language_code: user.language_code.map(text),
        is_bot: user.is_bot,
        is_premium: user.is_premium,
        added_to_attachment_menu: user.added_to_attachment_menu,
        allows_write_to_pm: user.allows_write_to_pm,
        photo_url: user.photo_url.map(text),
    }
}

fn read_chat(chat: core::WebAppChat<'_>) -> Chat {
    Chat {
        id: chat.id,
        kind: text(chat.kind.to_text()),
        title: text(chat.title),
        username: chat.username.map(text),
        photo_url: chat.photo_url.map(text),
    }
}

/// Reads a text and checks that all ways of reading it agree.
fn text(text: Text<'_>) -> String {
    let shown = text.to_string();
    assert_eq!(text.to_cow(), shown);
    assert_eq!(text.as_str().unwrap_or(&shown), shown);
    assert!(text == *shown);
    shown
}
