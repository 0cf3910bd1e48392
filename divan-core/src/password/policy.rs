use std::collections::HashSet;
use std::sync::LazyLock;

use super::Password;

/// The rules for a new password, after NIST SP 800-63B-4 §3.1.1: a minimum length, a list of what everybody uses,
/// nothing about the person; no rules of composition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    min_chars: usize,
}

/// Why a new password is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WeakPassword {
    /// It has fewer characters than asked for.
    #[error("must have at least {min_chars} characters")]
    TooShort {
        /// The least number of characters.
        min_chars: usize,
    },
    /// It stands on the list of the most common passwords.
    #[error("is one of the most common passwords")]
    Common,
    /// It is the person's own name, e-mail address or phone number.
    #[error("must not be made of the person's name, e-mail address or phone number")]
    Personal,
}

impl PasswordPolicy {
    /// For a password that stands alone, as an administrator's does: at least 15 characters.
    pub const SINGLE_FACTOR: Self = Self { min_chars: 15 };
    /// For a password beside a second factor, as an employee's Telegram account is: at least 8 characters.
    pub const SECOND_FACTOR: Self = Self { min_chars: 8 };

    /// Checks a new password of a person who is known by the given name, address and number.
    ///
    /// # Errors
    /// The first rule that it breaks.
    ///
    /// ```
    /// use divan_core::password::{Password, PasswordPolicy, WeakPassword};
    ///
    /// let policy = PasswordPolicy::SECOND_FACTOR;
    /// let of = |text: &str| Password::new(&text.into());
    /// assert_eq!(policy.check(&of("qwertyuiop")?, &[]), Err(WeakPassword::Common));
    /// assert_eq!(policy.check(&of("8 701 123 45 67")?, &["+77011234567"]), Err(WeakPassword::Personal));
    /// assert_eq!(policy.check(&of("tram under the plum")?, &[]), Ok(()));
    /// # Ok::<(), divan_core::password::PasswordLength>(())
    /// ```
    pub fn check(self, password: &Password, personal: &[&str]) -> Result<(), WeakPassword> {
        if password.chars() < self.min_chars {
            return Err(WeakPassword::TooShort { min_chars: self.min_chars });
        }
        let folded = password.as_str().to_lowercase();
        if COMMON.contains(folded.as_str()) {
            return Err(WeakPassword::Common);
        }
        let password = letters_and_digits(&folded);
        if personal.iter().any(|detail| is_made_of(&password, &detail.to_lowercase())) {
            return Err(WeakPassword::Personal);
        }
        Ok(())
    }
}

/// The entries of at least eight characters of the list that Django ships (20 000 passwords by frequency, compiled
/// by Royce Williams), lower-cased.
static COMMON: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// Whether a password is a name, address or number, or a word of it with digits around.
fn is_made_of(password: &str, detail: &str) -> bool {
    if detail.rsplit_once('@').is_some_and(|(local_part, _)| is_made_of(password, local_part)) {
        return true;
    }
    let whole = letters_and_digits(detail);
    if whole.is_empty() {
        return false;
    }
    if is_number(&whole) && is_number(password) {
        // The last seven digits are the subscriber's own, however the number is written.
        let own = &whole[whole.len().saturating_sub(7)..];
        return password.contains(own) || whole.contains(password);
    }
    let stem = password.trim_matches(|c: char| c.is_ascii_digit());
    let mut words = detail.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let backwards: String = detail.split_whitespace().rev().map(letters_and_digits).collect();
    password == whole
        || stem == whole
        || stem == backwards
        || words.any(|word| stem == word || password == word)
}

fn letters_and_digits(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, personal: &[&str]) -> Result<(), WeakPassword> {
        PasswordPolicy::SECOND_FACTOR.check(&Password::new(&text.into()).unwrap(), personal)
    }

    #[test]
    fn length_counts_characters_and_not_bytes() {
        assert_eq!(check("пароли7", &[]), Err(WeakPassword::TooShort { min_chars: 8 }));
        assert_eq!(check("необычно", &[]), Ok(()));
        let fourteen = Password::new(&"tram under plu".into()).unwrap();
        assert_eq!(
            PasswordPolicy::SINGLE_FACTOR.check(&fourteen, &[]),
            Err(WeakPassword::TooShort { min_chars: 15 })
        );
    }

    #[test]
    fn common_passwords_are_refused_in_any_case() {
        for text in ["password", "PassWord1", "12345678", "qwertyuiop"] {
            assert_eq!(check(text, &[]), Err(WeakPassword::Common), "{text}");
        }
    }

    #[test]
    fn what_is_known_of_the_person_is_refused() {
        let person = ["Имя Фамилия-Вторая", "first.last@example.com", "+77011234567"];
        for text in [
            "Имя Фамилия Вторая",
            "фамилия-вторая имя",
            "Фамилия1990",
            "first.last@example.com",
            "FirstLast2026",
            "77011234567",
            "8(701)123-45-67",
            "00001234567",
            "11234567",
        ] {
            assert_eq!(check(text, &person), Err(WeakPassword::Personal), "{text}");
        }
        for text in ["имя и ещё кое-что", "99999123", "first of the lasting"] {
            assert_eq!(check(text, &person), Ok(()), "{text}");
        }
    }

    #[test]
    fn too_much_or_nothing_is_no_password() {
        assert!(Password::new(&"".into()).is_err());
        assert!(Password::new(&"я".repeat(128).into()).is_ok());
        assert!(Password::new(&"я".repeat(129).into()).is_err());
        assert!(Password::new(&"a".repeat(100_000).into()).is_err());
    }
}
