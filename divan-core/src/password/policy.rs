use unicode_normalization::UnicodeNormalization;

use super::digits::ToDecimalDigit;
use super::{Blocklist, Password};

/// Policy for new passwords after NIST SP 800-63B-4 §3.1.1: a minimum length, a [`Blocklist`], no
/// personal data; no composition rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    min_chars: usize,
    /// The minimum effort to guess it, see [`Blocklist`].
    min_effort: usize,
}

/// Reason why a new password is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WeakPassword {
    /// It is shorter than the minimum length.
    #[error("must have at least {min_chars} characters")]
    TooShort {
        /// Minimum number of characters.
        min_chars: usize,
    },
    /// It is on the list of common passwords, or consists of common words and patterns.
    #[error(
        "must not be a common password or consist of common words and patterns: use several unrelated words"
    )]
    Common,
    /// It is on the list of passwords that leaked from other services.
    #[error("must not be a password that leaked from another service")]
    Breached,
    /// It equals the current password.
    #[error("must differ from the current password")]
    Unchanged,
    /// It consists mostly of the user's own name, e-mail address or phone number.
    #[error("must contain more than your name, e-mail address or phone number")]
    Personal,
}

impl PasswordPolicy {
    /// Policy for a password as the only factor, as for administrators: at least 15 characters.
    pub const SINGLE_FACTOR: Self = Self {
        min_chars: 15,
        min_effort: 12,
    };
    /// Policy for a password in addition to another factor, as for employees with their Telegram
    /// account: at least 8 characters.
    pub const SECOND_FACTOR: Self = Self {
        min_chars: 8,
        min_effort: 8,
    };

    /// Checks a new password of a user with the given name, e-mail address and phone number.
    ///
    /// # Errors
    /// The first violated rule.
    ///
    /// ```
    /// use divan_core::password::{Blocklist, Password, PasswordPolicy, WeakPassword};
    ///
    /// let policy = PasswordPolicy::SECOND_FACTOR;
    /// let blocklist = Blocklist::default();
    /// let password = |text: &str| Password::new(&text.into());
    /// assert_eq!(policy.check(&password("qwertyuiop")?, &[], &blocklist), Err(WeakPassword::Common));
    /// assert_eq!(policy.check(&password("8 701 123 45 67")?, &["+77011234567"], &blocklist), Err(WeakPassword::Personal));
    /// assert_eq!(policy.check(&password("tram under the plum")?, &[], &blocklist), Ok(()));
    /// # Ok::<(), divan_core::password::PasswordLength>(())
    /// ```
    pub fn check(
        self,
        password: &Password,
        personal: &[&str],
        blocklist: &Blocklist,
    ) -> Result<(), WeakPassword> {
        if password.chars() < self.min_chars {
            return Err(WeakPassword::TooShort {
                min_chars: self.min_chars,
            });
        }
        let letters = letters_and_digits(&fold(password.as_str()));
        let rest = personal.iter().fold(letters.clone(), |rest, detail| {
            without(&rest, &fold(detail))
        });
        // The remaining characters must suffice as a password.
        if rest.len() < letters.len() && rest.chars().count() <= self.min_chars / 2 {
            return Err(WeakPassword::Personal);
        }
        if blocklist.has(password.as_str(), self.min_effort) {
            return Err(WeakPassword::Common);
        }
        if blocklist.is_breached(password) {
            return Err(WeakPassword::Breached);
        }
        Ok(())
    }
}

/// Normalizes a text for comparison: NFC, lower case, ASCII digits.
fn fold(text: &str) -> String {
    text.nfc()
        .flat_map(char::to_lowercase)
        .map(|c| c.to_decimal_digit().unwrap_or(c))
        .collect()
}

/// Removes a name, an e-mail address or a phone number from a password, as a whole and by words.
fn without(password: &str, detail: &str) -> String {
    let whole = letters_and_digits(detail);
    if is_number(&whole) {
        // The last seven digits identify the subscriber; the prefix may be written in several ways.
        return without_number(password, &whole[whole.len().saturating_sub(7)..]);
    }
    let words = detail
        .split(|c: char| !c.is_alphanumeric())
        .map(str::to_owned);
    // Parts of one or two letters occur in many words.
    let parts = std::iter::once(whole)
        .chain(words)
        .filter(|part| part.chars().count() > 2);
    parts.fold(password.to_owned(), |rest, part| rest.replace(&part, ""))
}

/// Removes a subscriber's number with the digits before it, which are the country and area code.
fn without_number(password: &str, subscriber: &str) -> String {
    match password.split_once(subscriber) {
        Some((before, after)) => {
            before
                .trim_end_matches(|c: char| c.is_ascii_digit())
                .to_owned()
                + after
        }
        None if is_number(password) && subscriber.contains(password) => String::new(),
        None => password.to_owned(),
    }
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
        let password = Password::new(&text.into()).unwrap();
        PasswordPolicy::SECOND_FACTOR.check(&password, personal, &Blocklist::default())
    }

    #[test]
    fn length_counts_characters_and_not_bytes() {
        assert_eq!(
            check("пароли7", &[]),
            Err(WeakPassword::TooShort { min_chars: 8 })
        );
        assert_eq!(check("необычно", &[]), Ok(()));
        let fourteen = Password::new(&"tram under plu".into()).unwrap();
        assert_eq!(
            PasswordPolicy::SINGLE_FACTOR.check(&fourteen, &[], &Blocklist::default()),
            Err(WeakPassword::TooShort { min_chars: 15 })
        );
    }

    #[test]
    fn common_passwords_are_rejected_in_any_case() {
        for text in ["password", "PassWord1", "12345678", "qwertyuiop"] {
            assert_eq!(check(text, &[]), Err(WeakPassword::Common), "{text}");
        }
    }

    #[test]
    fn sequences_and_repetitions_are_common() {
        let admin = |text: &str| {
            PasswordPolicy::SINGLE_FACTOR.check(
                &Password::new(&text.into()).unwrap(),
                &["Administrator", "admin@example.com"],
                &Blocklist::default(),
            )
        };
        for text in [
            "123456789012345",
            "abcdefghijklmnop",
            "zyxwvutsrqponmlk",
            "aaaaaaaaaaaaaaa",
            "passwordpassword",
            "abcabcabcabcabc",
        ] {
            assert_eq!(admin(text), Err(WeakPassword::Common), "{text}");
        }
        assert_eq!(
            admin("adminadmin adminadmin 1"),
            Err(WeakPassword::Personal)
        );
        assert_eq!(admin("the admin has a tram"), Ok(()));
    }

    #[test]
    fn personal_data_is_rejected() {
        let person = [
            "Имя Фамилия-Вторая",
            "first.last@example.com",
            "+77011234567",
        ];
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
            "77011234567a",
            "٨٧٠١١٢٣٤٥٦٧",
            "вторая2026",
        ] {
            assert_eq!(check(text, &person), Err(WeakPassword::Personal), "{text}");
        }
        let decomposed = "Сергеи\u{306} Иванов";
        assert_eq!(
            check("Сергей1990", &[decomposed]),
            Err(WeakPassword::Personal)
        );
        for text in ["имя и ещё кое-что", "91739172", "first of the lasting"] {
            assert_eq!(check(text, &person), Ok(()), "{text}");
        }
    }

    #[test]
    fn generated_passwords_differ_and_satisfy_every_policy() {
        use crate::entropy::{OsEntropy, SeededEntropy};

        let mut seen = std::collections::HashSet::new();
        for _ in 0..1000 {
            let password = Password::generate(&OsEntropy).unwrap();
            assert!(seen.insert(password.as_str().to_owned()));
        }
        let (entropy, blocklist) = (SeededEntropy::new(1), Blocklist::default());
        for _ in 0..200 {
            let password = Password::generate(&entropy).unwrap();
            for policy in [PasswordPolicy::SINGLE_FACTOR, PasswordPolicy::SECOND_FACTOR] {
                assert_eq!(policy.check(&password, &[], &blocklist), Ok(()));
            }
        }
    }

    #[test]
    fn empty_and_overlong_passwords_are_rejected() {
        assert!(Password::new(&"".into()).is_err());
        assert!(Password::new(&"я".repeat(128).into()).is_ok());
        assert!(Password::new(&"я".repeat(129).into()).is_err());
        assert!(Password::new(&"a".repeat(100_000).into()).is_err());
    }
}
