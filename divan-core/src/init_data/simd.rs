//! Vector versions of the portable code, for AVX-512 (Ice Lake, Zen 4 and later), 64 bytes at a
//! time. On other processors every function returns without having done anything.
//!
//! `fearless_simd` proves at run time that the instructions exist, which makes the calls safe.

use std::ops::Range;

#[cfg(target_arch = "x86_64")]
use fearless_simd::Level;

use super::bits::Marks;

/// Marks all of `raw`. Returns `false` on processors without AVX-512.
pub(super) fn scan(raw: &[u8], marks: &mut Marks) -> bool {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx512) = Level::new().as_avx512() {
        x86::scan(avx512, raw, marks);
        return true;
    }
    false
}

/// Decodes a range of `raw` into the front of `out` and returns the decoded length. Returns `None`
/// without AVX-512, for an `out` without space for whole blocks, and for a malformed range, whose
/// error the portable code determines.
pub(super) fn decode(raw: &[u8], range: Range<usize>, out: &mut [u8]) -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx512) = Level::new().as_avx512() {
        return x86::decode(avx512, raw, range, out);
    }
    None
}

/// Computes the mask of the first 64 bytes that equal one of `wanted`. Returns `None` without
/// AVX-512.
pub(super) fn find(text: &[u8], wanted: [u8; 2]) -> Option<u64> {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx512) = Level::new().as_avx512() {
        return Some(x86::find(avx512, text, wanted));
    }
    None
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m512i, _mm512_and_si512, _mm512_cmpeq_epi8_mask, _mm512_cmple_epu8_mask,
        _mm512_cmplt_epu8_mask, _mm512_mask_blend_epi8, _mm512_maskz_compress_epi8,
        _mm512_movepi8_mask, _mm512_or_si512, _mm512_permutex2var_epi8, _mm512_set1_epi8,
        _mm512_slli_epi16,
    };
    use std::ops::Range;

    use fearless_simd::prelude::*;
    use fearless_simd::{kernel, u8x64};

    use super::Marks;

    const BLOCK: usize = 64;

    kernel!(
        pub(super) fn scan(avx512: Avx512, raw: &[u8], marks: &mut Marks) {
            let all = |byte: u8| _mm512_set1_epi8(byte.cast_signed());
            for start in (0..=raw.len()).step_by(BLOCK) {
                let text: __m512i = match raw[start..].first_chunk::<BLOCK>() {
                    Some(block) => u8x64::from_slice(avx512, block).into(),
                    None => u8x64::from_slice(avx512, &padded::<BLOCK>(&raw[start..])).into(),
                };
                let is = |byte: u8| _mm512_cmpeq_epi8_mask(text, all(byte));
                marks.escapes.push(is(b'%') | is(b'+'));
                marks.separators.push(is(b'&'));
                marks.has_forbidden |=
                    _mm512_cmple_epu8_mask(text, all(b' ')) | is(0x7F) | is(b'#') != 0;
            }
        }
    );

    kernel!(
        pub(super) fn find(avx512: Avx512, text: &[u8], wanted: [u8; 2]) -> u64 {
            let text: __m512i = match text.first_chunk::<BLOCK>() {
                Some(block) => u8x64::from_slice(avx512, block).into(),
                None => u8x64::from_slice(avx512, &padded::<BLOCK>(text)).into(),
            };
            let is = |byte: u8| _mm512_cmpeq_epi8_mask(text, _mm512_set1_epi8(byte.cast_signed()));
            is(wanted[0]) | is(wanted[1])
        }
    );

    kernel!(
        pub(super) fn decode(
            avx512: Avx512,
            raw: &[u8],
            range: Range<usize>,
            out: &mut [u8],
        ) -> Option<usize> {
            let all = |byte: u8| _mm512_set1_epi8(byte.cast_signed());
            let load = |text: &[u8]| -> __m512i { u8x64::from_slice(avx512, text).into() };
            let (low, high) = (load(&HEX[..BLOCK]), load(&HEX[BLOCK..]));
            let mut to = 0;
            // Hex digits of an escape that began in the previous block.
            let mut carried = 0;
            for from in range.clone().step_by(BLOCK) {
                let copy;
                let source = if let Some(source) = raw[from..].first_chunk::<{ BLOCK + 2 }>() {
                    source
                } else {
                    copy = padded(&raw[from..]);
                    &copy
                };
                let output = out.get_mut(to..)?.first_chunk_mut::<BLOCK>()?;
                let inside = u64::MAX >> BLOCK.saturating_sub(range.end - from);

                let (text, first, second) = (
                    load(&source[..BLOCK]),
                    load(&source[1..=BLOCK]),
                    load(&source[2..]),
                );
                let plus = _mm512_cmpeq_epi8_mask(text, all(b'+'));
                let percent = _mm512_cmpeq_epi8_mask(text, all(b'%')) & inside;
                // The lookup uses seven bits of each byte; a byte with the eighth bit is no digit.
                let (first_value, second_value) = (
                    _mm512_permutex2var_epi8(low, first, high),
                    _mm512_permutex2var_epi8(low, second, high),
                );
                let not_hex = _mm512_movepi8_mask(_mm512_or_si512(
                    _mm512_or_si512(first, second),
                    _mm512_or_si512(first_value, second_value),
                ));
                // AVX-512 has no 8-bit shift: the bits from the neighbouring byte are masked out.
                let shifted = _mm512_and_si512(_mm512_slli_epi16::<4>(first_value), all(0xF0));
                let value = _mm512_or_si512(shifted, second_value);
                let control = _mm512_cmplt_epu8_mask(value, all(b' '));
                if percent & (not_hex | control) != 0 {
                    return None;
                }

                let decoded = _mm512_mask_blend_epi8(plus, text, all(b' '));
                let decoded = _mm512_mask_blend_epi8(percent, decoded, value);
                let digits = percent << 1 | percent << 2 | carried;
                carried = percent >> 63 | percent >> 62;
                let kept = inside & !digits;
                let packed: u8x64<_> = _mm512_maskz_compress_epi8(kept, decoded).simd_into(avx512);
                packed.store_slice(output);
                to += kept.count_ones() as usize;
            }
            Some(to)
        }
    );

    /// Pads a text shorter than a block with a byte that has no meaning.
    fn padded<const LENGTH: usize>(text: &[u8]) -> [u8; LENGTH] {
        let mut block = [b'g'; LENGTH];
        block[..text.len()].copy_from_slice(text);
        block
    }

    /// Value of a hex digit of either case; for all other bytes the highest bit is set.
    const HEX: [u8; 128] = {
        let mut table = [0x80; 128];
        let mut digit: u8 = 0;
        while digit < 16 {
            table[b"0123456789abcdef"[digit as usize] as usize] = digit;
            table[b"0123456789ABCDEF"[digit as usize] as usize] = digit;
            digit += 1;
        }
        table
    };
}
