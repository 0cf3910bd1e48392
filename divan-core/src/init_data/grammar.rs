//! Splits a signed query string into its pairs, or refuses it.

use smallvec::SmallVec;

use super::bits::BLOCK;
use super::decode::decode;
use super::error::{InitDataError, Malformed};
use super::scan::Marks;

/// One `key=value`, as places in the raw string. The value is still percent-encoded.
#[derive(Clone, Copy, Debug)]
struct Pair {
    /// The first eight bytes of the key, in byte order: it decides nearly every comparison.
    order: u64,
    start: usize,
    /// Where the `=` stands.
    equals: usize,
    end: usize,
}

/// The pairs of a raw string, sorted by key, no key twice.
#[derive(Debug)]
pub(super) struct Pairs<'a> {
    raw: &'a [u8],
    marks: Marks,
    /// On the stack, up to the default limit.
    sorted: SmallVec<[Pair; 32]>,
}

impl<'a> Pairs<'a> {
    pub(super) fn new(raw: &'a [u8]) -> Self {
        Self {
            raw,
            marks: Marks::new(),
            sorted: SmallVec::new(),
        }
    }

    /// Splits `raw` at `&` and `=`, checks every character and every key, and sorts.
    pub(super) fn split(&mut self, max_pairs: usize) -> Result<(), InitDataError> {
        self.marks.scan(self.raw);
        if self.marks.is_forbidden {
            return Err(Malformed::Character.into());
        }
        let mut start = 0;
        for block in 0..self.marks.ends.len() {
            let mut ends = self.marks.ends[block];
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
        let is_twice =
            |two: &[Pair]| two[0].order == two[1].order && two[0].key(raw) == two[1].key(raw);
        if self.sorted.windows(2).any(is_twice) {
            Err(Malformed::DuplicateKey)
        } else {
            Ok(())
        }
    }

    /// Whether there is a pair of this key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.position(key).is_some()
    }

    /// Takes a pair out, so that it is not part of what is signed, and gives its value as received.
    pub(super) fn take(&mut self, key: &str) -> Option<&'a [u8]> {
        let pair = self.sorted.remove(self.position(key)?);
        Some(&self.raw[pair.equals + 1..pair.end])
    }

    fn position(&self, key: &str) -> Option<usize> {
        self.sorted
            .iter()
            .position(|pair| pair.key(self.raw) == key.as_bytes())
    }

    /// How many pairs there are.
    pub(super) fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Writes the decoded `key=value` of the pair of this index into the front of `out`, and gives
    /// its length. `out` has to be as long as the pair.
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

/// The first eight of a key's bytes as a number that sorts as they do; keys hold no zero bytes.
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
