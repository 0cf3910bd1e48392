//! One pass over a raw string that finds the characters with a meaning in the grammar.

use super::bits::{BLOCK, Marks, mask};

/// Marks all of `raw`.
pub(super) fn scan(raw: &[u8], marks: &mut Marks) {
    #[cfg(feature = "simd")]
    if super::simd::scan(raw, marks) {
        return;
    }
    scan_portably(raw, marks);
}

pub(super) fn scan_portably(raw: &[u8], marks: &mut Marks) {
    let (blocks, rest) = raw.as_chunks::<BLOCK>();
    for block in blocks {
        scan_block(block, marks);
    }
    let mut last = [b'0'; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    scan_block(&last, marks);
}

#[inline]
fn scan_block(block: &[u8; BLOCK], marks: &mut Marks) {
    let is_forbidden = |byte| matches!(byte, 0..=b' ' | 0x7F | b'#');
    marks
        .escapes
        .push(mask(block, |byte| matches!(byte, b'%' | b'+')));
    marks.separators.push(mask(block, |byte| byte == b'&'));
    // `fold` and not `any`: a loop that may stop early is not vectorised.
    marks.has_forbidden |= block
        .iter()
        .fold(false, |any, &byte| any | is_forbidden(byte));
}
