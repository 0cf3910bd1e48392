//! The forms of a password in which a known word can hide.

use unicode_normalization::UnicodeNormalization;

use crate::password::digits::ToDecimalDigit;

/// Normalizes a text for comparison: NFKC, lower case, ASCII digits, and Russian letters instead of
/// Kazakh ones and `ё`.
pub(super) fn normalize(text: &str) -> String {
    text.nfkc()
        .flat_map(char::to_lowercase)
        .map(|c| c.to_decimal_digit().unwrap_or(c))
        .map(|c| replace(c, KAZAKH, RUSSIAN).unwrap_or(c))
        .collect()
}

/// Writes a lower-case Cyrillic word with Latin letters, in two usual ways.
pub(super) fn transliterate(word: &str) -> [String; 2] {
    let common = |c| match c {
        'қ' => "k",
        'ғ' => "g",
        'ә' => "a",
        'й' | 'ы' => "y",
        'ц' => "ts",
        'х' | 'һ' => "h",
        'ж' => "zh",
        'щ' => "sch",
        'ю' => "yu",
        'я' => "ya",
        c => letter(c),
    };
    let other = |c| match c {
        'қ' => "q",
        'ғ' => "g",
        'ә' => "a",
        'й' => "i",
        'ы' => "y",
        'ц' => "c",
        'х' | 'һ' => "kh",
        'ж' => "j",
        'щ' => "shch",
        'ю' => "iu",
        'я' => "ia",
        c => letter(c),
    };
    [
        word.chars().map(common).collect(),
        word.chars().map(other).collect(),
    ]
}

/// Returns the Latin form of a letter with only one usual form.
fn letter(c: char) -> &'static str {
    match c {
        'а' => "a",
        'б' => "b",
        'в' => "v",
        'г' => "g",
        'д' => "d",
        'е' | 'ё' | 'э' => "e",
        'з' => "z",
        'и' | 'і' => "i",
        'к' => "k",
        'л' => "l",
        'м' => "m",
        'н' | 'ң' => "n",
        'о' | 'ө' => "o",
        'п' => "p",
        'р' => "r",
        'с' => "s",
        'т' => "t",
        'у' | 'ұ' | 'ү' => "u",
        'ф' => "f",
        'ч' => "ch",
        'ш' => "sh",
        _ => "",
    }
}

const KAZAKH: &str = "ёәғқңөұүһі";
const RUSSIAN: &str = "еагкноуухи";

// The same keys with the English and with the Russian layout.
const LATIN_KEYS: &str = "qwertyuiop[]asdfghjkl;'zxcvbnm,.{}:\"<>";
const CYRILLIC_KEYS: &str = "йцукенгшщзхъфывапролджэячсмитьбюхъжэбю";

const LATIN_SIGNS: &str = "@4$5031!7+8";
const AS_I: &str = "aassoeiittb";
const AS_L: &str = "aassoelittb";
const CYRILLIC_SIGNS: &str = "@0346$";
const AS_CYRILLIC: &str = "аозчбс";

// Letters that look the same.
const CYRILLIC_SHAPES: &str = "авеикмнорстух";
const LATIN_SHAPES: &str = "abeukmhopctyx";

fn replace(c: char, from: &str, to: &str) -> Option<char> {
    let index = from.chars().position(|other| other == c)?;
    to.chars().nth(index)
}

/// A form of a password with one character for each of its characters.
struct Form {
    text: String,
    /// The byte offset of each character, and of the end.
    offsets: Vec<usize>,
    is_reversed: bool,
}

impl Form {
    fn new(chars: &[char], is_reversed: bool) -> Self {
        let text: String = if is_reversed {
            chars.iter().rev().collect()
        } else {
            chars.iter().collect()
        };
        let starts = text.char_indices().map(|(offset, _)| offset);
        let offsets = starts.chain([text.len()]).collect();
        Self {
            text,
            offsets,
            is_reversed,
        }
    }

    /// Returns the form of some characters of the password.
    fn slice(&self, start: usize, end: usize) -> &str {
        let (start, end) = if self.is_reversed {
            let len = self.offsets.len() - 1;
            (len - end, len - start)
        } else {
            (start, end)
        };
        &self.text[self.offsets[start]..self.offsets[end]]
    }
}

/// All forms of a password: as typed, with the other keyboard layout, with letters instead of signs
/// (`@` for `a`) and of letters that look the same, each also reversed.
pub(super) struct Forms(Vec<Form>);

impl Forms {
    /// Creates the forms of a normalized password.
    pub(super) fn new(chars: &[char]) -> Self {
        let replaced = |from: &str, to: &str| -> Vec<char> {
            let replace = |&c| replace(c, from, to).unwrap_or(c);
            chars.iter().map(replace).collect()
        };
        let mut distinct: Vec<Vec<char>> = vec![chars.to_vec()];
        for (from, to) in [
            (CYRILLIC_KEYS, LATIN_KEYS),
            (LATIN_KEYS, CYRILLIC_KEYS),
            (LATIN_SIGNS, AS_I),
            (LATIN_SIGNS, AS_L),
            (CYRILLIC_SIGNS, AS_CYRILLIC),
            (CYRILLIC_SHAPES, LATIN_SHAPES),
            (LATIN_SHAPES, CYRILLIC_SHAPES),
        ] {
            let form = replaced(from, to);
            if !distinct.contains(&form) {
                distinct.push(form);
            }
        }
        let both = |form: &Vec<char>| [false, true].map(|reversed| Form::new(form, reversed));
        Self(distinct.iter().flat_map(both).collect())
    }

    /// Returns `true` if one of the forms of some characters is in a list.
    pub(super) fn any(&self, start: usize, end: usize, is_listed: impl Fn(&str) -> bool) -> bool {
        self.0.iter().any(|form| is_listed(form.slice(start, end)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_replacement_has_a_counterpart() {
        for (from, to) in [
            (KAZAKH, RUSSIAN),
            (LATIN_KEYS, CYRILLIC_KEYS),
            (LATIN_SIGNS, AS_I),
            (LATIN_SIGNS, AS_L),
            (CYRILLIC_SIGNS, AS_CYRILLIC),
            (CYRILLIC_SHAPES, LATIN_SHAPES),
        ] {
            assert_eq!(from.chars().count(), to.chars().count(), "{from}");
        }
    }

    #[test]
    fn cyrillic_words_have_two_latin_forms() {
        assert_eq!(transliterate("қазақ"), ["kazak", "qazaq"]);
        assert_eq!(transliterate("жанна"), ["zhanna", "janna"]);
    }
}
