//! A second reading of the strict grammar, to hold the first against: as plain as possible, as slow
//! as it likes, and without any code of `divan_core`. Where Telegram leaves a choice it chooses as
//! `divan_core` says that it does.

mod grammar;
mod json;
mod keys;
mod sign;

use std::collections::BTreeMap;

pub(crate) use json::{Chat, Unreadable, User};
pub(crate) use keys::{login_widget_key, public_key, web_app_key};
pub(crate) use sign::{with_hash, with_signature};

/// Maximum distance of `auth_date` into the future, in seconds.
const CLOCK_SKEW: i128 = 60;

/// The decoded fields that a signature covers.
pub(crate) type Fields = BTreeMap<String, String>;

/// When, and up to which age data is taken, both in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: u64,
    pub(crate) max_age: u64,
}

/// The reason for a refusal, as a client sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Refusal {
    Missing,
    Expired,
    Invalid,
}

impl From<Unreadable> for Refusal {
    fn from(_: Unreadable) -> Self {
        Self::Invalid
    }
}

/// The content of accepted init data.
#[derive(Debug, PartialEq)]
pub(crate) struct InitData {
    pub(crate) fields: Fields,
    pub(crate) auth_date: u64,
    pub(crate) user: Result<Option<User>, Unreadable>,
    pub(crate) receiver: Result<Option<User>, Unreadable>,
    pub(crate) chat: Result<Option<Chat>, Unreadable>,
    pub(crate) can_send_after: Result<Option<u64>, Unreadable>,
}

/// The content of an accepted contact.
#[derive(Debug, PartialEq)]
pub(crate) struct Contact {
    pub(crate) user_id: i64,
    pub(crate) phone_number: String,
    pub(crate) first_name: String,
    pub(crate) last_name: Option<String>,
    pub(crate) auth_date: u64,
}

/// The content of accepted Login Widget data.
#[derive(Debug, PartialEq)]
pub(crate) struct LoginWidgetUser {
    pub(crate) id: i64,
    pub(crate) first_name: String,
    pub(crate) last_name: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) photo_url: Option<String>,
    pub(crate) auth_date: u64,
}

/// Init data, checked with the bot's token.
pub(crate) fn init_data(raw: &str, token: &str, moment: Moment) -> Result<InitData, Refusal> {
    let fields = signed_by_hmac(raw, &web_app_key(token))?;
    InitData::read(fields, moment)
}

/// Init data, checked with a public key of Telegram's.
pub(crate) fn init_data_for_third_party(
    raw: &str,
    bot_id: i64,
    public_key: &[u8; 32],
    moment: Moment,
) -> Result<InitData, Refusal> {
    let mut pairs = grammar::split(raw)?;
    let signature = pairs.remove("signature").ok_or(Refusal::Invalid)?;
    // Not covered, so it is no part of the message, and its form does not matter.
    pairs.remove("hash");
    let fields = grammar::decode_all(&pairs)?;
    let message = format!("{bot_id}:WebAppData\n{}", check_string(&fields));
    if !keys::is_signed(public_key, message.as_bytes(), &signature) {
        return Err(Refusal::Invalid);
    }
    InitData::read(fields, moment)
}

/// The answer of `requestContact`.
pub(crate) fn contact(raw: &str, token: &str, moment: Moment) -> Result<Contact, Refusal> {
    let fields = signed_by_hmac(raw, &web_app_key(token))?;
    if !fields.contains_key("contact") || fields.contains_key("user") {
        return Err(Refusal::Invalid);
    }
    let auth_date = fresh_auth_date(&fields, moment)?;
    let members = json::object(&fields["contact"])?;
    Ok(Contact {
        user_id: json::integer(&members, "user_id")?,
        phone_number: json::text(&members, "phone_number")?.ok_or(Unreadable)?,
        first_name: json::text(&members, "first_name")?.unwrap_or_default(),
        last_name: json::text(&members, "last_name")?,
        auth_date,
    })
}

/// Verifies the fields that the Login Widget returns to a page.
pub(crate) fn login_widget(
    raw: &str,
    token: &str,
    moment: Moment,
) -> Result<LoginWidgetUser, Refusal> {
    let fields = signed_by_hmac(raw, &login_widget_key(token))?;
    let id = fields.get("id").ok_or(Refusal::Invalid)?;
    let auth_date = fresh_auth_date(&fields, moment)?;
    if id.is_empty() || id.starts_with('0') || !id.chars().all(|c| c.is_ascii_digit()) {
        return Err(Refusal::Invalid);
    }
    let field = |name: &str| fields.get(name).cloned();
    Ok(LoginWidgetUser {
        id: id.parse().map_err(|_| Refusal::Invalid)?,
        first_name: field("first_name").unwrap_or_default(),
        last_name: field("last_name"),
        username: field("username"),
        photo_url: field("photo_url"),
        auth_date,
    })
}

impl Contact {
    /// The number in E.164 form, if the contact is that of the person of this id.
    pub(crate) fn phone_of(&self, user_id: i64) -> Option<String> {
        let mut digits = self.phone_number.as_str();
        if digits.starts_with('+') {
            digits = &digits[1..];
        }
        let is_e164 = digits.len() >= 7
            && digits.len() <= 15
            && !digits.starts_with('0')
            && digits.chars().all(|c| c.is_ascii_digit());
        (user_id == self.user_id && is_e164).then(|| format!("+{digits}"))
    }
}

impl InitData {
    fn read(fields: Fields, moment: Moment) -> Result<Self, Refusal> {
        if fields.contains_key("contact") {
            return Err(Refusal::Invalid);
        }
        Ok(Self {
            auth_date: fresh_auth_date(&fields, moment)?,
            user: fields.get("user").map(|json| User::read(json)).transpose(),
            receiver: fields
                .get("receiver")
                .map(|json| User::read(json))
                .transpose(),
            chat: fields.get("chat").map(|json| Chat::read(json)).transpose(),
            can_send_after: fields
                .get("can_send_after")
                .map(|text| seconds(text))
                .transpose(),
            fields,
        })
    }
}

/// The fields that a right `hash` covers: all others.
fn signed_by_hmac(raw: &str, key: &[u8; 32]) -> Result<Fields, Refusal> {
    let mut pairs = grammar::split(raw)?;
    let hash = pairs.remove("hash").ok_or(Refusal::Invalid)?;
    let fields = grammar::decode_all(&pairs)?;
    let expected = keys::hex(&keys::hmac(key, check_string(&fields).as_bytes()));
    if hash == expected {
        Ok(fields)
    } else {
        Err(Refusal::Invalid)
    }
}

fn check_string(fields: &Fields) -> String {
    let lines: Vec<String> = fields
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    lines.join("\n")
}

/// `auth_date`, where it is one and neither too old nor too new.
fn fresh_auth_date(fields: &Fields, moment: Moment) -> Result<u64, Refusal> {
    let text = fields.get("auth_date").ok_or(Refusal::Invalid)?;
    if text.len() > 12 || text.starts_with('0') {
        return Err(Refusal::Invalid);
    }
    let auth_date = seconds(text)?;
    // So wide that no difference overflows.
    let age = i128::from(moment.now) - i128::from(auth_date);
    if age < -CLOCK_SKEW {
        return Err(Refusal::Invalid);
    }
    if age > i128::from(moment.max_age) {
        Err(Refusal::Expired)
    } else {
        Ok(auth_date)
    }
}

fn seconds(text: &str) -> Result<u64, Unreadable> {
    if text.is_empty() || !text.chars().all(|c| c.is_ascii_digit()) {
        return Err(Unreadable);
    }
    text.parse().map_err(|_| Unreadable)
}
