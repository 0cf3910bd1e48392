//! Passwords that leaked from other services.

mod builder;
mod file;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use sha1::{Digest, Sha1};
use xorf::{BinaryFuse16, Filter};

use super::Password;

pub use builder::{BreachedPasswordsBuilder, TooManyPasswords};
pub use file::InvalidBreachedPasswords;

/// Passwords that leaked from other services, such as the list of
/// [Have I Been Pwned](https://haveibeenpwned.com/Passwords).
///
/// It is a filter: it needs about 2.3 bytes for each password, contains none of them, and also reports
/// about one in 65,000 passwords that are not on the list. Passwords are compared exactly.
///
/// Give it to a policy with [`Blocklist::breached`](super::Blocklist::breached). Cheap to clone.
///
/// ```
/// use divan_core::password::{
///     Blocklist, BreachedPasswords, Password, PasswordPolicy, WeakPassword,
/// };
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut builder = BreachedPasswords::builder();
/// builder.add(&Password::new(&"tram under the plum".into())?)?;
/// let mut file = Vec::new();
/// builder.build()?.write(&mut file)?;
///
/// let blocklist = Blocklist::default().breached(BreachedPasswords::read(file.as_slice())?);
/// let check = |text: &str| {
///     let password = Password::new(&text.into()).expect("1 to 128 characters");
///     PasswordPolicy::SECOND_FACTOR.check(&password, &[], &blocklist)
/// };
/// assert_eq!(check("tram under the plum"), Err(WeakPassword::Breached));
/// assert_eq!(check("plum under the tram"), Ok(()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct BreachedPasswords {
    filter: Arc<BinaryFuse16>,
    count: u64,
}

impl BreachedPasswords {
    /// Starts a list.
    pub fn builder() -> BreachedPasswordsBuilder {
        BreachedPasswordsBuilder::default()
    }

    /// The number of passwords.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Returns `true` for a password of the list, and for about one in 65,000 others.
    pub(super) fn has(&self, password: &Password) -> bool {
        self.filter.contains(&key(&sha1(password.as_str())))
    }
}

impl fmt::Debug for BreachedPasswords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreachedPasswords")
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

/// The hash that Have I Been Pwned publishes.
fn sha1(text: &str) -> [u8; 20] {
    Sha1::digest(text).into()
}

/// The entry of the filter for a hash. With a chance of 0.03 %, two of 100 million passwords have the
/// same one, and the list is shorter by one.
fn key(sha1: &[u8; 20]) -> u64 {
    let first = sha1.first_chunk().copied();
    first.map(u64::from_be_bytes).unwrap_or_default()
}
