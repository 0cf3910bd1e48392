//! One bit for each byte of a block that a reader has to stop at.

/// How many bytes are looked at together.
pub(super) const BLOCK: usize = 64;

/// A bit for each byte that is marked, the lowest for the first. Written as loops over bytes, which compilers turn into
/// vector code.
#[inline]
pub(super) fn bits(block: &[u8; BLOCK], is_marked: impl Fn(u8) -> bool) -> u64 {
    let mut marks = [0; BLOCK];
    for (index, (mark, &byte)) in marks.iter_mut().zip(block).enumerate() {
        *mark = if is_marked(byte) { 1 << (index % 8) } else { 0 };
    }
    // The sum of eight bytes, none of whose bits meet, arrives in the highest.
    let gather = |eight: &[u8; 8]| u64::from_le_bytes(*eight).wrapping_mul(0x0101_0101_0101_0101) >> 56;
    let (words, _) = marks.as_chunks::<8>();
    words.iter().enumerate().fold(0, |bits, (index, eight)| bits | gather(eight) << (8 * index))
}
