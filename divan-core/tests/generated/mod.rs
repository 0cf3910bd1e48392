//! Generated strings that resemble Telegram's signed data, with ambiguous parts.

mod json;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Fields of a kind of signed data.
pub(crate) struct Kind {
    /// Required fields.
    required: &'static [&'static str],
    optional: &'static [&'static str],
}

pub(crate) const WEB_APP: Kind = Kind {
    required: &["auth_date"],
    optional: &[
        "user",
        "user",
        "user",
        "receiver",
        "chat",
        "chat_type",
        "start_param",
        "can_send_after",
        "query_id",
        "contact",
    ],
};

pub(crate) const CONTACT: Kind = Kind {
    required: &["auth_date", "contact"],
    optional: &["start_param", "query_id", "chat_type", "user"],
};

pub(crate) const LOGIN_WIDGET: Kind = Kind {
    required: &["auth_date", "id", "first_name"],
    optional: &["last_name", "username", "photo_url", "user"],
};

/// Undocumented fields and invalid keys.
const UNKNOWN: [&str; 20] = [
    "hash",
    "signature",
    "Hash",
    "a",
    "a0",
    "a_",
    "aaaaaaaa",
    "aaaaaaaaa",
    "aaaaaaaab",
    "auth_date2",
    "_",
    "zz",
    "",
    "us%65r",
    "user[]",
    "a%3Db",
    "a+b",
    "é",
    "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk",
    "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk",
];

/// Texts with a meaning in query strings or JSON.
const PIECES: [&str; 48] = [
    "&",
    "=",
    "%",
    "+",
    "#",
    " ",
    "\t",
    "\u{7F}",
    "\u{80}",
    "é",
    "😀",
    "?",
    ";",
    "a=b&",
    "&user=",
    "&hash=",
    "%0A",
    "%0a",
    "%00",
    "%1F",
    "%7F",
    "%7f",
    "%2",
    "%zz",
    "%+1",
    "%25",
    "%26",
    "%3D",
    "%2B",
    "%C3",
    "%c3%a9",
    "%ED%A0%80",
    "%C0%AF",
    "\"",
    "\\",
    "\\\"",
    "\\u00e9",
    "\\ud83d",
    "\\ud83d\\ude00",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "-",
    "0",
    "null",
];

/// A generated string before its mutations.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pairs: Vec<String>,
    mutations: Vec<Mutation>,
    is_signed_last: bool,
}

/// A mutation of a string.
#[derive(Clone, Debug)]
enum Mutation {
    Insert(Index, &'static str),
    Replace(Index, &'static str),
    Remove(Index),
    /// Percent-encodes a character.
    Escape(Index),
    SwapPairs(Index, Index),
    RepeatPair(Index),
    RemovePair(Index),
}

impl Raw {
    /// The string, signed before or after its mutations.
    pub(crate) fn signed(&self, sign: impl Fn(&str) -> String) -> String {
        let mut raw = sign(&self.pairs.join("&"));
        for mutation in &self.mutations {
            raw = mutation.apply(&raw);
        }
        if self.is_signed_last { sign(&raw) } else { raw }
    }
}

impl Mutation {
    fn apply(&self, raw: &str) -> String {
        let mut chars: Vec<String> = raw.chars().map(String::from).collect();
        let mut pairs: Vec<&str> = raw.split('&').collect();
        let count = pairs.len();
        match self {
            Self::Insert(at, piece) => chars.insert(at.index(chars.len() + 1), (*piece).to_owned()),
            Self::Replace(at, _) | Self::Remove(at) | Self::Escape(at) if !chars.is_empty() => {
                let char = at.get_mut(&mut chars);
                *char = self.replacement(char);
            }
            Self::SwapPairs(one, other) => pairs.swap(one.index(count), other.index(count)),
            Self::RepeatPair(at) => pairs.push(pairs[at.index(count)]),
            Self::RemovePair(at) => drop(pairs.remove(at.index(count))),
            _ => {}
        }
        match self {
            Self::SwapPairs(..) | Self::RepeatPair(_) | Self::RemovePair(_) => pairs.join("&"),
            _ => chars.concat(),
        }
    }

    fn replacement(&self, char: &str) -> String {
        match self {
            Self::Replace(_, piece) => (*piece).to_owned(),
            Self::Escape(_) => char
                .bytes()
                .map(|byte| format!("%{byte:02x}"))
                .collect::<Vec<_>>()
                .concat(),
            _ => String::new(),
        }
    }
}

/// Any string of a kind, with or without mutations.
pub(crate) fn raw(kind: &Kind) -> impl Strategy<Value = Raw> + use<> {
    let required: Vec<_> = kind.required.iter().map(|key| pair(key)).collect();
    let optional: Vec<_> = kind.optional.iter().map(|key| pair(key)).collect();
    let unknown: Vec<_> = UNKNOWN.iter().map(|key| pair(key)).collect();
    let optional = vec(proptest::strategy::Union::new(optional), 0..3);
    let unknown =
        prop_oneof![4 => Just(Vec::new()), 1 => vec(proptest::strategy::Union::new(unknown), 1..3)];
    let pairs = (required, optional, unknown)
        .prop_map(|(required, optional, unknown)| [required, optional, unknown].concat());
    let mutations = prop_oneof![Just(Vec::new()), vec(mutation(), 1..4)];
    (pairs.prop_shuffle(), mutations, any::<bool>()).prop_map(
        |(pairs, mutations, is_signed_last)| Raw {
            pairs,
            mutations,
            is_signed_last,
        },
    )
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let piece = || select(&PIECES[..]);
    prop_oneof![
        3 => (any::<Index>(), piece()).prop_map(|(at, piece)| Mutation::Insert(at, piece)),
        3 => (any::<Index>(), piece()).prop_map(|(at, piece)| Mutation::Replace(at, piece)),
        2 => any::<Index>().prop_map(Mutation::Remove),
        2 => any::<Index>().prop_map(Mutation::Escape),
        1 => any::<(Index, Index)>().prop_map(|(one, other)| Mutation::SwapPairs(one, other)),
        1 => any::<Index>().prop_map(Mutation::RepeatPair),
        1 => any::<Index>().prop_map(Mutation::RemovePair),
    ]
}

/// A pair with this key, and a value in one of several encodings.
fn pair(key: &'static str) -> BoxedStrategy<String> {
    (value(key), vec(0..4_u8, 1..8))
        .prop_map(move |(value, style)| format!("{key}={}", encode(&value, &style)))
        .boxed()
}

fn value(key: &str) -> BoxedStrategy<String> {
    let hostile = || vec(select(&PIECES[..]), 0..5).prop_map(|pieces| pieces.concat());
    let usual = match key {
        "auth_date" => select(
            &[
                "1795305600",
                "1795305600",
                "1795302000",
                "1795301999",
                "1795305660",
            ][..],
        )
        .prop_map(str::to_owned)
        .boxed(),
        "user" | "receiver" | "chat" | "contact" => json::object(key),
        "id" => prop_oneof![
            3 => select(&["42", "9007199254740993", "9223372036854775807"][..]),
            1 => select(&["9223372036854775808", "0", "-1", "042", "4e1"][..]),
        ]
        .prop_map(str::to_owned)
        .boxed(),
        "can_send_after" => "[0-9]{1,21}".boxed(),
        _ => "[ -~é😀]{0,40}".boxed(),
    };
    let unusual_date = select(
        &[
            "1795305661",
            "01795305600",
            "+1795305600",
            "1e9",
            "",
            "18446744073709551615",
        ][..],
    );
    match key {
        "auth_date" => prop_oneof![15 => usual, 1 => unusual_date.prop_map(str::to_owned)].boxed(),
        _ => prop_oneof![15 => usual, 1 => hostile()].boxed(),
    }
}

/// Percent-encodes some characters in upper case and some in lower case, and keeps others.
fn encode(value: &str, style: &[u8]) -> String {
    let mut raw = String::new();
    for (char, style) in value.chars().zip(style.iter().cycle()) {
        let mut bytes = [0; 4];
        let bytes = char.encode_utf8(&mut bytes).bytes();
        match (char, style) {
            ('0'..='9' | 'A'..='Z' | 'a'..='z' | '_', 1..) => raw.push(char),
            (' ', 2) => raw.push('+'),
            ('!'..='~' | '\u{80}'.., 3) if !"&%+#".contains(char) => raw.push(char),
            (_, 1) => raw.extend(bytes.map(|byte| format!("%{byte:02x}"))),
            _ => raw.extend(bytes.map(|byte| format!("%{byte:02X}"))),
        }
    }
    raw
}
