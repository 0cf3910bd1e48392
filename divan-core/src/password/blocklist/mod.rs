//! Weak passwords: common ones, and those that consist of known words and patterns.

mod forms;

use std::collections::HashSet;
use std::fmt;
use std::sync::LazyLock;

use super::{BreachedPasswords, Password};
use forms::{Forms, normalize, transliterate};

/// Passwords and words that a new password must not consist of.
///
/// The embedded lists have common passwords, and words of Kazakhstan and Russia in both alphabets.
/// The default has no further words, and no breached passwords.
///
/// ```
/// use divan_core::password::{Blocklist, Password, PasswordPolicy, WeakPassword};
///
/// let blocklist = Blocklist::default().words(["Acme"]);
/// let check = |text: &str| {
///     let password = Password::new(&text.into()).expect("1 to 128 characters");
///     PasswordPolicy::SECOND_FACTOR.check(&password, &[], &blocklist)
/// };
/// assert_eq!(check("@cme-2026!"), Err(WeakPassword::Common));
/// assert_eq!(check("gfhjkm123"), Err(WeakPassword::Common));
/// assert_eq!(check("tram under the plum"), Ok(()));
/// ```
#[derive(Clone, Default)]
pub struct Blocklist {
    words: HashSet<String>,
    breached: Option<BreachedPasswords>,
}

impl Blocklist {
    /// Adds words of at least three characters, as the names of a company and its products. Shorter
    /// ones are ignored.
    #[must_use]
    pub fn words<W: AsRef<str>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        for word in words {
            add_forms(&mut self.words, word.as_ref());
        }
        self
    }

    /// Adds passwords that leaked from other services. Replaces an earlier list. Default: none.
    #[must_use]
    pub fn breached(mut self, list: BreachedPasswords) -> Self {
        self.breached = Some(list);
        self
    }

    /// The passwords that leaked from other services, if there is a list.
    pub fn breached_list(&self) -> Option<&BreachedPasswords> {
        self.breached.as_ref()
    }

    /// Returns `true` if a password leaked from another service.
    pub(super) fn is_breached(&self, password: &Password) -> bool {
        self.breached
            .as_ref()
            .is_some_and(|list| list.has(password))
    }

    /// Returns `true` if a password is common, or its [`effort`](Self::effort) is below
    /// `min_effort`.
    pub(super) fn has(&self, password: &str, min_effort: usize) -> bool {
        let text = normalize(password);
        let chars: Vec<char> = text.chars().collect();
        COMMON.contains(text.as_str()) || is_repetition(&chars) || self.effort(&chars) < min_effort
    }

    /// Returns the least sum of the efforts of the parts of a password. A letter counts 2, another
    /// character 1.
    fn effort(&self, chars: &[char]) -> usize {
        let forms = Forms::new(chars);
        let mut least = vec![usize::MAX; chars.len() + 1];
        least[0] = 0;
        for (start, &first) in chars.iter().enumerate() {
            let before = least[start];
            let one = if first.is_alphabetic() { 2 } else { 1 };
            least[start + 1] = least[start + 1].min(before + one);
            let longest = chars.len().min(start + MAX_WORD_CHARS);
            let ends = start + MIN_WORD_CHARS..=longest;
            for (end, effort) in ends.filter_map(|end| {
                let effort = self.part_effort(chars, &forms, start, end)?;
                Some((end, effort))
            }) {
                least[end] = least[end].min(before + effort);
            }
        }
        least[chars.len()]
    }

    /// Returns the effort of a part that is easier to guess than its characters.
    fn part_effort(
        &self,
        chars: &[char],
        forms: &Forms,
        start: usize,
        end: usize,
    ) -> Option<usize> {
        let part = &chars[start..end];
        if chars[..start].ends_with(part) {
            return Some(1);
        }
        let is_weak = |word: &str| WEAK_WORDS.contains(word) || self.words.contains(word);
        if is_year(part) || is_run(part) || forms.any(start, end, is_weak) {
            return Some(2);
        }
        forms
            .any(start, end, |word| COMMON.contains(word))
            .then_some(5)
    }
}

impl fmt::Debug for Blocklist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocklist")
            .field("words", &self.words.len())
            .field("breached", &self.breached)
            .finish_non_exhaustive()
    }
}

/// The length of the shortest known word, in characters.
const MIN_WORD_CHARS: usize = 3;
/// The length of the longest known part, in characters.
const MAX_WORD_CHARS: usize = 32;

/// Django's list of 20 000 common passwords (compiled by Royce Williams), lower-cased, without entries
/// of fewer than eight characters.
static COMMON: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("../common_passwords.txt").lines().collect());

/// Words that many passwords consist of: names, places, clubs, months, the words of sign-in and of
/// this service, in English, Russian and Kazakh, and keyboard patterns.
static WEAK_WORDS: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let mut words = HashSet::new();
    for word in include_str!("weak_words.txt").lines() {
        add_forms(&mut words, word);
    }
    words
});

/// Adds a word, its parts, and their Latin forms.
fn add_forms(words: &mut HashSet<String>, word: &str) {
    let lower = word.to_lowercase();
    let whole: String = lower.chars().filter(|c| c.is_alphanumeric()).collect();
    let parts = lower.split(|c: char| !c.is_alphanumeric());
    for part in parts.chain([whole.as_str()]) {
        let forms = [part.to_owned()].into_iter().chain(transliterate(part));
        let normalized = forms.map(|form| normalize(&form));
        words.extend(normalized.filter(|form| form.chars().count() >= MIN_WORD_CHARS));
    }
}

/// Returns `true` for a year from 1900 to 2099.
fn is_year(part: &[char]) -> bool {
    let is_digits = part.iter().all(char::is_ascii_digit);
    is_digits && part.len() == 4 && matches!((part[0], part[1]), ('1', '9') | ('2', '0'))
}

/// Rows of keys, and alphabets.
const ROWS: [&str; 12] = [
    "123456789012345678901234567890",
    "0123456789",
    "!@#$%^&*()_+",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "йцукенгшщзхъ",
    "фывапролджэ",
    "ячсмитьбю.",
    "abcdefghijklmnopqrstuvwxyz",
    "абвгдежзийклмнопрстуфхцчшщъыьэюя",
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
];

/// Returns `true` for neighbours of a row in either direction, and for the same character repeated.
/// Three letters in a row occur in many words.
fn is_run(part: &[char]) -> bool {
    if part.iter().all(|&c| c == part[0]) {
        return true;
    }
    if part.len() < 4 && part.iter().any(|c| c.is_alphabetic()) {
        return false;
    }
    let forward: String = part.iter().collect();
    let backward: String = part.iter().rev().collect();
    ROWS.iter()
        .any(|row| row.contains(&forward) || row.contains(&backward))
}

/// Returns `true` for something short or common that is repeated.
fn is_repetition(chars: &[char]) -> bool {
    let repeats = (1..=chars.len() / 2).find(|&period| {
        let again = chars.iter().skip(period);
        chars.iter().zip(again).all(|(first, again)| first == again)
    });
    repeats.is_some_and(|period| {
        period < 8 || COMMON.contains(chars[..period].iter().collect::<String>().as_str())
    })
}

#[cfg(test)]
mod tests;
