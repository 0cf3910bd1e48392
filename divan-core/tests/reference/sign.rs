//! Puts right signatures on anything, so that what is wrong with it has to be found by other means.

use super::{check_string, grammar, keys};

/// The raw string with the `hash` that belongs to its other fields.
pub(crate) fn with_hash(raw: &str, key: &[u8; 32]) -> String {
    let hash = keys::hex(&keys::hmac(key, &covered(raw, &["hash"])));
    replace(raw, "hash", &hash)
}

/// The raw string with the `signature` that belongs to its other fields but `hash`.
pub(crate) fn with_signature(raw: &str, bot_id: i64, secret_key: &[u8; 32]) -> String {
    let mut message = format!("{bot_id}:WebAppData\n").into_bytes();
    message.extend(covered(raw, &["hash", "signature"]));
    replace(raw, "signature", &keys::sign(secret_key, &message))
}

/// The check string, by the strict reading or else by the naive one, which makes the most of
/// anything.
fn covered(raw: &str, left_out: &[&str]) -> Vec<u8> {
    let pairs = grammar::split(raw).map(|mut pairs| {
        pairs.retain(|key, _| !left_out.contains(&key.as_str()));
        pairs
    });
    match pairs.and_then(|pairs| grammar::decode_all(&pairs)) {
        Ok(fields) => check_string(&fields).into_bytes(),
        Err(_) => naive(raw, left_out),
    }
}

fn naive(raw: &str, left_out: &[&str]) -> Vec<u8> {
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = raw
        .split('&')
        .map(|piece| piece.split_once('=').unwrap_or((piece, "")))
        .map(|(key, value)| (decode_leniently(key), decode_leniently(value)))
        .filter(|(key, _)| !left_out.iter().any(|name| name.as_bytes() == key))
        .collect();
    pairs.sort();
    let lines: Vec<Vec<u8>> = pairs
        .into_iter()
        .map(|(key, value)| [key, value].join(&b'='))
        .collect();
    lines.join(&b'\n')
}

/// Takes an escape that is none for what it looks like.
fn decode_leniently(text: &str) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escape = text_of(after, 2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        rest = after;
        match (first, escape) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                rest = &after[2..];
            }
            (b'+', _) => decoded.push(b' '),
            (plain, _) => decoded.push(*plain),
        }
    }
    decoded
}

fn text_of(bytes: &[u8], length: usize) -> Option<&str> {
    std::str::from_utf8(bytes.get(..length)?).ok()
}

/// Gives the first pair of this key another value, or adds one.
fn replace(raw: &str, key: &str, value: &str) -> String {
    let mut pieces: Vec<&str> = raw.split('&').collect();
    let is_it = |piece: &&str| piece.split('=').next() == Some(key);
    let pair = format!("{key}={value}");
    match pieces.iter().position(is_it) {
        Some(place) => pieces[place] = &pair,
        None => pieces.push(&pair),
    }
    pieces.join("&")
}
