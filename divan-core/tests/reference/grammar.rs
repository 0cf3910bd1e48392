//! From the raw string to its pairs, and from their values to text.

use std::collections::BTreeMap;

use super::{Fields, Refusal};

/// Values as received, by key.
pub(super) type Pairs = BTreeMap<String, String>;

/// Texts with which callers send no value.
const ABSENT: [&str; 9] = [
    "",
    "undefined",
    "null",
    "None",
    "nil",
    "NaN",
    "[object Object]",
    "[object Null]",
    "[object Undefined]",
];

/// Splits a raw string into its pairs, or refuses it.
pub(super) fn split(raw: &str) -> Result<Pairs, Refusal> {
    if ABSENT.contains(&raw.trim()) {
        return Err(Refusal::Missing);
    }
    let pieces: Vec<&str> = raw.split('&').collect();
    if raw.len() > 8192 || pieces.len() > 32 || raw.chars().any(is_forbidden) {
        return Err(Refusal::Invalid);
    }
    let mut pairs = Pairs::new();
    for piece in pieces {
        let (key, value) = piece.split_once('=').ok_or(Refusal::Invalid)?;
        if !is_key(key) || pairs.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(Refusal::Invalid);
        }
    }
    Ok(pairs)
}

fn is_forbidden(c: char) -> bool {
    c <= ' ' || c == '\u{7F}' || c == '#'
}

fn is_key(key: &str) -> bool {
    !key.is_empty() && key.len() <= 64 && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Decodes all values, or refuses them.
pub(super) fn decode_all(pairs: &Pairs) -> Result<Fields, Refusal> {
    pairs
        .iter()
        .map(|(key, value)| Ok((key.clone(), decode(value)?)))
        .collect()
}

fn decode(value: &str) -> Result<String, Refusal> {
    let mut decoded = Vec::new();
    let mut bytes = value.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => 16 * hex_digit(bytes.next())? + hex_digit(bytes.next())?,
            plain => plain,
        });
    }
    if decoded.iter().any(|&byte| byte < 0x20) {
        return Err(Refusal::Invalid);
    }
    String::from_utf8(decoded).map_err(|_| Refusal::Invalid)
}

fn hex_digit(digit: Option<u8>) -> Result<u8, Refusal> {
    match digit {
        Some(digit @ b'0'..=b'9') => Ok(digit - b'0'),
        Some(digit @ b'a'..=b'f') => Ok(digit - b'a' + 10),
        Some(digit @ b'A'..=b'F') => Ok(digit - b'A' + 10),
        _ => Err(Refusal::Invalid),
    }
}
