use std::str::FromStr;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::uri;
use crate::entropy::{Entropy, NoEntropy};
use crate::secret::Secret;

/// Base32 of [RFC 4648, section 6](https://www.rfc-editor.org/rfc/rfc4648#section-6), without
/// padding.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The secret that an authenticator app shares with the server: 160 bits, as
/// [RFC 4226, section 4](https://www.rfc-editor.org/rfc/rfc4226#section-4) recommends.
///
/// Its codes have six digits and change every 30 seconds: the only form that all authenticator apps
/// support.
#[derive(Clone)]
pub struct TotpSecret(Zeroizing<[u8; Self::BYTES]>);

/// Error for a text that is not a secret in Base32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret is not 32 characters of Base32")]
pub struct InvalidTotpSecret;

impl TotpSecret {
    /// The number of bytes.
    pub const BYTES: usize = 20;

    /// The time for which a code is valid, in seconds.
    pub const STEP_SECONDS: u64 = 30;

    /// Generates a secret.
    ///
    /// # Errors
    /// [`NoEntropy`] if no randomness is available.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, NoEntropy> {
        let mut bytes = Zeroizing::new([0; Self::BYTES]);
        entropy.fill(bytes.as_mut_slice())?;
        Ok(Self(bytes))
    }

    /// Wraps the bytes of a secret.
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(super) fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// Returns the secret in Base32, to be typed into an authenticator app.
    pub fn to_base32(&self) -> Secret {
        let mut text = String::with_capacity(32);
        // Five bytes are eight characters.
        for block in self.0.as_chunks::<5>().0 {
            let bits = block
                .iter()
                .fold(0, |bits: u64, byte| bits << 8 | u64::from(*byte));
            for index in (0..8).rev() {
                text.push(char::from(BASE32[(bits >> (5 * index) & 31) as usize]));
            }
        }
        Secret::new(text)
    }

    /// Returns the `otpauth://` URI of the secret, which authenticator apps read from a QR code.
    /// `issuer` names the service and `account` the user.
    pub fn uri(&self, issuer: &str, account: &str) -> Secret {
        uri::otpauth(self, issuer, account)
    }

    /// Returns the code of a step: the Unix time divided by [`STEP_SECONDS`](Self::STEP_SECONDS).
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "an HMAC takes a key of any length"
    )]
    pub fn code(&self, step: u64) -> String {
        let mac = Hmac::<Sha1>::new_from_slice(self.0.as_slice())
            .expect("an HMAC takes a key of any length")
            .chain_update(step.to_be_bytes())
            .finalize()
            .into_bytes();
        let start = usize::from(mac[19] & 15);
        let word = [mac[start], mac[start + 1], mac[start + 2], mac[start + 3]];
        let number = u32::from_be_bytes(word) & 0x7FFF_FFFF;
        format!("{:06}", number % 1_000_000)
    }

    /// Returns the step of a code that is valid at a time, or was valid or will be valid within
    /// [`STEP_SECONDS`](Self::STEP_SECONDS). `None` for a wrong code, and for one of a step that is
    /// not later than `last_step`: each code is accepted once, if the caller stores the step and
    /// passes it the next time.
    ///
    /// Spaces in the code are ignored. The comparison takes constant time.
    #[must_use]
    pub fn accepted_step(&self, code: &str, unix_seconds: u64, last_step: u64) -> Option<u64> {
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let current = unix_seconds / Self::STEP_SECONDS;
        let mut accepted = None;
        for step in current.saturating_sub(1)..=current.saturating_add(1) {
            let is_equal: bool = self.code(step).as_bytes().ct_eq(code.as_bytes()).into();
            if is_equal && step > last_step {
                accepted = Some(step);
            }
        }
        accepted
    }
}

impl FromStr for TotpSecret {
    type Err = InvalidTotpSecret;

    /// Parses a secret in Base32.
    fn from_str(text: &str) -> Result<Self, InvalidTotpSecret> {
        let text: &[u8; 32] = text.as_bytes().try_into().map_err(|_| InvalidTotpSecret)?;
        let mut bytes = Zeroizing::new([0; Self::BYTES]);
        for (block, chars) in bytes
            .as_chunks_mut::<5>()
            .0
            .iter_mut()
            .zip(text.as_chunks::<8>().0)
        {
            let mut bits: u64 = 0;
            for char in chars {
                let value = BASE32.iter().position(|letter| letter == char);
                bits = bits << 5 | value.ok_or(InvalidTotpSecret)? as u64;
            }
            block.copy_from_slice(&bits.to_be_bytes()[3..]);
        }
        Ok(Self(bytes))
    }
}

redacted_debug!(TotpSecret);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SeededEntropy;

    /// The secret and the times of RFC 6238, appendix B. Its codes have eight digits; the last six
    /// are the code of six digits.
    const RFC_SECRET: [u8; 20] = *b"12345678901234567890";
    const RFC_CODES: [(u64, &str); 6] = [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ];

    #[test]
    fn codes_are_those_of_rfc_6238() {
        let secret = TotpSecret::from_bytes(RFC_SECRET);
        for (time, code) in RFC_CODES {
            assert_eq!(secret.code(time / 30), code[2..]);
            assert_eq!(secret.accepted_step(&code[2..], time, 0), Some(time / 30));
        }
    }

    #[test]
    fn base32_is_that_of_rfc_4648() {
        let secret = TotpSecret::from_bytes(RFC_SECRET);
        let text = secret.to_base32();
        assert_eq!(text.expose(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let parsed: TotpSecret = text.expose().parse().unwrap();
        assert_eq!(parsed.as_bytes(), &RFC_SECRET);
        for invalid in [
            "",
            "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ",
            "gezdgnbvgy3tqojqgezdgnbvgy3tqojq",
        ] {
            assert_eq!(invalid.parse::<TotpSecret>().err(), Some(InvalidTotpSecret));
        }
    }

    #[test]
    fn every_secret_survives_base32() {
        let entropy = SeededEntropy::new(7);
        for _ in 0..100 {
            let secret = TotpSecret::generate(&entropy).unwrap();
            let parsed: TotpSecret = secret.to_base32().expose().parse().unwrap();
            assert_eq!(parsed.as_bytes(), secret.as_bytes());
        }
    }

    #[test]
    fn codes_of_the_last_and_the_next_step_are_accepted() {
        let secret = TotpSecret::from_bytes([7; 20]);
        let (step, now) = (60_000_000, 60_000_000 * 30 + 29);
        for near in [step - 1, step, step + 1] {
            assert_eq!(secret.accepted_step(&secret.code(near), now, 0), Some(near));
        }
        for far in [step - 2, step + 2, step - 120, step + 120] {
            assert_eq!(secret.accepted_step(&secret.code(far), now, 0), None);
        }
    }

    #[test]
    fn a_code_is_not_accepted_again_nor_an_earlier_one() {
        let secret = TotpSecret::from_bytes([7; 20]);
        let (step, now) = (60_000_000, 60_000_000 * 30);
        assert_eq!(secret.accepted_step(&secret.code(step), now, step), None);
        assert_eq!(
            secret.accepted_step(&secret.code(step - 1), now, step),
            None
        );
        let next = secret.code(step + 1);
        assert_eq!(secret.accepted_step(&next, now, step), Some(step + 1));
    }

    #[test]
    fn only_six_digits_are_a_code() {
        let secret = TotpSecret::from_bytes([7; 20]);
        let code = secret.code(0);
        let accepts = |code: &str| secret.accepted_step(code, 30, u64::MAX - 1).is_some();
        assert!(!accepts(&code), "step 0 is not later than the last one");
        let accepts = |code: &str| secret.accepted_step(code, 60, 0).is_some();
        let code = secret.code(2);
        assert!(accepts(&format!(" {} {}\n", &code[..3], &code[3..])));
        for wrong in [
            "",
            "12345",
            &code[..5],
            &format!("{code}0"),
            &format!("+{}", &code[1..]),
        ] {
            assert!(!accepts(wrong), "{wrong}");
        }
    }
}
