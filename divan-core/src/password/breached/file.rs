//! The file format. All numbers are little-endian.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | `DIVANBPW` |
//! | 4 | version: 1 |
//! | 8 | number of passwords |
//! | 8 | seed of the filter |
//! | 4 | length of a segment, a power of two |
//! | 4 | length of all segments but the last two |
//! | 4 | number of fingerprints: that length and two segments |
//! | 2 each | fingerprints |
//! | 32 | SHA-256 of everything before |

use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use xorf::{BinaryFuse16, Descriptor};

use super::{BreachedPasswords, BreachedPasswordsBuilder};

const MAGIC: [u8; 8] = *b"DIVANBPW";
const VERSION: u32 = 1;

/// Bytes that are read and written in one step.
const BLOCK: usize = 64 * 1024;

/// Error of a file that is not a usable list. The message continues "a file, which".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidBreachedPasswords {
    /// The file cannot be read.
    #[error("cannot be read: {}", .0.kind())]
    Io(#[source] io::Error),
    /// The file is of another kind, such as a list in plain text.
    #[error("is not a list of breached passwords: build one with `divan-server passwords build`")]
    Foreign,
    /// The file is of a newer version.
    #[error(
        "has format version {0}, and this program reads version {VERSION}: build it again with \
         this version of `divan-server passwords build`"
    )]
    Version(u32),
    /// The file ends too early.
    #[error("is incomplete: copy it again, or build it again with `divan-server passwords build`")]
    Truncated,
    /// The file was changed after it was written.
    #[error(
        "is damaged (its checksum differs): copy it again, or build it again with \
         `divan-server passwords build`"
    )]
    Damaged,
}

impl From<io::Error> for InvalidBreachedPasswords {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::UnexpectedEof => Self::Truncated,
            _ => Self::Io(error),
        }
    }
}

impl BreachedPasswords {
    /// Writes the list as a file. [`read`](Self::read) detects a file that is incomplete or damaged.
    ///
    /// # Errors
    /// An error of the writer.
    pub fn write(&self, to: impl Write) -> io::Result<()> {
        let mut to = Hashed::new(to);
        let Descriptor {
            seed,
            segment_length,
            segment_count_length,
            ..
        } = self.filter.descriptor;
        let fingerprints = &self.filter.fingerprints;
        let length = u32::try_from(fingerprints.len()).map_err(io::Error::other)?;
        to.write(&MAGIC)?;
        to.write(&VERSION.to_le_bytes())?;
        to.write(&self.count.to_le_bytes())?;
        to.write(&seed.to_le_bytes())?;
        for number in [segment_length, segment_count_length, length] {
            to.write(&number.to_le_bytes())?;
        }
        let mut block = Vec::with_capacity(BLOCK);
        for part in fingerprints.chunks(BLOCK / 2) {
            block.clear();
            block.extend(part.iter().flat_map(|print| print.to_le_bytes()));
            to.write(&block)?;
        }
        let checksum = to.checksum();
        to.inner.write_all(&checksum)?;
        to.inner.flush()
    }

    /// Reads a file that [`write`](Self::write) has written.
    ///
    /// # Errors
    /// [`InvalidBreachedPasswords`].
    pub fn read(from: impl Read) -> Result<Self, InvalidBreachedPasswords> {
        let mut from = Hashed::new(from);
        match from.read() {
            Ok(MAGIC) => {}
            Ok(_) | Err(InvalidBreachedPasswords::Truncated) => {
                return Err(InvalidBreachedPasswords::Foreign);
            }
            Err(error) => return Err(error),
        }
        let version = u32::from_le_bytes(from.read()?);
        if version != VERSION {
            return Err(InvalidBreachedPasswords::Version(version));
        }
        let count = u64::from_le_bytes(from.read()?);
        let seed = u64::from_le_bytes(from.read()?);
        let segment_length = u32::from_le_bytes(from.read()?);
        let segment_count_length = u32::from_le_bytes(from.read()?);
        let length = u32::from_le_bytes(from.read()?);
        let descriptor = Descriptor {
            seed,
            segment_length,
            segment_length_mask: segment_length.wrapping_sub(1),
            segment_count_length,
        };
        if !is_possible(&descriptor, count, length) {
            return Err(InvalidBreachedPasswords::Damaged);
        }
        let fingerprints = from.fingerprints(length as usize)?;
        let expected = from.checksum();
        let mut checksum = [0; 32];
        from.inner.read_exact(&mut checksum)?;
        if checksum != expected || from.inner.read(&mut [0])? != 0 {
            return Err(InvalidBreachedPasswords::Damaged);
        }
        Ok(Self {
            filter: Arc::new(BinaryFuse16 {
                descriptor,
                fingerprints,
            }),
            count,
        })
    }
}

/// Returns `true` if the positions of every key are below the length: the filter does not check them.
fn is_possible(descriptor: &Descriptor, count: u64, length: u32) -> bool {
    let Descriptor {
        segment_length,
        segment_count_length,
        ..
    } = *descriptor;
    let end = u64::from(segment_count_length) + 2 * u64::from(segment_length);
    segment_length.is_power_of_two()
        && segment_count_length.is_multiple_of(segment_length)
        && end == u64::from(length)
        && count <= BreachedPasswordsBuilder::MAX_COUNT as u64
}

/// A reader or writer, and the hash of what was read or written.
struct Hashed<T> {
    inner: T,
    hash: Sha256,
}

impl<T> Hashed<T> {
    fn new(inner: T) -> Self {
        Self {
            inner,
            hash: Sha256::new(),
        }
    }

    fn checksum(&self) -> [u8; 32] {
        self.hash.clone().finalize().into()
    }
}

impl<W: Write> Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.inner.write_all(bytes)
    }
}

impl<R: Read> Hashed<R> {
    fn read<const N: usize>(&mut self) -> Result<[u8; N], InvalidBreachedPasswords> {
        let mut bytes = [0; N];
        self.inner.read_exact(&mut bytes)?;
        self.hash.update(bytes);
        Ok(bytes)
    }

    /// Reads block by block, so that a damaged length does not allocate memory for itself.
    fn fingerprints(&mut self, length: usize) -> Result<Box<[u16]>, InvalidBreachedPasswords> {
        let mut fingerprints = Vec::new();
        let mut block = vec![0; BLOCK];
        while fingerprints.len() < length {
            let bytes = BLOCK.min(2 * (length - fingerprints.len()));
            let part = &mut block[..bytes];
            self.inner.read_exact(part)?;
            self.hash.update(&*part);
            let prints = part.chunks_exact(2);
            fingerprints.extend(prints.map(|print| u16::from_le_bytes([print[0], print[1]])));
        }
        Ok(fingerprints.into_boxed_slice())
    }
}
