//! Password policy, Argon2id hashes, and a queue that limits the resources used for hashing.

mod argon2id;
mod blocklist;
mod breached;
pub(crate) mod digits;
mod error;
pub(crate) mod generated;
mod legacy;
mod memory;
mod policy;
mod queue;
mod stored;

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::entropy::{Entropy, NoEntropy};
use crate::secret::Secret;

pub use argon2id::{Argon2idHasher, Argon2idParams, WeakParams};
pub use blocklist::Blocklist;
pub use breached::{
    BreachedPasswords, BreachedPasswordsBuilder, InvalidBreachedPasswords, TooManyPasswords,
};
pub use error::UnusableHash;
pub use memory::HashMemory;
pub use policy::{PasswordPolicy, WeakPassword};
pub use queue::{HashClass, HashClassLoad, HashPermit, HashQueue, HashQueueError, HashQueueLoad};

/// Password in normalized form: Unicode NFC, 1 to 128 characters, never truncated.
///
/// ```
/// use divan_core::password::Password;
///
/// let composed = Password::new(&"caf\u{e9}".into())?;
/// let decomposed = Password::new(&"cafe\u{301}".into())?;
/// assert_eq!(composed.chars(), decomposed.chars());
/// # Ok::<(), divan_core::password::PasswordLength>(())
/// ```
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

/// Error for a password that is empty or longer than 128 characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must have 1 to 128 characters")]
pub struct PasswordLength;

impl Password {
    /// Maximum length in characters.
    pub const MAX_CHARS: usize = 128;

    /// Normalizes a password as entered. White space around a [generated](Self::generate) password is
    /// removed, because it is copied with it from messages; all other passwords are kept as they are.
    ///
    /// # Errors
    /// [`PasswordLength`] when it is empty or too long.
    pub fn new(entered: &Secret) -> Result<Self, PasswordLength> {
        // A character may be entered as many code points. This limit bounds the work of normalizing.
        if entered.expose().len() > Self::MAX_CHARS * 32 {
            return Err(PasswordLength);
        }
        let entered = generated::trim(entered.expose());
        let normal = Zeroizing::new(entered.nfc().collect::<String>());
        match normal.chars().count() {
            1..=Self::MAX_CHARS => Ok(Self(normal)),
            _ => Err(PasswordLength),
        }
    }

    /// Generates a password with 80 random bits, as four groups of unambiguous letters and digits.
    ///
    /// # Errors
    /// [`NoEntropy`] when no random bytes are available.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, NoEntropy> {
        let mut random = Zeroizing::new([0; 16]);
        entropy.fill(random.as_mut_slice())?;
        Ok(Self(Zeroizing::new(generated::text(&random))))
    }

    /// Returns the text, to be shown once.
    pub fn to_secret(&self) -> Secret {
        Secret::new(self.as_str())
    }

    /// Returns the number of characters (Unicode code points).
    pub fn chars(&self) -> usize {
        self.0.chars().count()
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

redacted_debug!(Password);

/// Stored password hash, a [PHC string](https://github.com/P-H-C/phc-string-format) like
/// `$argon2id$v=19$m=19456,t=2,p=1$…`.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps a stored string without checking it; see [`check`](Self::check).
    pub fn from_stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Checks that [`Argon2idHasher`] supports the hash: Argon2id, or a legacy hash of passlib
    /// (bcrypt and `$pbkdf2-sha256$`). The parameters are limited: Argon2id to 65536 KiB and to
    /// eight times the default's product of memory and iterations (or to the hasher's own
    /// parameters where those are larger), bcrypt to cost 13, PBKDF2 to a million rounds.
    ///
    /// # Errors
    /// [`UnusableHash`] when the hash is not supported or its parameters exceed the limits.
    ///
    /// ```
    /// use divan_core::password::{PasswordHash, UnusableHash};
    ///
    /// let legacy = "$2b$12$9ZygbyRCIgzs1F1TBImtJOuGjxEt614z.FW9SMo85Ocu5b.k909C2";
    /// assert_eq!(PasswordHash::from_stored(legacy).check(), Ok(()));
    /// assert_eq!(PasswordHash::from_stored("umbrella 77").check(), Err(UnusableHash::Unknown));
    /// ```
    pub fn check(&self) -> Result<(), UnusableHash> {
        stored::Stored::parse(self, &argon2::Params::DEFAULT).map(drop)
    }

    /// Returns the string to store.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns `true` for a supported legacy hash.
    fn is_legacy(&self) -> bool {
        matches!(legacy::LegacyHash::parse(&self.0), Some(Ok(_)))
    }
}

redacted_debug!(PasswordHash);

/// Result of verifying a password against a stored hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an ignored result accepts every password"]
pub enum Verification {
    /// The password is correct.
    Match,
    /// The password is correct, but its hash uses other than the current parameters: hash it again.
    MatchOutdated,
    /// The password is wrong, or there is no usable hash.
    Mismatch,
}

/// Error of the hash computation itself, independent of the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the password could not be hashed")]
pub struct HashError;

/// Algorithm that hashes and verifies passwords. It is slow by design: call it through a
/// [`HashQueue`].
pub trait PasswordHasher: fmt::Debug + Send + Sync {
    /// Hashes a password with a fresh random `salt`. `memory` may be used for the computation.
    ///
    /// # Errors
    /// [`HashError`], for example when there is no memory left.
    fn hash(
        &self,
        password: &Password,
        salt: &[u8; 16],
        memory: &mut HashMemory,
    ) -> Result<PasswordHash, HashError>;

    /// Verifies a password with exactly one hash computation. Without a usable stored hash, the
    /// computation is still made and its result discarded, so that timing reveals nothing.
    fn verify(
        &self,
        password: &Password,
        stored: Option<&PasswordHash>,
        memory: &mut HashMemory,
    ) -> Verification;

    /// Returns the memory of one computation in bytes. Default: 0.
    fn memory(&self) -> usize {
        0
    }
}
