//! The same as the portable code, with the vector instructions of AVX-512 (Ice Lake, Zen 4 and
//! later), 64 bytes at a time. Elsewhere every function here says that it has done nothing.
//!
//! `fearless_simd` proves at run time that the instructions are there, which is what makes them
//! safe to call.

use std::ops::Range;

#[cfg(target_arch = "x86_64")]
use fearless_simd::Level;

use super::scan::Marks;

/// Fills in the marks of all of `raw`; `false` where it cannot.
pub(super) fn scan(raw: &[u8], marks: &mut Marks) -> bool {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx512) = Level::new().as_avx512() {
        x86::scan(avx512, raw, marks);
        return true;
    }
    false
}

/// Decodes a range of `raw` into the front of `out`, and gives the length of what it wrote. `None`
/// where it cannot, or the range is malformed: the portable code says how.
pub(super) fn decode(raw: &[u8], range: Range<usize>, out: &mut [u8]) -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx512) = Level::new().as_avx512() {
        return x86::decode(avx512, raw, range, out);
    }
    None
}

/// A bit for each of the first 64 bytes that is one of two; `None` where it cannot.
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
                marks.ends.push(is(b'&'));
                marks.is_forbidden |=
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
            // The digits of an escape that began in the block before.
            let mut begun = 0;
            for from in range.clone().step_by(BLOCK) {
                let copy;
                let source = if let Some(source) = raw[from..].first_chunk::<{ BLOCK + 2 }>() {
                    source
                } else {
                    copy = padded(&raw[from..]);
                    &copy
                };
                let place = out.get_mut(to..)?.first_chunk_mut::<BLOCK>()?;
                let inside = u64::MAX >> BLOCK.saturating_sub(range.end - from);

                let (text, first, second) = (
                    load(&source[..BLOCK]),
                    load(&source[1..=BLOCK]),
                    load(&source[2..]),
                );
                let plus = _mm512_cmpeq_epi8_mask(text, all(b'+'));
                let percent = _mm512_cmpeq_epi8_mask(text, all(b'%')) & inside;
                // The lookup takes seven bits of each byte: the eighth makes it no digit.
                let (first_value, second_value) = (
                    _mm512_permutex2var_epi8(low, first, high),
                    _mm512_permutex2var_epi8(low, second, high),
                );
                let no_digit = _mm512_movepi8_mask(_mm512_or_si512(
                    _mm512_or_si512(first, second),
                    _mm512_or_si512(first_value, second_value),
                ));
                // There is no shift of bytes: what comes from the neighbour is masked.
                let shifted = _mm512_and_si512(_mm512_slli_epi16::<4>(first_value), all(0xF0));
                let value = _mm512_or_si512(shifted, second_value);
                let control = _mm512_cmplt_epu8_mask(value, all(b' '))
                    | _mm512_cmpeq_epi8_mask(value, all(0x7F));
                if percent & (no_digit | control) != 0 {
                    return None;
                }

                let decoded = _mm512_mask_blend_epi8(plus, text, all(b' '));
                let decoded = _mm512_mask_blend_epi8(percent, decoded, value);
                let digits = percent << 1 | percent << 2 | begun;
                begun = percent >> 63 | percent >> 62;
                let kept = inside & !digits;
                let packed: u8x64<_> = _mm512_maskz_compress_epi8(kept, decoded).simd_into(avx512);
                packed.store_slice(place);
                to += kept.count_ones() as usize;
            }
            Some(to)
        }
    );

    /// A text shorter than a block, filled up with what means nothing.
    fn padded<const LENGTH: usize>(text: &[u8]) -> [u8; LENGTH] {
        let mut block = [b'g'; LENGTH];
        block[..text.len()].copy_from_slice(text);
        block
    }

    /// The value of a hex digit of either case; what is none has its highest bit set.
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::init_data::bits::{BLOCK, bits};
    use crate::init_data::decode::decode_portably;

    /// Text in which everything that has a meaning is frequent, also where blocks meet.
    fn raw() -> impl Strategy<Value = Vec<u8>> {
        let part = prop_oneof![
            6 => "[a-zA-Z0-9_=.~-]{0,40}",
            6 => "(%[2-7C-F][0-9A-Fa-f]){1,20}",
            1 => "%[0-9A-Fa-fg&+%]{0,2}",
            1 => "[ -~\\x00-\\x1F\\x7F]{0,3}",
            1 => "[+&#\"\\\\é€😀]{0,3}",
        ];
        prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat().into_bytes())
    }

    /// Whether there is anything to compare; said aloud, because the tests hold nothing elsewhere.
    fn is_there() -> bool {
        let is_there = scan(b"", &mut Marks::new());
        if !is_there {
            eprintln!("no AVX-512 here: the vector code is not tested");
        }
        is_there
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn marks_are_those_of_the_portable_code(raw in raw()) {
            if is_there() {
                let (mut vector, mut portable) = (Marks::new(), Marks::new());
                scan(&raw, &mut vector);
                portable.scan_portably(&raw);
                prop_assert_eq!(vector, portable);
            }
        }

        #[test]
        fn decoding_is_that_of_the_portable_code(pair in raw(), rest in raw(), start in 0..80_usize, room in 0..80_usize) {
            if is_there() {
                let range = start.min(pair.len())..pair.len();
                // A pair ends at an `&` or at the end of it all.
                let raw = if rest.is_empty() { pair } else { [pair, rest].join(&b'&') };
                let mut marks = Marks::new();
                marks.scan_portably(&raw);
                let (mut vector, mut portable) = (vec![0; range.len() + room], vec![0; range.len() + room]);
                let expected = decode_portably(&raw, range.clone(), &marks.escapes, &mut portable).ok();
                // Where there is no room for whole blocks, it leaves the work to the portable code.
                if let Some(length) = decode(&raw, range.clone(), &mut vector) {
                    prop_assert_eq!(Some(length), expected);
                    prop_assert_eq!(&vector[..length], &portable[..length]);
                } else {
                    prop_assert!(expected.is_none() || room < BLOCK);
                }
            }
        }

        #[test]
        fn what_is_found_is_what_the_portable_code_finds(raw in raw()) {
            if is_there() {
                let mut block = [0; BLOCK];
                let length = raw.len().min(BLOCK);
                block[..length].copy_from_slice(&raw[..length]);
                let expected = bits(&block, |byte| matches!(byte, b'"' | b'\\'));
                prop_assert_eq!(find(&raw, [b'"', b'\\']), Some(expected));
            }
        }
    }
}
