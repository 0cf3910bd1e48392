//! The data-check string: the decoded pairs that a signature covers, sorted by key, one per line.

use super::error::Malformed;
use super::grammar::SortedPairs;

/// Writes the decoded `key=value` lines into the front of `out`, joined by line feeds, and returns
/// their total length. `out` must be at least as long as the raw string.
///
/// # Errors
/// When a value cannot be decoded or contains a forbidden character.
pub(super) fn write(pairs: &SortedPairs<'_>, out: &mut [u8]) -> Result<usize, Malformed> {
    let mut length = 0;
    for index in 0..pairs.len() {
        if index > 0 {
            out[length] = b'\n';
            length += 1;
        }
        length += pairs.decode(index, &mut out[length..])?;
    }
    Ok(length)
}
