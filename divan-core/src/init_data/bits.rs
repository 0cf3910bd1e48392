//! One bit for each byte of a text that a reader has to stop at.

use smallvec::SmallVec;

/// How many bytes are looked at together.
pub(super) const BLOCK: usize = 64;

/// The bits of all blocks of a text. On the stack, for nearly twice what a verifier takes by
/// default.
pub(super) type Bits = SmallVec<[u64; 256]>;

/// A bit for each byte that is marked, the lowest for the first. Written as loops over bytes, which
/// compilers turn into vector code.
#[inline]
pub(super) fn bits(block: &[u8; BLOCK], is_marked: impl Fn(u8) -> bool) -> u64 {
    let mut marks = [0; BLOCK];
    for (index, (mark, &byte)) in marks.iter_mut().zip(block).enumerate() {
        *mark = if is_marked(byte) { 1 << (index % 8) } else { 0 };
    }
    // The sum of eight bytes, none of whose bits meet, arrives in the highest.
    let gather =
        |eight: &[u8; 8]| u64::from_le_bytes(*eight).wrapping_mul(0x0101_0101_0101_0101) >> 56;
    let (words, _) = marks.as_chunks::<8>();
    words.iter().enumerate().fold(0, |bits, (index, eight)| {
        bits | gather(eight) << (8 * index)
    })
}

/// The bits of the 64 bytes from this place on.
#[inline]
pub(super) fn bits_at(blocks: &[u64], at: usize) -> u64 {
    let word = |index: usize| blocks.get(index).copied().unwrap_or(0);
    let (index, shift) = (at / BLOCK, at % BLOCK);
    word(index) >> shift | (word(index + 1) << 1) << (BLOCK - 1 - shift)
}
