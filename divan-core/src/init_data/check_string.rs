//! The data-check string: the decoded pairs that a signature covers, sorted by key, one a line.

use super::error::Malformed;
use super::grammar::Pairs;

/// Writes the decoded `key=value` lines into the front of `out`, joined by line feeds, and gives
/// the length of it all. `out` has to be at least as long as the raw string.
///
/// # Errors
/// When a value cannot be decoded, or holds what must not stand in a line.
pub(super) fn write(pairs: &Pairs<'_>, out: &mut [u8]) -> Result<usize, Malformed> {
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
