//! A toy in the place of a model: texts are alike that share pieces of words.
//!
//! It knows no meanings. It is here because it needs nothing else and always says the same; a real
//! application asks a model and changes nothing but this file.

/// How many numbers a vector has.
pub(crate) const DIMENSIONS: usize = 256;

/// Counts the pieces of three letters in a text, each in the place that its hash names.
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

/// FNV-1a: the same on every machine, which the hash of the standard library does not promise.
pub(crate) fn hash(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}
