use std::str::FromStr;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::error::TokenError;
use crate::entropy::{Entropy, NoEntropy};
use crate::secret::Secret;

/// The digits of base 62, in the order of their values.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Number of digits of 32 random bytes.
const RANDOM_DIGITS: usize = 43;

/// Number of digits of the checksum.
const CHECKSUM_DIGITS: usize = 6;

/// The secret of a service credential: `dvs_`, 43 digits of base 62 for 32 random bytes, and 6 digits for the
/// CRC-32 of all characters before.
///
/// The prefix and the checksum let scanners find leaked secrets without a request:
///
/// 1. The regular expression `\bdvs_[0-9A-Za-z]{49}\b` finds candidates.
/// 2. The last six characters are the CRC-32 (ISO-HDLC, as in zlib and PNG) of the 47 before, in base 62 with the
///    digits `0-9`, `A-Z`, `a-z`, padded with `0` on the left.
///
/// ```
/// use divan_core::token::ServiceSecret;
///
/// let text = "dvs_0000000000000000000000000000000000000000000";
/// let secret: ServiceSecret = format!("{text}3kqQ9o").parse()?;
/// assert_eq!(secret.hint(), "qQ9o");
/// assert!(format!("{text}000000").parse::<ServiceSecret>().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ServiceSecret(Secret);

redacted_debug!(ServiceSecret);

impl ServiceSecret {
    /// The first characters of every secret.
    pub const PREFIX: &str = "dvs_";

    /// The length, in characters.
    pub const LENGTH: usize = Self::PREFIX.len() + RANDOM_DIGITS + CHECKSUM_DIGITS;

    /// Generates a secret.
    ///
    /// # Errors
    /// [`NoEntropy`] if no randomness is available.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, NoEntropy> {
        let mut random = Zeroizing::new([0; 32]);
        entropy.fill(&mut *random)?;
        Ok(Self::from_random(&mut random))
    }

    /// Encodes 32 bytes, which are overwritten.
    fn from_random(random: &mut [u8; 32]) -> Self {
        let mut text = Zeroizing::new(Self::PREFIX.to_owned());
        text.reserve(RANDOM_DIGITS + CHECKSUM_DIGITS);
        push_base62(&mut text, random, RANDOM_DIGITS);
        let mut checksum = crc32(text.as_bytes()).to_be_bytes();
        push_base62(&mut text, &mut checksum, CHECKSUM_DIGITS);
        Self(Secret::new(text.as_str()))
    }

    /// Returns the text.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Returns the text as a secret.
    pub fn into_secret(self) -> Secret {
        self.0
    }

    /// Returns the last four characters, by which people recognize the secret. They are part of the checksum.
    pub fn hint(&self) -> &str {
        &self.expose()[Self::LENGTH - 4..]
    }

    /// Returns the SHA-256 of the text. Because the secret is random, a slow hash would protect it no better.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.expose()).into()
    }
}

impl FromStr for ServiceSecret {
    type Err = TokenError;

    /// Parses a secret and verifies the checksum.
    ///
    /// # Errors
    /// [`TokenError::Malformed`].
    fn from_str(text: &str) -> Result<Self, TokenError> {
        let is_digit = |b: u8| b.is_ascii_alphanumeric();
        let digits = text
            .strip_prefix(Self::PREFIX)
            .ok_or(TokenError::Malformed)?;
        if text.len() != Self::LENGTH || !digits.bytes().all(is_digit) {
            return Err(TokenError::Malformed);
        }
        let (random, checksum) = text.split_at(Self::LENGTH - CHECKSUM_DIGITS);
        let mut expected = String::new();
        let mut crc = crc32(random.as_bytes()).to_be_bytes();
        push_base62(&mut expected, &mut crc, CHECKSUM_DIGITS);
        if checksum != expected {
            return Err(TokenError::Malformed);
        }
        Ok(Self(Secret::new(text)))
    }
}

/// Appends a number in base 62, padded to a number of digits. Divides the big-endian `number` to zero.
fn push_base62(text: &mut String, number: &mut [u8], digits: usize) {
    let mut reversed = Zeroizing::new(Vec::with_capacity(digits));
    for _ in 0..digits {
        let mut rest = 0_u32;
        for byte in &mut *number {
            let part = rest << 8 | u32::from(*byte);
            *byte = u8::try_from(part / 62).unwrap_or_default();
            rest = part % 62;
        }
        reversed.push(DIGITS[rest as usize]);
    }
    text.extend(reversed.iter().rev().map(|&digit| char::from(digit)));
}

/// CRC-32/ISO-HDLC, as in zlib and PNG.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| {
        let mask = (crc & 1).wrapping_neg();
        crc >> 1 ^ (0xEDB8_8320 & mask)
    };
    let update = |crc: u32, &byte: &u8| (0..8).fold(crc ^ u32::from(byte), step);
    !bytes.iter().fold(u32::MAX, update)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `zlib.crc32` and integers of Python.
    const KNOWN: [(u8, &str); 3] = [
        (
            0x00,
            "dvs_00000000000000000000000000000000000000000003kqQ9o",
        ),
        (
            0x01,
            "dvs_0El6XFXwsUFD8J2vGxsaboW7rZYnQRBP5d9erwRwd294DNEk3",
        ),
        (
            0xFF,
            "dvs_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp11sVMmO",
        ),
    ];

    #[test]
    fn secrets_have_the_documented_form() {
        for (byte, text) in KNOWN {
            let secret = ServiceSecret::from_random(&mut [byte; 32]);
            assert_eq!(secret.expose(), text);
            let parsed: ServiceSecret = text.parse().unwrap();
            assert_eq!(parsed.digest(), secret.digest());
            assert_eq!(parsed.hint(), &text[49..]);
        }
    }

    #[test]
    fn the_checksum_is_that_of_zlib() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn a_changed_secret_is_refused() {
        let (_, text) = KNOWN[1];
        for at in 0..text.len() {
            for other in ["0", "z", "-", "é"] {
                let mut changed = text.to_owned();
                changed.replace_range(at..=at, other);
                let is_same = changed == text;
                assert_eq!(
                    changed.parse::<ServiceSecret>().is_ok(),
                    is_same,
                    "{changed}"
                );
            }
        }
        for wrong in [
            "",
            "dvs_",
            &text[1..],
            &format!("{text}0"),
            &format!(" {text}"),
        ] {
            assert!(wrong.parse::<ServiceSecret>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn generated_secrets_differ() {
        let new = || ServiceSecret::generate(&crate::entropy::OsEntropy).unwrap();
        let (one, other) = (new(), new());
        assert_ne!(one.expose(), other.expose());
        assert!(one.expose().parse::<ServiceSecret>().is_ok());
        assert_eq!(format!("{one:?}"), "ServiceSecret(redacted)");
    }
}
