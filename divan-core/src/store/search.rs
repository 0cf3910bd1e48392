//! What users are found by: prefixes of the words that [`search_words`] gives.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::types::{Role, User, UserId};

/// The most characters of a search.
const MAX_CHARS: usize = 100;

/// The most words of a search. Each one after the first costs a look at every user that the others
/// find.
const MAX_TERMS: usize = 6;

/// Which users a page of the list shows: the newest first, those that fulfil all conditions.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct UserQuery {
    /// Each of them is the beginning of a word of the user.
    pub terms: SearchTerms,
    /// Only users of this role.
    pub role: Option<Role>,
    /// Only users who are active, or are not.
    pub is_active: Option<bool>,
    /// Only users older than this one: where the last page ended.
    pub before: Option<UserId>,
    /// How many at most.
    pub limit: u32,
    /// How many users are gone through at most, where each word of the search is one that many
    /// have.
    pub scan_limit: u32,
}

/// A page of the list of users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundUsers {
    /// Who is on it, the newest first.
    pub users: Vec<User>,
    /// The user at whom the store stopped looking before the page was full: there may be more, who
    /// are older. `None` when a page that is not full is the last one.
    pub scanned_until: Option<UserId>,
}

impl From<Vec<User>> for FoundUsers {
    /// All that there are, or as many as were asked for.
    fn from(users: Vec<User>) -> Self {
        Self {
            users,
            scanned_until: None,
        }
    }
}

impl UserQuery {
    /// The newest users, so many at most. Of those who have to be gone through, 20,000 are.
    pub fn newest(limit: u32) -> Self {
        Self {
            limit,
            scan_limit: 20_000,
            ..Self::default()
        }
    }

    /// Whether the user fulfils the conditions.
    pub fn matches(&self, user: &User) -> bool {
        self.role.is_none_or(|role| user.role == role)
            && self
                .is_active
                .is_none_or(|is_active| user.is_active == is_active)
            && self.before.is_none_or(|before| user.id < before)
            && self.terms.match_words(&search_words(user))
    }
}

/// The words of a search, folded like those of the users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchTerms(Vec<String>);

/// Why a search cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSearch {
    /// It is too long, or has too many words.
    #[error("must have at most {MAX_CHARS} characters and {MAX_TERMS} words")]
    TooLong,
    /// There is nothing in it to look for.
    #[error("must have a letter or a digit")]
    Empty,
}

impl SearchTerms {
    /// Reads what somebody typed: words of a name, an e-mail address or a phone number, or the
    /// beginnings of them.
    ///
    /// # Errors
    /// [`InvalidSearch`].
    ///
    /// ```
    /// use divan_core::store::SearchTerms;
    ///
    /// assert_eq!(SearchTerms::parse("ҚАСЫМ ал")?, SearchTerms::parse("касым Ал")?);
    /// assert_eq!(SearchTerms::parse("+7 (701) 12")?, SearchTerms::parse("770112")?);
    /// # Ok::<(), divan_core::store::InvalidSearch>(())
    /// ```
    pub fn parse(typed: &str) -> Result<Self, InvalidSearch> {
        if typed.chars().count() > MAX_CHARS {
            return Err(InvalidSearch::TooLong);
        }
        let folded = fold(typed);
        let mut terms = BTreeSet::new();
        if folded.chars().all(is_of_a_phone) {
            terms.insert(digits(&folded));
        } else {
            for part in folded.split_whitespace() {
                if part.contains('@') {
                    terms.insert(part.to_owned());
                } else {
                    terms.extend(words(part));
                }
            }
        }
        terms.remove("");
        if terms.is_empty() {
            return Err(InvalidSearch::Empty);
        }
        if terms.len() > MAX_TERMS {
            return Err(InvalidSearch::TooLong);
        }
        Ok(Self(terms.into_iter().collect()))
    }

    /// The words, in no order that means anything.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether each of them is the beginning of one of these words.
    fn match_words(&self, words: &BTreeSet<String>) -> bool {
        self.iter()
            .all(|term| words.iter().any(|word| word.starts_with(term)))
    }
}

/// The words that a user is found by: those of the name and of the first part of the e-mail
/// address, the whole address, and the phone number's digits. Case, accents and what sets Kazakh
/// letters apart from the Russian ones they come from are folded away, because people type what
/// their keyboard has.
pub fn search_words(user: &User) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = words(&fold(&user.full_name)).collect();
    if let Some(email) = &user.email {
        let email = fold(email.as_str());
        found.extend(words(email.split('@').next().unwrap_or_default()));
        found.insert(email);
    }
    if let Some(phone) = &user.phone {
        let number = digits(phone.as_str());
        // In the countries with code 7 people write 8 for it, or leave it out.
        if let Some(national) = number.strip_prefix('7') {
            found.insert(format!("8{national}"));
            found.insert(national.to_owned());
        }
        found.insert(number);
    }
    found
}

/// The least text that is greater than every text with this prefix, ordered by bytes; `None` when
/// there is none.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(super) fn after_prefix(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        // The next code point; surrogates are none.
        let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(next) = next {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

fn words(folded: &str) -> impl Iterator<Item = String> {
    folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn is_of_a_phone(c: char) -> bool {
    c.is_ascii_digit() || c.is_whitespace() || "+()-./".contains(c)
}

fn fold(text: &str) -> String {
    let letters = text
        .nfkd()
        .filter(|&c| !is_combining_mark(c))
        .flat_map(char::to_lowercase);
    letters.map(without_kazakh_mark).collect()
}

/// The Russian letter that a Kazakh one was made from.
fn without_kazakh_mark(letter: char) -> char {
    match letter {
        'ә' => 'а',
        'ғ' => 'г',
        'қ' => 'к',
        'ң' => 'н',
        'ө' => 'о',
        'ұ' | 'ү' => 'у',
        'һ' => 'х',
        'і' => 'и',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;
    use uuid::Uuid;

    use super::*;

    fn user(name: &str, phone: Option<&str>, email: Option<&str>) -> User {
        let mut user = User::new(
            UserId(Uuid::nil()),
            Role::Employee,
            name,
            OffsetDateTime::UNIX_EPOCH,
        );
        user.phone = phone.map(|phone| phone.parse().unwrap());
        user.email = email.map(|email| email.parse().unwrap());
        user
    }

    #[track_caller]
    fn finds(typed: &str, user: &User) -> bool {
        let query = UserQuery {
            terms: SearchTerms::parse(typed).unwrap(),
            ..UserQuery::newest(1)
        };
        query.matches(user)
    }

    #[test]
    fn a_person_is_found_by_what_people_type() {
        let person = user(
            "Қасым-Жомарт Фёдоров",
            Some("+77011234567"),
            Some("k.fedorov@example.com"),
        );
        for typed in [
            "касым",
            "ҚАСЫМ",
            "Қас",
            "жом",
            "федоров",
            "ФЁДОР",
            "фед кас",
            "+7 701 123",
            "8 (701)",
            "701",
            "77011234567",
            "k.fed",
            "K.Fedorov@Example.COM",
            "k.fedorov@ex",
            "Фёдоров 8701",
        ] {
            assert!(finds(typed, &person), "{typed}");
        }
        for typed in [
            "асым",
            "едоров",
            "иванов",
            "касым иванов",
            "011",
            "fedorov@",
            "+7 702",
        ] {
            assert!(!finds(typed, &person), "{typed}");
        }
    }

    #[test]
    fn accents_and_compatibility_forms_are_folded() {
        for (typed, name) in [
            ("jose", "José"),
            ("JOSÉ", "Jose"),
            ("strasse", "Strasse"),
            ("ﬁn", "Finn"),
            ("Ёл", "елена"),
        ] {
            assert!(finds(typed, &user(name, None, None)), "{typed}");
        }
    }

    #[test]
    fn a_search_for_nothing_or_for_too_much_is_refused() {
        for typed in ["", " ", "!?", "+", "()"] {
            assert_eq!(
                SearchTerms::parse(typed),
                Err(InvalidSearch::Empty),
                "{typed:?}"
            );
        }
        for typed in ["x".repeat(101), "a b c d e f g".to_owned()] {
            assert_eq!(
                SearchTerms::parse(&typed),
                Err(InvalidSearch::TooLong),
                "{typed:?}"
            );
        }
        assert!(SearchTerms::parse(&"ы".repeat(100)).is_ok());
    }

    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    #[test]
    fn the_end_of_a_range_of_words() {
        for (prefix, after) in [
            ("a", "b"),
            ("я", "ѐ"),
            ("az", "a{"),
            ("\u{D7FF}", "\u{E000}"),
            ("a\u{10FFFF}", "b"),
        ] {
            assert_eq!(after_prefix(prefix).as_deref(), Some(after));
            assert!(format!("{prefix}\u{10FFFF}").as_str() < after);
        }
        assert_eq!(after_prefix("\u{10FFFF}"), None);
    }
}
