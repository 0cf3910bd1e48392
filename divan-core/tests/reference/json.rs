//! The JSON objects inside: RFC 8259, and no key twice in an object at any depth.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Maximum nesting depth of arrays and objects.
const MAX_DEPTH: u32 = 64;

/// The text is not the object that Telegram documents.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Unreadable;

/// Members by name, as text: numbers must not go through a type that changes them.
pub(super) type Members = BTreeMap<String, Box<RawValue>>;

#[derive(Debug, PartialEq)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) first_name: String,
    pub(crate) last_name: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) language_code: Option<String>,
    pub(crate) is_bot: Option<bool>,
    pub(crate) is_premium: Option<bool>,
    pub(crate) added_to_attachment_menu: Option<bool>,
    pub(crate) allows_write_to_pm: Option<bool>,
    pub(crate) photo_url: Option<String>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Chat {
    pub(crate) id: i64,
    pub(crate) kind: String,
    pub(crate) title: String,
    pub(crate) username: Option<String>,
    pub(crate) photo_url: Option<String>,
}

impl User {
    pub(super) fn read(json: &str) -> Result<Self, Unreadable> {
        let members = object(json)?;
        Ok(Self {
            id: integer(&members, "id")?,
            first_name: text(&members, "first_name")?.unwrap_or_default(),
            last_name: text(&members, "last_name")?,
            username: text(&members, "username")?,
            language_code: text(&members, "language_code")?,
            is_bot: boolean(&members, "is_bot")?,
            is_premium: boolean(&members, "is_premium")?,
            added_to_attachment_menu: boolean(&members, "added_to_attachment_menu")?,
            allows_write_to_pm: boolean(&members, "allows_write_to_pm")?,
            photo_url: text(&members, "photo_url")?,
        })
    }
}

impl Chat {
    pub(super) fn read(json: &str) -> Result<Self, Unreadable> {
        let members = object(json)?;
        Ok(Self {
            id: integer(&members, "id")?,
            kind: text(&members, "type")?.ok_or(Unreadable)?,
            title: text(&members, "title")?.ok_or(Unreadable)?,
            username: text(&members, "username")?,
            photo_url: text(&members, "photo_url")?,
        })
    }
}

/// The members of a text that is one object, all that is in them checked.
pub(super) fn object(json: &str) -> Result<Members, Unreadable> {
    object_within(json, MAX_DEPTH)
}

/// A required whole number. Of `-0` an integer type cannot tell the sign.
pub(super) fn integer(members: &Members, name: &str) -> Result<i64, Unreadable> {
    let number = members.get(name).ok_or(Unreadable)?.get();
    if number == "-0" {
        Err(Unreadable)
    } else {
        number.parse().map_err(|_| Unreadable)
    }
}

/// A text that may be missing or null.
pub(super) fn text(members: &Members, name: &str) -> Result<Option<String>, Unreadable> {
    optional(members, name)
}

fn boolean(members: &Members, name: &str) -> Result<Option<bool>, Unreadable> {
    optional(members, name)
}

fn optional<'m, T: Deserialize<'m>>(
    members: &'m Members,
    name: &str,
) -> Result<Option<T>, Unreadable> {
    match members.get(name) {
        Some(value) => serde_json::from_str(value.get()).map_err(|_| Unreadable),
        None => Ok(None),
    }
}

fn object_within(json: &str, depth: u32) -> Result<Members, Unreadable> {
    let Unique(members) = serde_json::from_str(json).map_err(|_| Unreadable)?;
    for value in members.values() {
        check(value.get(), depth)?;
    }
    Ok(members)
}

/// Checks a value that is known to be well-formed, but for what may stand in it only once or not at
/// all.
fn check(json: &str, depth: u32) -> Result<(), Unreadable> {
    let deeper = || depth.checked_sub(1).ok_or(Unreadable);
    if json.starts_with('{') {
        object_within(json, deeper()?)?;
    } else if json.starts_with('[') {
        let values: Vec<&RawValue> = serde_json::from_str(json).map_err(|_| Unreadable)?;
        let depth = deeper()?;
        values
            .iter()
            .try_for_each(|value| check(value.get(), depth))?;
    } else if json.starts_with('"') {
        // Half a surrogate pair is well-formed, but no text.
        serde_json::from_str::<String>(json).map_err(|_| Unreadable)?;
    }
    Ok(())
}

/// An object in which no key stands twice.
struct Unique(Members);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(UniqueVisitor).map(Self)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Members::new();
        while let Some((key, value)) = map.next_entry::<String, Box<RawValue>>()? {
            if members.insert(key, value).is_some() {
                return Err(Error::custom("a key stands twice"));
            }
        }
        Ok(members)
    }
}
