//! Passwords: the rules for new ones, Argon2id hashes, and a queue that keeps hashing from taking
//! the machine.

mod argon2id;
pub(crate) mod digits;
mod legacy;
mod policy;
mod queue;
mod stored;

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::entropy::{Entropy, NoEntropy};
use crate::secret::Secret;

pub use argon2id::{Argon2idHasher, Argon2idParams, WeakParams};
pub use policy::{PasswordPolicy, WeakPassword};
pub use queue::{HashQueue, HashQueueError, HashQueueLoad};
pub use stored::UnusableHash;

/// A password in the form that is hashed: Unicode NFC, 1 to 128 characters, never truncated.
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

/// The password is empty or longer than 128 characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must have 1 to 128 characters")]
pub struct PasswordLength;

impl Password {
    /// The longest password, in characters.
    pub const MAX_CHARS: usize = 128;

    /// Normalises what was typed.
    ///
    /// # Errors
    /// [`PasswordLength`] when nothing or too much was typed.
    pub fn new(typed: &Secret) -> Result<Self, PasswordLength> {
        // One character may be typed as many code points; this bounds the work, not the password.
        if typed.expose().len() > Self::MAX_CHARS * 32 {
            return Err(PasswordLength);
        }
        let normal = Zeroizing::new(typed.expose().nfc().collect::<String>());
        match normal.chars().count() {
            1..=Self::MAX_CHARS => Ok(Self(normal)),
            _ => Err(PasswordLength),
        }
    }

    /// A password to hand out: 80 random bits as four groups of letters and digits that cannot be
    /// mistaken for each other.
    ///
    /// # Errors
    /// [`NoEntropy`] when there is no randomness to be had.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, NoEntropy> {
        // Base32 as Douglas Crockford proposed it: without i, l, o and u.
        const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let mut random = Zeroizing::new([0; 16]);
        entropy.fill(random.as_mut_slice())?;
        let mut text = Zeroizing::new(String::with_capacity(19));
        for (place, byte) in random.iter().enumerate() {
            if place > 0 && place % 4 == 0 {
                text.push('-');
            }
            text.push(char::from(ALPHABET[usize::from(byte % 32)]));
        }
        Ok(Self(text))
    }

    /// The text, to be shown once.
    pub fn to_secret(&self) -> Secret {
        Secret::new(self.as_str())
    }

    /// How many characters (Unicode code points) it has.
    pub fn chars(&self) -> usize {
        self.0.chars().count()
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(redacted)")
    }
}

/// A stored hash: a [PHC string](https://github.com/P-H-C/phc-string-format), as
/// `$argon2id$v=19$m=19456,t=2,p=1$…`.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Takes a stored string as it is; whether it can be used shows at [`PasswordHasher::verify`].
    pub fn from_stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether [`Argon2idHasher`] can compare a password with it: an Argon2id hash, or one of the
    /// system that Divan replaces (passlib's bcrypt and `$pbkdf2-sha256$`), with parameters that
    /// are bounded: Argon2id by 65536 KiB and eight times the default's product of memory and
    /// iterations (or by the hasher's own, where they are larger), bcrypt by cost 13, PBKDF2 by a
    /// million rounds.
    ///
    /// # Errors
    /// [`UnusableHash`].
    ///
    /// ```
    /// use divan_core::password::{PasswordHash, UnusableHash};
    ///
    /// let of_passlib = "$2b$12$9ZygbyRCIgzs1F1TBImtJOuGjxEt614z.FW9SMo85Ocu5b.k909C2";
    /// assert_eq!(PasswordHash::from_stored(of_passlib).check(), Ok(()));
    /// assert_eq!(PasswordHash::from_stored("umbrella 77").check(), Err(UnusableHash::Unknown));
    /// ```
    pub fn check(&self) -> Result<(), UnusableHash> {
        stored::Stored::parse(self, &argon2::Params::DEFAULT).map(drop)
    }

    /// The string to store.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(redacted)")
    }
}

/// What a comparison of a password with a stored hash found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a password check that nobody looks at is none"]
pub enum Verification {
    /// The password is right.
    Match,
    /// The password is right, and its hash was made with other parameters than today's: hash it
    /// again.
    MatchOutdated,
    /// The password is wrong, or there was nothing to compare with.
    Mismatch,
}

/// The hashing itself could not be done. Says nothing of the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the password could not be hashed")]
pub struct HashError;

/// Hashes and compares passwords. Slow on purpose: call it through a [`HashQueue`].
pub trait PasswordHasher: fmt::Debug + Send + Sync {
    /// Hashes a password with a fresh random `salt`.
    ///
    /// # Errors
    /// [`HashError`], for example when there is no memory left.
    fn hash(&self, password: &Password, salt: &[u8; 16]) -> Result<PasswordHash, HashError>;

    /// Compares in exactly one hash computation. Without a stored hash, or with one that cannot be
    /// used, the computation is made all the same and thrown away, so that the time tells nothing.
    fn verify(&self, password: &Password, stored: Option<&PasswordHash>) -> Verification;

    /// How much memory one computation takes, in bytes. Default: none worth counting.
    fn memory(&self) -> usize {
        0
    }
}
