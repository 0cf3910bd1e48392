//! Finds in one pass over a raw string what the grammar gives a meaning to, in blocks of 64 bytes.

use super::bits::{BLOCK, bits};

/// What stands in one block: one bit a byte, the lowest for the first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks {
    /// Each `%` and `+`, which stand for another byte.
    pub(super) escapes: u64,
    /// Each `&`, where a pair ends.
    pub(super) ends: u64,
    /// Whether a control character, a space or a `#` is among them: they stand nowhere.
    pub(super) is_forbidden: bool,
}

/// Hands the marks of each block to `visit`, in order.
#[inline]
pub(super) fn scan<E>(raw: &[u8], mut visit: impl FnMut(Marks) -> Result<(), E>) -> Result<(), E> {
    let (blocks, rest) = raw.as_chunks::<BLOCK>();
    for block in blocks {
        visit(mark(block))?;
    }
    if rest.is_empty() {
        return Ok(());
    }
    let mut last = [b'0'; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    visit(mark(&last))
}

#[inline]
fn mark(block: &[u8; BLOCK]) -> Marks {
    let is_forbidden = |byte| matches!(byte, 0..=b' ' | 0x7F | b'#');
    Marks {
        escapes: bits(block, |byte| matches!(byte, b'%' | b'+')),
        ends: bits(block, |byte| byte == b'&'),
        // No `any`: a loop that may stop early is no vector code.
        is_forbidden: block.iter().fold(false, |any, &byte| any | is_forbidden(byte)),
    }
}
