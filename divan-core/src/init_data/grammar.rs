//! Splitting of a signed query string into its pairs, by the strict grammar.

use smallvec::SmallVec;

use super::bits::{BLOCK, Marks};
use super::decode::decode;
use super::error::{InitDataError, Malformed};
use super::scan::scan;

/// Positions of one `key=value` in the raw string. The value is still percent-encoded.
#[derive(Clone, Copy, Debug)]
struct Pair {
    /// First eight bytes of the key as a big-endian number, which decides nearly every comparison.
    order: u64,
    start: usize,
    /// Position of the `=`.
    equals: usize,
    end: usize,
}

/// Pairs of a raw string, sorted by key, with no duplicate key.
#[derive(Debug)]
pub(super) struct SortedPairs<'a> {
    raw: &'a [u8],
    marks: Marks,
    /// On the stack up to the default limit.
    sorted: SmallVec<[Pair; 32]>,
}

impl<'a> SortedPairs<'a> {
    pub(super) fn new(raw: &'a [u8]) -> Self {
        Self {
            raw,
            marks: Marks::new(),
            sorted: SmallVec::new(),
        }
    }

    /// Splits the raw string at `&` and `=`, checks every character and key, and sorts the pairs.
    pub(super) fn split(&mut self, max_pairs: usize) -> Result<(), InitDataError> {
        scan(self.raw, &mut self.marks);
        if self.marks.has_forbidden {
            return Err(Malformed::Character.into());
        }
        let mut start = 0;
        for block in 0..self.marks.separators.len() {
            let mut ends = self.marks.separators[block];
            while ends != 0 {
                let end = block * BLOCK + ends.trailing_zeros() as usize;
                ends &= ends - 1;
                self.push(start, end, max_pairs)?;
                start = end + 1;
            }
        }
        self.push(start, self.raw.len(), max_pairs)?;
        Ok(self.sort()?)
    }

    #[inline]
    fn push(&mut self, start: usize, end: usize, max_pairs: usize) -> Result<(), InitDataError> {
        if self.sorted.len() >= max_pairs {
            return Err(InitDataError::TooLarge);
        }
        self.sorted.push(Pair::read(self.raw, start, end)?);
        Ok(())
    }

    fn sort(&mut self) -> Result<(), Malformed> {
        let raw = self.raw;
        self.sorted.sort_unstable_by(|a, b| {
            a.order
                .cmp(&b.order)
                .then_with(|| a.key(raw).cmp(b.key(raw)))
        });
        let is_duplicate =
            |two: &[Pair]| two[0].order == two[1].order && two[0].key(raw) == two[1].key(raw);
        if self.sorted.windows(2).any(is_duplicate) {
            Err(Malformed::DuplicateKey)
        } else {
            Ok(())
        }
    }

    /// Returns `true` if a pair has this key.
    pub(super) fn contains(&self, key: &str) -> bool {
        self.position(key).is_some()
    }

    /// Removes a pair, which excludes it from the check string, and returns its value as received.
    pub(super) fn remove(&mut self, key: &str) -> Option<&'a [u8]> {
        let pair = self.sorted.remove(self.position(key)?);
        Some(&self.raw[pair.equals + 1..pair.end])
    }

    fn position(&self, key: &str) -> Option<usize> {
        self.sorted
            .iter()
            .position(|pair| pair.key(self.raw) == key.as_bytes())
    }

    /// Number of pairs.
    pub(super) fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Writes the decoded `key=value` of the pair at `index` into the front of `out` and returns
    /// its length. `out` must be at least as long as the pair.
    pub(super) fn decode(&self, index: usize, out: &mut [u8]) -> Result<usize, Malformed> {
        let pair = &self.sorted[index];
        decode(self.raw, pair.start..pair.end, &self.marks.escapes, out)
    }
}

impl Pair {
    fn key<'a>(&self, raw: &'a [u8]) -> &'a [u8] {
        &raw[self.start..self.equals]
    }

    fn read(raw: &[u8], start: usize, end: usize) -> Result<Self, Malformed> {
        let text = &raw[start..end];
        let length = text
            .iter()
            .position(|&byte| !IS_KEY[usize::from(byte)])
            .ok_or(Malformed::Pair)?;
        if text[length] != b'=' || length > 64 {
            return Err(Malformed::Key);
        }
        if length == 0 {
            return Err(if text.is_empty() {
                Malformed::Pair
            } else {
                Malformed::Key
            });
        }
        Ok(Self {
            order: order(&raw[start..], length),
            start,
            equals: start + length,
            end,
        })
    }
}

/// Returns the first eight bytes of a key as a number that sorts in byte order. Keys contain no
/// zero bytes.
fn order(text: &[u8], length: usize) -> u64 {
    let mut first = [0; 8];
    if let Some(eight) = text.first_chunk::<8>() {
        first = *eight;
    } else {
        first[..text.len()].copy_from_slice(text);
    }
    let number = u64::from_be_bytes(first);
    if length >= 8 {
        number
    } else {
        number & !(u64::MAX >> (8 * length))
    }
}

const IS_KEY: [bool; 256] = {
    let mut table = [false; 256];
    let keys = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
    let mut index = 0;
    while index < keys.len() {
        table[keys[index] as usize] = true;
        index += 1;
    }
    table
};
