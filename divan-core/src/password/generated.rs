//! The form of generated passwords and recovery codes: four groups of four letters and digits.

/// Crockford's Base32, without i, l, o and u.
pub(crate) const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Number of characters of a group and its separator.
const GROUP: usize = 5;
const CHARS: usize = 19;

/// Returns the password of 16 random bytes: 80 random bits.
pub(crate) fn text(random: &[u8; 16]) -> String {
    let mut text = String::with_capacity(CHARS);
    for (index, byte) in random.iter().enumerate() {
        if index > 0 && index % (GROUP - 1) == 0 {
            text.push('-');
        }
        text.push(char::from(ALPHABET[usize::from(byte % 32)]));
    }
    text
}

/// Removes white space around a generated password; returns any other text as it is.
pub(super) fn trim(entered: &str) -> &str {
    let trimmed = entered.trim_matches(is_space);
    if is_generated(trimmed) {
        trimmed
    } else {
        entered
    }
}

/// Returns `true` for white space, and for the invisible characters that are copied like it.
fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200B}' | '\u{2060}' | '\u{FEFF}')
}

fn is_generated(text: &str) -> bool {
    text.len() == CHARS
        && text.bytes().enumerate().all(|(index, byte)| {
            if index % GROUP == GROUP - 1 {
                byte == b'-'
            } else {
                ALPHABET.contains(&byte)
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::Password;

    #[test]
    fn white_space_around_a_generated_password_is_removed() {
        let generated = text(&[
            0, 17, 34, 51, 68, 85, 102, 119, 136, 153, 170, 187, 204, 221, 238, 255,
        ]);
        for (before, after) in [
            ("", ""),
            (" ", ""),
            ("", "\r\n"),
            ("\t\u{A0}", " \n"),
            ("\u{FEFF}", "\u{200B}"),
        ] {
            let entered = format!("{before}{generated}{after}");
            let password = Password::new(&entered.into()).unwrap();
            assert_eq!(password.as_str(), generated);
        }
    }

    #[test]
    fn chosen_passwords_are_kept_as_they_are() {
        for entered in [
            " umbrella 77 ",
            " ",
            " 0123-4567-89ab-cdei ",
            " 0123-4567-89ab-CDEF",
            " 0123 4567 89ab cdef ",
            " 0123-4567-89ab-cde\n",
            " 0123-4567-89ab-cdefg\n",
            "0123-4567-89ab-cdef 0123-4567-89ab-cdef ",
            " ы123-4567-89ab-cdef",
        ] {
            let password = Password::new(&entered.into()).unwrap();
            assert_eq!(password.as_str(), entered);
        }
    }
}
