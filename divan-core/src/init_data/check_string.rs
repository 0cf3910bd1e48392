//! The data-check string: the decoded pairs that a signature covers, sorted by key, one a line.

use super::error::Malformed;
use super::grammar::{self, Pair};

/// Writes `key=value` lines, joined by line feeds.
///
/// # Errors
/// When a value cannot be decoded, or holds what must not stand in a line.
pub(super) fn check_string(raw: &str, pairs: &[Pair]) -> Result<Vec<u8>, Malformed> {
    let mut text = Vec::with_capacity(raw.len());
    for (index, pair) in pairs.iter().enumerate() {
        if index > 0 {
            text.push(b'\n');
        }
        text.extend_from_slice(raw[pair.key.clone()].as_bytes());
        text.push(b'=');
        grammar::decode_into(&raw[pair.value.clone()], &mut text)?;
    }
    // Keys and separators are ASCII, so the whole is UTF-8 exactly when every value is.
    if std::str::from_utf8(&text).is_err() {
        return Err(Malformed::Utf8);
    }
    Ok(text)
}
