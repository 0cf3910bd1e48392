//! Search for users by prefixes of the words that [`search_words`] returns.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::types::phone_spelling::other_spelling;
use crate::types::{ExternalId, Role, TelegramId, User, UserId};

/// Maximum number of characters in a search.
const MAX_CHARS: usize = 100;

/// Maximum number of words in a search. Each word after the first is checked for every user that
/// the others match.
const MAX_TERMS: usize = 6;

/// Conditions of a page of users, newest first.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct UserQuery {
    /// Each term is a prefix of a word of the user.
    pub terms: SearchTerms,
    /// Only users with this role.
    pub role: Option<Role>,
    /// Only active or only inactive users.
    pub is_active: Option<bool>,
    /// Only the user with this external id.
    pub external_id: Option<ExternalId>,
    /// Only the user with this linked Telegram account.
    pub telegram_id: Option<TelegramId>,
    /// Only users who have or have not signed in yet.
    pub has_signed_in: Option<bool>,
    /// Only users with or without a linked Telegram account.
    pub is_linked: Option<bool>,
    /// Only users older than this one, the last of the previous page.
    pub before: Option<UserId>,
    /// Maximum number of users.
    pub limit: u32,
    /// Returns the users with their metadata.
    pub with_metadata: bool,
    /// Maximum number of users to scan when many users have each word of the search.
    pub scan_limit: u32,
}

/// The number of users that match a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserCount {
    /// The number of users, at most [`MAX`](Self::MAX).
    pub users: u32,
    /// There are more users, or there may be more.
    pub is_minimum: bool,
}

impl UserCount {
    /// The greatest number that is counted.
    pub const MAX: u32 = 10_000;

    /// Creates the count from the number of users that were found among `scanned_all` or only the
    /// newest ones.
    pub fn new(found: u32, scanned_all: bool) -> Self {
        Self {
            users: found.min(Self::MAX),
            is_minimum: found > Self::MAX || !scanned_all,
        }
    }
}

/// A page of the list of users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundUsers {
    /// The users, newest first.
    pub users: Vec<User>,
    /// The last user that was scanned, when [`UserQuery::scan_limit`] was reached before the page was
    /// full: there may be older matches. `None` when a page that is not full is the last one.
    pub scanned_until: Option<UserId>,
}

impl From<Vec<User>> for FoundUsers {
    /// Creates a page that no scan limit cut short.
    fn from(users: Vec<User>) -> Self {
        Self {
            users,
            scanned_until: None,
        }
    }
}

impl UserQuery {
    /// Finds the newest users, at most `limit`, scanning at most 20,000.
    pub fn newest(limit: u32) -> Self {
        Self {
            limit,
            scan_limit: 20_000,
            ..Self::default()
        }
    }

    /// Returns `true` if the user matches all conditions.
    pub fn matches(&self, user: &User) -> bool {
        self.role.is_none_or(|role| user.role == role)
            && self
                .is_active
                .is_none_or(|is_active| user.is_active == is_active)
            && self
                .has_signed_in
                .is_none_or(|signed_in| user.last_login_at.is_some() == signed_in)
            && self
                .is_linked
                .is_none_or(|is_linked| user.telegram_id.is_some() == is_linked)
            && (self.telegram_id.is_none() || user.telegram_id == self.telegram_id)
            && (self.external_id.is_none() || user.external_id == self.external_id)
            && self.before.is_none_or(|before| user.id < before)
            && self.terms.match_words(&search_words(user))
    }
}

/// Normalized terms of a search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchTerms(Vec<String>);

/// Error of an invalid search text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSearch {
    /// The text is too long or has too many words.
    #[error("must have at most {MAX_CHARS} characters and {MAX_TERMS} words")]
    TooLong,
    /// The text has no letter or digit.
    #[error("must contain a letter or a digit")]
    Empty,
}

impl SearchTerms {
    /// Parses a search text: prefixes of words of a name, of an e-mail address, of a phone number or,
    /// after `@`, of a Telegram username.
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
        // They separate words: no stored word has one, and PostgreSQL refuses text with a NUL.
        let typed = typed.replace(char::is_control, " ");
        let folded = fold(&typed);
        let mut terms = BTreeSet::new();
        if folded.chars().all(is_phone_char) {
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
        terms.remove("@");
        if terms.is_empty() {
            return Err(InvalidSearch::Empty);
        }
        if terms.len() > MAX_TERMS {
            return Err(InvalidSearch::TooLong);
        }
        Ok(Self(terms.into_iter().collect()))
    }

    /// Iterates over the terms in unspecified order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Returns `true` if every term is a prefix of one of the words.
    fn match_words(&self, words: &BTreeSet<String>) -> bool {
        self.iter()
            .all(|term| words.iter().any(|word| word.starts_with(term)))
    }
}

/// Returns the search words of a user: those of the name and of the local part of the e-mail
/// address, the whole address, the digits of the phone number in each spelling that people use, and
/// the Telegram username after `@`. Case, accents and the difference between Kazakh letters and the
/// Russian letters they derive from are removed, because users type what their keyboard has.
pub fn search_words(user: &User) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = words(&fold(&user.full_name)).collect();
    if let Some(email) = &user.email {
        found.insert(fold(&email.to_unicode()));
        let email = fold(email.as_str());
        found.extend(words(email.split('@').next().unwrap_or_default()));
        found.insert(email);
    }
    if let Some(name) = &user.telegram_username {
        found.insert(format!("@{}", fold(name)));
    }
    if let Some(phone) = &user.phone {
        let number = digits(phone.as_str());
        // In countries with code 7, users write 8 instead of it or omit it.
        if let Some(national) = number.strip_prefix('7') {
            found.insert(format!("8{national}"));
            found.insert(national.to_owned());
        }
        found.extend(other_spelling(phone));
        found.insert(number);
    }
    found
}

/// Returns the smallest text, ordered by bytes, that is greater than every text with this prefix;
/// `None` when there is none.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(super) fn after_prefix(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        // Skips surrogates.
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

fn is_phone_char(c: char) -> bool {
    c.is_ascii_digit() || c.is_whitespace() || "+()-./".contains(c)
}

fn fold(text: &str) -> String {
    let letters = text
        .nfkd()
        .filter(|&c| !is_combining_mark(c))
        .flat_map(char::to_lowercase);
    letters.map(without_kazakh_mark).collect()
}

/// Replaces a Kazakh letter by the Russian letter it derives from.
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
        user.telegram_username = Some("First_Last42".to_owned());
        user.email = email.map(|email| email.parse().unwrap());
        user
    }

    #[track_caller]
    fn finds(text: &str, user: &User) -> bool {
        let query = UserQuery {
            terms: SearchTerms::parse(text).unwrap(),
            ..UserQuery::newest(1)
        };
        query.matches(user)
    }

    #[test]
    fn search_finds_users_by_prefixes_of_name_email_and_phone() {
        let user = user(
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
            "@first",
            "@FIRST_LAST42",
            "касым @first_l",
        ] {
            assert!(finds(typed, &user), "{typed}");
        }
        for typed in [
            "асым",
            "едоров",
            "иванов",
            "касым иванов",
            "011",
            "fedorov@",
            "first",
            "@last",
            "@first last",
            "+7 702",
        ] {
            assert!(!finds(typed, &user), "{typed}");
        }
    }

    #[test]
    fn search_finds_both_spellings_of_a_phone_number() {
        for (stored, spellings) in [
            ("+525512345678", ["+52 55 1234", "+52 1 55 1234 5678"]),
            ("+5491123456789", ["+54 9 11 2345", "+54 11 2345-6789"]),
            ("+5511987654321", ["+55 11 98765", "+55 11 8765-4321"]),
        ] {
            for typed in spellings {
                assert!(finds(typed, &user("A", Some(stored), None)), "{typed}");
            }
        }
        let fixed = user("A", Some("+551123456789"), None);
        assert!(!finds("+55 11 9", &fixed));
    }

    #[test]
    fn search_finds_both_forms_of_an_internationalised_domain() {
        let user = user("A", None, Some("k@пример.рф"));
        for typed in ["k@прим", "K@ПРИМЕР.РФ", "k@xn--e1afmkfd.xn--p1ai", "k@xn--"] {
            assert!(finds(typed, &user), "{typed}");
        }
        assert!(!finds("k@other", &user));
    }

    #[test]
    fn search_ignores_accents_and_compatibility_forms() {
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
    fn empty_and_too_long_searches_are_rejected() {
        for typed in ["", " ", "!?", "+", "()", "@"] {
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
    fn after_prefix_is_the_end_of_a_word_range() {
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
