//! Percent-decoding: copies what lies between the escapes, whose places are known.

use std::ops::Range;

use super::bits::BLOCK;
use super::error::Malformed;

/// Decodes a range of `raw` into the front of `out`, `+` to a space and `%XX` to a byte, and gives the length of what
/// it wrote. `out` has to be at least as long as the range; `escapes` has a bit for each `%` and `+` in `raw`.
///
/// What it writes holds no control characters; whether it is UTF-8 is for the caller to check.
pub(super) fn decode(
    raw: &[u8],
    range: Range<usize>,
    escapes: &[u64],
    out: &mut [u8],
) -> Result<usize, Malformed> {
    let (mut from, mut to) = (range.start, 0);
    while from < range.end {
        let block = from / BLOCK;
        let end = range.end.min((block + 1) * BLOCK);
        // What is before the range, or was inside the last escape, is shifted out.
        let mut bits = escapes[block] >> (from % BLOCK);
        let base = from;
        while bits != 0 {
            let at = base + bits.trailing_zeros() as usize;
            if at >= end {
                break;
            }
            bits &= bits - 1;
            to += copy(raw, from..at, out, to);
            let (byte, length) = escaped_byte(raw, at)?;
            out[to] = byte;
            to += 1;
            from = at + length;
        }
        if from < end {
            to += copy(raw, from..end, out, to);
            from = end;
        }
    }
    Ok(to)
}

/// Copies a run of bytes, and gives its length. Writes sixteen at once where there is room for them: what is too much
/// is overwritten next.
#[inline]
fn copy(raw: &[u8], run: Range<usize>, out: &mut [u8], to: usize) -> usize {
    let length = run.len();
    if let (Some(source), Some(place)) =
        (raw[run.start..].first_chunk::<16>(), out[to..].first_chunk_mut::<16>())
    {
        *place = *source;
        if length <= 16 {
            return length;
        }
    }
    out[to..to + length].copy_from_slice(&raw[run]);
    length
}

/// What the `%XX` or the `+` at this place stands for, and how long it is.
#[inline]
fn escaped_byte(raw: &[u8], at: usize) -> Result<(u8, usize), Malformed> {
    if raw[at] == b'+' {
        return Ok((b' ', 1));
    }
    // Inside the range: neither `&` nor the end of the string is a hex digit.
    let digits: &[u8; 3] = raw[at..].first_chunk().ok_or(Malformed::Escape)?;
    let (high, low) = (HEX[usize::from(digits[1])], HEX[usize::from(digits[2])]);
    if (high | low) > 15 {
        return Err(Malformed::Escape);
    }
    let byte = high << 4 | low;
    // A line feed in a value would let one field pass for two under the same signature.
    if byte < 0x20 || byte == 0x7F {
        return Err(Malformed::Character);
    }
    Ok((byte, 3))
}

/// The value of a hex digit of either case; 255 for what is none.
const HEX: [u8; 256] = {
    let mut table = [255; 256];
    let mut digit: u8 = 0;
    while digit < 16 {
        table[b"0123456789abcdef"[digit as usize] as usize] = digit;
        table[b"0123456789ABCDEF"[digit as usize] as usize] = digit;
        digit += 1;
    }
    table
};
