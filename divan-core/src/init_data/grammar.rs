//! Splits init data into its pairs, or refuses it.

use std::ops::Range;

use super::error::{InitDataError, Malformed};

/// One `key=value`, as places in the raw string. The value is still percent-encoded.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) key: Range<usize>,
    pub(super) value: Range<usize>,
}

/// The pairs of a raw string: what the signature covers, sorted by key, and the signature.
#[derive(Debug)]
pub(super) struct Pairs {
    pub(super) signed: Vec<Pair>,
    pub(super) hash: Option<Range<usize>>,
}

/// Splits `raw` at `&` and `=`, checks every key, and sorts the pairs by key.
pub(super) fn split(raw: &str, max_pairs: usize) -> Result<Pairs, InitDataError> {
    // Pairs are counted first, so that a string of separators costs no memory.
    if raw.bytes().filter(|&b| b == b'&').count() >= max_pairs {
        return Err(InitDataError::TooLarge);
    }
    let mut signed = Vec::with_capacity(16);
    let mut hash = None;
    let mut start = 0;
    for text in raw.split('&') {
        let pair = split_pair(text, start)?;
        start += text.len() + 1;
        if &raw[pair.key.clone()] != "hash" {
            signed.push(pair);
        } else if hash.replace(pair.value).is_some() {
            return Err(Malformed::DuplicateKey.into());
        }
    }
    signed.sort_unstable_by(|a, b| raw[a.key.clone()].cmp(&raw[b.key.clone()]));
    if signed.windows(2).any(|two| raw[two[0].key.clone()] == raw[two[1].key.clone()]) {
        return Err(Malformed::DuplicateKey.into());
    }
    Ok(Pairs { signed, hash })
}

fn split_pair(text: &str, start: usize) -> Result<Pair, Malformed> {
    let (key, value) = text.split_once('=').ok_or(Malformed::Pair)?;
    let is_key = (1..=64).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !is_key {
        return Err(Malformed::Key);
    }
    let value_start = start + key.len() + 1;
    Ok(Pair { key: start..start + key.len(), value: value_start..value_start + value.len() })
}

/// Appends the decoded `value` to `out`: `+` is a space, `%XX` a byte. Whether the bytes are UTF-8 is for the caller
/// to check.
pub(super) fn decode_into(value: &str, out: &mut Vec<u8>) -> Result<(), Malformed> {
    let mut bytes = value.bytes();
    while let Some(byte) = bytes.next() {
        let decoded = match byte {
            b'+' => b' ',
            b'%' => hex_byte(bytes.next(), bytes.next()).ok_or(Malformed::Escape)?,
            b' ' | b'#' => return Err(Malformed::Character),
            other => other,
        };
        // A line feed would let one field pass for two under the same signature.
        if decoded < 0x20 || decoded == 0x7F {
            return Err(Malformed::Character);
        }
        out.push(decoded);
    }
    Ok(())
}

/// Reads `hash`: 64 lower-case hex digits, nothing else.
pub(super) fn decode_hash(value: &str) -> Result<[u8; 32], Malformed> {
    let mut hash = [0; 32];
    if value.len() != 64 || value.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(Malformed::Hash);
    }
    for (byte, digits) in hash.iter_mut().zip(value.as_bytes().chunks_exact(2)) {
        *byte = hex_byte(Some(digits[0]), Some(digits[1])).ok_or(Malformed::Hash)?;
    }
    Ok(hash)
}

/// Reads `auth_date`: Unix seconds, at most twelve digits, no zero in front.
pub(super) fn parse_auth_date(value: &str) -> Result<u64, Malformed> {
    let plain = (1..=12).contains(&value.len())
        && value.bytes().all(|b| b.is_ascii_digit())
        && !value.starts_with('0');
    if plain { value.parse().map_err(|_| Malformed::AuthDate) } else { Err(Malformed::AuthDate) }
}

fn hex_byte(high: Option<u8>, low: Option<u8>) -> Option<u8> {
    Some(hex_digit(high?)? << 4 | hex_digit(low?)?)
}

fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
