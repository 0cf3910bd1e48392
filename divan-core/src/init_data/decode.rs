//! Percent-decoding: copies what lies between the escapes, whose places are known.

use std::ops::Range;

use super::bits::{BLOCK, bits_at};
use super::error::Malformed;

/// What of the input is looked at together: a block, the escape at its end, and what is copied too
/// much.
const SOURCE: usize = BLOCK + 32;
/// What of the output is written to together: a block, and what is copied too much.
const PLACE: usize = BLOCK + RUN;
/// How many bytes are copied at once.
const RUN: usize = 16;

/// Decodes a range of `raw` into the front of `out`, `+` to a space and `%XX` to a byte, and gives
/// the length of what it wrote. `out` has to be at least as long as the range; `escapes` has a bit
/// for each `%` and `+` in `raw`.
///
/// What it writes holds no control characters; whether it is UTF-8 is for the caller to check.
pub(super) fn decode(
    raw: &[u8],
    range: Range<usize>,
    escapes: &[u64],
    out: &mut [u8],
) -> Result<usize, Malformed> {
    #[cfg(feature = "simd")]
    if let Some(length) = super::simd::decode(raw, range.clone(), out) {
        return Ok(length);
    }
    decode_portably(raw, range, escapes, out)
}

pub(super) fn decode_portably(
    raw: &[u8],
    range: Range<usize>,
    escapes: &[u64],
    out: &mut [u8],
) -> Result<usize, Malformed> {
    let (mut from, mut to) = (range.start, 0);
    while from < range.end {
        let (Some(source), Some(place)) = (raw[from..].first_chunk(), out[to..].first_chunk_mut())
        else {
            return Ok(to + decode_bytes(&raw[from..range.end], &mut out[to..])?);
        };
        let length = BLOCK.min(range.end - from);
        let bits = bits_at(escapes, from) & (u64::MAX >> (BLOCK - length));
        let (read, written) = decode_block(source, length, bits, place)?;
        from += read;
        to += written;
    }
    Ok(to)
}

/// Decodes the first `length` bytes of `source`, and gives how many it has read (an escape may
/// reach beyond) and written.
///
/// Every index is masked, which changes none and saves the check of each.
fn decode_block(
    source: &[u8; SOURCE],
    length: usize,
    mut bits: u64,
    place: &mut [u8; PLACE],
) -> Result<(usize, usize), Malformed> {
    let (mut from, mut to) = (0, 0);
    while bits != 0 {
        let at = bits.trailing_zeros() as usize % BLOCK;
        bits &= bits - 1;
        copy(source, from..at, place, to);
        // What stands inside an escape is a hex digit, so `from` is never beyond `at`.
        to += at - from;
        let (byte, length) = unescape([source[at], source[at + 1], source[at + 2]])?;
        place[to % BLOCK] = byte;
        to += 1;
        from = at + length;
    }
    if from < length {
        copy(source, from..length, place, to);
        to += length - from;
        from = length;
    }
    Ok((from, to))
}

/// Copies a run in whole words; what is too much is overwritten next.
fn copy(source: &[u8; SOURCE], run: Range<usize>, place: &mut [u8; PLACE], to: usize) {
    let mut done = 0;
    while done < run.len() {
        let (from, to) = ((run.start + done) % BLOCK, (to + done) % BLOCK);
        place[to..to + RUN].copy_from_slice(&source[from..from + RUN]);
        done += RUN;
    }
}

/// The same, byte by byte, for the ends of input and output.
fn decode_bytes(mut text: &[u8], out: &mut [u8]) -> Result<usize, Malformed> {
    let mut length = 0;
    while let Some((&byte, rest)) = text.split_first() {
        let (byte, used) = match (byte, rest) {
            (b'+' | b'%', [first, second, ..]) => unescape([byte, *first, *second])?,
            (b'+', _) => (b' ', 1),
            (b'%', _) => return Err(Malformed::Escape),
            _ => (byte, 1),
        };
        out[length] = byte;
        length += 1;
        text = &text[used..];
    }
    Ok(length)
}

/// What a `+` or `%XX` stands for, and how long it is.
#[inline]
fn unescape([byte, first, second]: [u8; 3]) -> Result<(u8, usize), Malformed> {
    if byte == b'+' {
        return Ok((b' ', 1));
    }
    let (high, low) = (HEX[usize::from(first)], HEX[usize::from(second)]);
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
