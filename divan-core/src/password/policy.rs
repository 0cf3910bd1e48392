use std::collections::HashSet;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

use super::Password;
use super::digits::ToDecimalDigit;

/// The rules for a new password, after NIST SP 800-63B-4 §3.1.1: a minimum length, a list of what
/// everybody uses, nothing about the person; no rules of composition.
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
    /// It is the password that is to be replaced.
    #[error("must be another one")]
    Unchanged,
    /// It is the person's own name, e-mail address or phone number.
    #[error("must not be made of the person's name, e-mail address or phone number")]
    Personal,
}

impl PasswordPolicy {
    /// For a password that stands alone, as an administrator's does: at least 15 characters.
    pub const SINGLE_FACTOR: Self = Self { min_chars: 15 };
    /// For a password beside a second factor, as an employee's Telegram account is: at least 8
    /// characters.
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
            return Err(WeakPassword::TooShort {
                min_chars: self.min_chars,
            });
        }
        let folded = folded(password.as_str());
        if COMMON.contains(folded.as_str()) || is_pattern(&folded) {
            return Err(WeakPassword::Common);
        }
        let password = letters_and_digits(&folded);
        let rest = personal.iter().fold(password.clone(), |rest, detail| {
            without(&rest, &self::folded(detail))
        });
        // What is left has to carry the password alone.
        if rest.len() < password.len() && rest.chars().count() <= self.min_chars / 2 {
            return Err(WeakPassword::Personal);
        }
        Ok(())
    }
}

/// The entries of at least eight characters of the list that Django ships (20 000 passwords by
/// frequency, compiled by Royce Williams), lower-cased.
static COMMON: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// A text in one form, however it was typed: NFC, lower case, ASCII digits.
fn folded(text: &str) -> String {
    text.nfc()
        .flat_map(char::to_lowercase)
        .map(|c| c.to_decimal_digit().unwrap_or(c))
        .collect()
}

/// Whether a password is a row (`123456789012345`, `abcdefghijklmno`), or something short or common
/// over and over.
fn is_pattern(password: &str) -> bool {
    let chars: Vec<char> = password.chars().collect();
    let is_next = |a: char, b: char| u32::from(b) == u32::from(a) + 1 || (a, b) == ('9', '0');
    let is_row = chars.windows(2).all(|two| is_next(two[0], two[1]))
        || chars.windows(2).all(|two| is_next(two[1], two[0]));
    let repeats = (1..=chars.len() / 2).find(|&period| {
        chars
            .iter()
            .zip(chars.iter().skip(period))
            .all(|(first, again)| first == again)
    });
    let is_repetition = repeats.is_some_and(|period| {
        period < 8 || COMMON.contains(chars[..period].iter().collect::<String>().as_str())
    });
    is_row || is_repetition
}

/// What is left of a password without a name, an address or a number, and without each word of it.
fn without(password: &str, detail: &str) -> String {
    let whole = letters_and_digits(detail);
    if is_number(&whole) {
        // The last seven digits are the subscriber's own, whatever is written before them.
        return without_number(password, &whole[whole.len().saturating_sub(7)..]);
    }
    let words = detail
        .split(|c: char| !c.is_alphanumeric())
        .map(str::to_owned);
    // Two letters of a name are in many a word.
    let parts = std::iter::once(whole)
        .chain(words)
        .filter(|part| part.chars().count() > 2);
    parts.fold(password.to_owned(), |rest, part| rest.replace(&part, ""))
}

/// Without the digits around a subscriber's number as well: they are its country and area.
fn without_number(password: &str, own: &str) -> String {
    match password.split_once(own) {
        Some((before, after)) => {
            before
                .trim_end_matches(|c: char| c.is_ascii_digit())
                .to_owned()
                + after
        }
        None if is_number(password) && own.contains(password) => String::new(),
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
        PasswordPolicy::SECOND_FACTOR.check(&Password::new(&text.into()).unwrap(), personal)
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
    fn rows_and_repetitions_are_no_longer_for_being_long() {
        let admin = |text: &str| {
            PasswordPolicy::SINGLE_FACTOR.check(
                &Password::new(&text.into()).unwrap(),
                &["Administrator", "admin@example.com"],
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
    fn what_is_known_of_the_person_is_refused() {
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
