//! Bit masks over text: one bit per byte that a reader has to stop at.

use smallvec::SmallVec;

/// Number of bytes that one mask covers.
pub(super) const BLOCK: usize = 64;

/// Masks of all blocks of a text. They stay on the stack up to nearly twice the default length
/// limit of a verifier.
pub(super) type Masks = SmallVec<[u64; 256]>;

/// Positions of the characters of a raw string that the grammar gives a meaning to.
#[derive(Debug, PartialEq)]
pub(super) struct Marks {
    /// Each `%` and `+`, which encode another byte.
    pub(super) escapes: Masks,
    /// Each `&`, which ends a pair.
    pub(super) separators: Masks,
    /// The string contains a control character, a space or a `#`, which are forbidden everywhere.
    pub(super) has_forbidden: bool,
}

impl Marks {
    pub(super) fn new() -> Self {
        Self {
            escapes: Masks::new(),
            separators: Masks::new(),
            has_forbidden: false,
        }
    }
}

/// Computes the mask of a block; the lowest bit belongs to the first byte. Written as loops over
/// bytes, which compilers turn into vector code.
#[inline]
pub(super) fn mask(block: &[u8; BLOCK], is_marked: impl Fn(u8) -> bool) -> u64 {
    let mut marks = [0; BLOCK];
    for (index, (mark, &byte)) in marks.iter_mut().zip(block).enumerate() {
        *mark = if is_marked(byte) { 1 << (index % 8) } else { 0 };
    }
    // The eight bytes have no bit in common, so their sum in the highest byte is their union.
    let gather =
        |eight: &[u8; 8]| u64::from_le_bytes(*eight).wrapping_mul(0x0101_0101_0101_0101) >> 56;
    let (words, _) = marks.as_chunks::<8>();
    words.iter().enumerate().fold(0, |bits, (index, eight)| {
        bits | gather(eight) << (8 * index)
    })
}

/// Returns the mask of the 64 bytes that start at `at`, which may lie across two blocks.
#[inline]
pub(super) fn mask_at(masks: &[u64], at: usize) -> u64 {
    let word = |index: usize| masks.get(index).copied().unwrap_or(0);
    let (index, shift) = (at / BLOCK, at % BLOCK);
    word(index) >> shift | (word(index + 1) << 1) << (BLOCK - 1 - shift)
}
