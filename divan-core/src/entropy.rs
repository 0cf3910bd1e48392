//! Sources of random bytes for salts, token ids and user ids.

use std::fmt::Debug;

/// Source of random bytes.
///
/// Use [`OsEntropy`] in production, and the seeded `SeededEntropy` (feature `test-util`) in tests.
pub trait Entropy: Debug + Send + Sync {
    /// Fills `bytes` with unpredictable random bytes.
    ///
    /// # Errors
    /// When the operating system cannot provide any. The content of `bytes` must not be used then.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy>;
}

/// Error of a source that cannot provide random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system provided no random bytes")]
pub struct NoEntropy;

/// Random number generator of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    #[expect(
        clippy::disallowed_methods,
        reason = "the only call to the operating system"
    )]
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        getrandom::fill(bytes).map_err(|_| NoEntropy)
    }
}

/// Deterministic pseudo-random bytes for tests: the same seed gives the same bytes.
#[cfg(any(test, feature = "test-util"))]
#[derive(Debug)]
pub struct SeededEntropy(std::sync::Mutex<u64>);

#[cfg(any(test, feature = "test-util"))]
impl SeededEntropy {
    /// Creates a source with the sequence of `seed`.
    pub fn new(seed: u64) -> Self {
        Self(std::sync::Mutex::new(seed))
    }
}

#[cfg(any(test, feature = "test-util"))]
impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        let mut state = self.0.lock().map_err(|_| NoEntropy)?;
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&split_mix(&mut state).to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// `SplitMix64`, the generator of Steele, Lea and Flood (OOPSLA 2014).
#[cfg(any(test, feature = "test-util"))]
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
