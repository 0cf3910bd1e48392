use std::fmt;
use std::sync::Arc;

use xorf::BinaryFuse16;

use super::{BreachedPasswords, key, sha1};
use crate::password::Password;

/// Collects the passwords of a [`BreachedPasswords`], at 8 bytes of memory each. [`build`](Self::build)
/// needs another 26 bytes for each.
#[derive(Default)]
pub struct BreachedPasswordsBuilder {
    keys: Vec<u64>,
}

/// The list has more than 100 million passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the list must have at most {} passwords",
    BreachedPasswordsBuilder::MAX_COUNT
)]
pub struct TooManyPasswords;

impl BreachedPasswordsBuilder {
    /// Maximum number of passwords, for which building needs about 3.4 GB of memory.
    pub const MAX_COUNT: usize = 100_000_000;

    /// Adds a password. Repeated ones count once.
    ///
    /// # Errors
    /// [`TooManyPasswords`].
    pub fn add(&mut self, password: &Password) -> Result<(), TooManyPasswords> {
        self.add_sha1(&sha1(password.as_str()))
    }

    /// Adds a password by the SHA-1 hash of its UTF-8 text. Repeated ones count once.
    ///
    /// # Errors
    /// [`TooManyPasswords`].
    pub fn add_sha1(&mut self, sha1: &[u8; 20]) -> Result<(), TooManyPasswords> {
        if self.keys.len() == Self::MAX_COUNT {
            return Err(TooManyPasswords);
        }
        self.keys.push(key(sha1));
        Ok(())
    }

    /// Builds the filter.
    ///
    /// # Errors
    /// [`TooManyPasswords`]: no filter was found, which does not happen within the limit.
    pub fn build(mut self) -> Result<BreachedPasswords, TooManyPasswords> {
        self.keys.sort_unstable();
        self.keys.dedup();
        let count = self.keys.len() as u64;
        let filter = BinaryFuse16::try_from(&self.keys).map_err(|_| TooManyPasswords)?;
        Ok(BreachedPasswords {
            filter: Arc::new(filter),
            count,
        })
    }
}

impl fmt::Debug for BreachedPasswordsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreachedPasswordsBuilder")
            .field("count", &self.keys.len())
            .finish_non_exhaustive()
    }
}
