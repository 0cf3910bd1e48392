//! Finds in one pass over a raw string what the grammar gives a meaning to.

use super::bits::{BLOCK, Bits, bits};

/// What stands where in a raw string: one bit a byte.
#[derive(Debug, PartialEq)]
pub(super) struct Marks {
    /// Each `%` and `+`, which stand for another byte.
    pub(super) escapes: Bits,
    /// Each `&`, where a pair ends.
    pub(super) ends: Bits,
    /// Whether a control character, a space or a `#` is among them: they stand nowhere.
    pub(super) is_forbidden: bool,
}

impl Marks {
    pub(super) fn new() -> Self {
        Self {
            escapes: Bits::new(),
            ends: Bits::new(),
            is_forbidden: false,
        }
    }

    /// Looks at all of `raw`.
    pub(super) fn scan(&mut self, raw: &[u8]) {
        #[cfg(feature = "simd")]
        if super::simd::scan(raw, self) {
            return;
        }
        self.scan_portably(raw);
    }

    pub(super) fn scan_portably(&mut self, raw: &[u8]) {
        let (blocks, rest) = raw.as_chunks::<BLOCK>();
        for block in blocks {
            self.block(block);
        }
        let mut last = [b'0'; BLOCK];
        last[..rest.len()].copy_from_slice(rest);
        self.block(&last);
    }

    #[inline]
    fn block(&mut self, block: &[u8; BLOCK]) {
        let is_forbidden = |byte| matches!(byte, 0..=b' ' | 0x7F | b'#');
        self.escapes
            .push(bits(block, |byte| matches!(byte, b'%' | b'+')));
        self.ends.push(bits(block, |byte| byte == b'&'));
        // No `any`: a loop that may stop early is no vector code.
        self.is_forbidden |= block
            .iter()
            .fold(false, |any, &byte| any | is_forbidden(byte));
    }
}
