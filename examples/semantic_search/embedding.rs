//! A toy embedding without a model: texts are similar if they share parts of words.
//!
//! It knows no meanings, but it is deterministic and needs no service. A real application calls a
//! model and replaces only this file.

/// Dimensions of a vector.
pub(crate) const DIMENSIONS: usize = 256;

/// Counts the trigrams of a text, each at the index of its hash.
pub(crate) fn embedding(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0; DIMENSIONS];
    for word in text
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        let letters: Vec<char> = [' '].into_iter().chain(word.chars()).chain([' ']).collect();
        for piece in letters.windows(3) {
            let piece: String = piece.iter().collect();
            vector[usize::try_from(hash(&piece) % DIMENSIONS as u64).unwrap_or_default()] += 1.0;
        }
    }
    vector
}

/// FNV-1a, which is stable across machines, unlike the hash of the standard library.
pub(crate) fn hash(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}
