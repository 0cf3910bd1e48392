use zeroize::Zeroizing;

use crate::entropy::{Entropy, NoEntropy};
use crate::password::generated;
use crate::secret::Secret;

/// A code that replaces a one-time code once, for a user whose authenticator app is lost: 80 random
/// bits, written as four groups of four letters and digits.
#[derive(Clone)]
pub struct RecoveryCode(Zeroizing<[u8; Self::CHARS]>);

impl RecoveryCode {
    /// The number of codes that a user gets at a time.
    pub const COUNT: usize = 10;

    const CHARS: usize = 16;

    /// Generates a code.
    ///
    /// # Errors
    /// [`NoEntropy`] if no randomness is available.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, NoEntropy> {
        let mut random = Zeroizing::new([0; Self::CHARS]);
        entropy.fill(random.as_mut_slice())?;
        let chars = random.map(|byte| generated::ALPHABET[usize::from(byte % 32)]);
        Ok(Self(Zeroizing::new(chars)))
    }

    /// Reads a typed code: in any case, with or without dashes and spaces. The letters i and l are
    /// read as 1, and o as 0. `None` for a text that is no recovery code.
    pub fn parse(typed: &str) -> Option<Self> {
        let mut chars = Zeroizing::new([0; Self::CHARS]);
        let mut count = 0;
        for typed in typed.chars().filter(|c| *c != '-' && !c.is_whitespace()) {
            let char = match typed.to_ascii_lowercase() {
                'i' | 'l' => b'1',
                'o' => b'0',
                other => u8::try_from(other).ok()?,
            };
            if !generated::ALPHABET.contains(&char) {
                return None;
            }
            *chars.get_mut(count)? = char;
            count += 1;
        }
        (count == Self::CHARS).then_some(Self(chars))
    }

    /// Returns the code as it is shown.
    pub fn text(&self) -> Secret {
        let mut text = String::with_capacity(Self::CHARS + 3);
        for (index, char) in self.0.iter().enumerate() {
            if index > 0 && index % 4 == 0 {
                text.push('-');
            }
            text.push(char::from(*char));
        }
        Secret::new(text)
    }

    pub(super) fn as_bytes(&self) -> &[u8; Self::CHARS] {
        &self.0
    }
}

redacted_debug!(RecoveryCode);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SeededEntropy;

    #[test]
    fn a_code_is_read_with_or_without_dashes_and_in_any_case() {
        let code = RecoveryCode::generate(&SeededEntropy::new(1)).unwrap();
        let text = code.text().expose().to_owned();
        assert_eq!(text.len(), 19);
        for typed in [
            text.clone(),
            text.replace('-', ""),
            text.replace('-', " "),
            text.to_uppercase(),
            format!(" {text}\n"),
            text.replace('0', "O").replace('1', "l"),
        ] {
            let read = RecoveryCode::parse(&typed).unwrap();
            assert_eq!(read.as_bytes(), code.as_bytes(), "{typed}");
        }
    }

    #[test]
    fn other_texts_are_no_recovery_codes() {
        for typed in [
            "",
            "123456",
            "0000-0000-0000-000",
            "0000-0000-0000-00000",
            "0000-0000-0000-000u",
            "0000-0000-0000-000\u{430}",
            "0000-0000-0000-000\u{212a}",
        ] {
            assert!(RecoveryCode::parse(typed).is_none(), "{typed}");
        }
    }

    #[test]
    fn every_character_is_random() {
        let entropy = SeededEntropy::new(2);
        let mut seen = [[false; 128]; RecoveryCode::CHARS];
        for _ in 0..1000 {
            let code = RecoveryCode::generate(&entropy).unwrap();
            for (seen, char) in seen.iter_mut().zip(code.as_bytes()) {
                seen[usize::from(*char)] = true;
            }
        }
        assert!(
            seen.iter()
                .all(|seen| seen.iter().filter(|seen| **seen).count() == 32)
        );
    }
}
