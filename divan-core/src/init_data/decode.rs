//! Percent-decoding that copies the runs between escapes, whose positions are known.

use std::ops::Range;

use super::bits::{BLOCK, mask_at};
use super::error::Malformed;

/// Input bytes read per step: a block, an escape that starts at its end, and the excess of the last
/// copy.
const INPUT_LEN: usize = BLOCK + 32;
/// Output bytes written per step: a block, and the excess of the last copy.
const OUTPUT_LEN: usize = BLOCK + COPY_LEN;
/// Bytes copied in one step.
const COPY_LEN: usize = 16;

/// Decodes a range of `raw` into the front of `out`, `+` to a space and `%XX` to a byte, and
/// returns the decoded length. `out` must be at least as long as the range; `escapes` has a bit for
/// each `%` and `+` in `raw`.
///
/// The output contains no byte below 0x20. The caller checks that it is UTF-8.
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
        let (Some(input), Some(output)) = (raw[from..].first_chunk(), out[to..].first_chunk_mut())
        else {
            return Ok(to + decode_bytes(&raw[from..range.end], &mut out[to..])?);
        };
        let length = BLOCK.min(range.end - from);
        let bits = mask_at(escapes, from) & (u64::MAX >> (BLOCK - length));
        let (read, written) = decode_block(input, length, bits, output)?;
        from += read;
        to += written;
    }
    Ok(to)
}

/// Decodes the first `length` bytes of `input` and returns the numbers of bytes read (an escape may
/// reach beyond `length`) and written.
///
/// Every index is masked, which changes no value and removes the bounds checks.
fn decode_block(
    input: &[u8; INPUT_LEN],
    length: usize,
    mut bits: u64,
    output: &mut [u8; OUTPUT_LEN],
) -> Result<(usize, usize), Malformed> {
    let (mut from, mut to) = (0, 0);
    while bits != 0 {
        let at = bits.trailing_zeros() as usize % BLOCK;
        bits &= bits - 1;
        copy(input, from..at, output, to);
        // An escape contains only hex digits, so `from` never passes `at`.
        to += at - from;
        let (byte, length) = unescape([input[at], input[at + 1], input[at + 2]])?;
        output[to % BLOCK] = byte;
        to += 1;
        from = at + length;
    }
    if from < length {
        copy(input, from..length, output, to);
        to += length - from;
        from = length;
    }
    Ok((from, to))
}

/// Copies a run in steps of `COPY_LEN`; the next write overwrites the excess.
fn copy(input: &[u8; INPUT_LEN], run: Range<usize>, output: &mut [u8; OUTPUT_LEN], to: usize) {
    let mut done = 0;
    while done < run.len() {
        let (from, to) = ((run.start + done) % BLOCK, (to + done) % BLOCK);
        output[to..to + COPY_LEN].copy_from_slice(&input[from..from + COPY_LEN]);
        done += COPY_LEN;
    }
}

/// Decodes byte by byte, for the ends of input and output.
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

/// Decodes a `+` or `%XX` and returns the byte and the length of the escape.
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
    // A line feed in a value would make one field look like two under the same signature.
    if byte < 0x20 {
        return Err(Malformed::Character);
    }
    Ok((byte, 3))
}

/// Value of a hex digit of either case; 255 for all other bytes.
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
