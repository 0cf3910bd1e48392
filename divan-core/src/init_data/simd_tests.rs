//! Comparison of the vector code with the portable code.

use proptest::prelude::*;

use super::bits::{BLOCK, Marks, mask};
use super::decode::decode_portably;
use super::scan::scan_portably;
use super::simd::{decode, find, scan};

/// Generates text in which characters with a meaning are frequent, also at block boundaries.
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

/// Returns `true` if the vector code runs here. Prints a note otherwise, because the tests check
/// nothing then.
#[expect(clippy::print_stderr, reason = "a note in the output of the tests")]
fn has_avx512() -> bool {
    let has_avx512 = scan(b"", &mut Marks::new());
    if !has_avx512 {
        eprintln!("no AVX-512 here: the vector code is not tested");
    }
    has_avx512
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn scan_matches_the_portable_code(raw in raw()) {
        if has_avx512() {
            let (mut vector, mut portable) = (Marks::new(), Marks::new());
            scan(&raw, &mut vector);
            scan_portably(&raw, &mut portable);
            prop_assert_eq!(vector, portable);
        }
    }

    #[test]
    fn decode_matches_the_portable_code(pair in raw(), rest in raw(), start in 0..80_usize, spare in 0..80_usize) {
        if has_avx512() {
            let range = start.min(pair.len())..pair.len();
            // A pair ends at an `&` or at the end of the string.
            let raw = if rest.is_empty() { pair } else { [pair, rest].join(&b'&') };
            let mut marks = Marks::new();
            scan_portably(&raw, &mut marks);
            let (mut vector, mut portable) = (vec![0; range.len() + spare], vec![0; range.len() + spare]);
            let expected = decode_portably(&raw, range.clone(), &marks.escapes, &mut portable).ok();
            // Without space for whole blocks, the portable code does the work.
            if let Some(length) = decode(&raw, range.clone(), &mut vector) {
                prop_assert_eq!(Some(length), expected);
                prop_assert_eq!(&vector[..length], &portable[..length]);
            } else {
                prop_assert!(expected.is_none() || spare < BLOCK);
            }
        }
    }

    #[test]
    fn find_matches_the_portable_code(raw in raw()) {
        if has_avx512() {
            let mut block = [0; BLOCK];
            let length = raw.len().min(BLOCK);
            block[..length].copy_from_slice(&raw[..length]);
            let expected = mask(&block, |byte| matches!(byte, b'"' | b'\\'));
            prop_assert_eq!(find(&raw, [b'"', b'\\']), Some(expected));
        }
    }
}
