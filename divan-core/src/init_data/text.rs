use std::borrow::Cow;
use std::fmt::{self, Write as _};

/// Text inside one of the signed JSON objects, borrowed in its escaped form.
///
/// Telegram escapes some characters (`https:\/\/t.me`), so the text may differ from the bytes that
/// it is read from. `Display`, [`chars`](Self::chars) and comparison decode the escapes without
/// allocating; [`to_cow`](Self::to_cow) returns a string. The decoded text may contain any
/// character, including control characters: sanitize user-chosen names before you print them.
///
/// ```
/// # use divan_core::{clock::SystemClock, clock::Clock, init_data::{BotToken, InitDataBuilder, Verifier}};
/// # let token: BotToken = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000".parse()?;
/// # let user = r#"{"id":42,"first_name":"First","photo_url":"https:\/\/t.me\/i\/userpic\/320\/first.svg"}"#;
/// # let raw = InitDataBuilder::new(SystemClock.unix_seconds()).field("user", user).sign(&token);
/// # let data = Verifier::new(token, std::time::Duration::from_hours(1)).verify(&raw)?;
/// let user = data.user()?.ok_or("no user")?;
/// assert_eq!(user.first_name.as_str(), Some("First"));
/// assert_eq!(user.photo_url.ok_or("no photo")?.to_string(), "https://t.me/i/userpic/320/first.svg");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Text<'a> {
    /// Content of a JSON string between the quotes, with valid escapes.
    inside: &'a str,
    is_escaped: bool,
}

impl<'a> Text<'a> {
    pub(super) fn plain(text: &'a str) -> Self {
        Self {
            inside: text,
            is_escaped: false,
        }
    }

    /// Creates a text from the content of a JSON string with valid escapes.
    pub(super) fn escaped(inside: &'a str) -> Self {
        Self {
            inside,
            is_escaped: true,
        }
    }

    /// Returns the text if it contains no escapes, `None` otherwise.
    #[inline]
    pub fn as_str(self) -> Option<&'a str> {
        if self.is_escaped {
            None
        } else {
            Some(self.inside)
        }
    }

    /// Returns the text. Allocates only to decode escapes.
    pub fn to_cow(self) -> Cow<'a, str> {
        self.as_str()
            .map_or_else(|| Cow::Owned(self.chars().collect()), Cow::Borrowed)
    }

    /// Iterates over the decoded characters.
    pub fn chars(self) -> impl Iterator<Item = char> + 'a {
        let (plain, escaped) = if self.is_escaped {
            ("", self.inside)
        } else {
            (self.inside, "")
        };
        plain.chars().chain(Chars(escaped))
    }
}

/// Iterator over the decoded characters of a JSON string.
struct Chars<'a>(&'a str);

impl Iterator for Chars<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let (next, rest) = next_char(self.0)?;
        self.0 = rest;
        Some(next)
    }
}

/// Returns the first decoded character of a JSON string and the remaining text, or `None` at the end
/// and at an invalid escape.
pub(super) fn next_char(text: &str) -> Option<(char, &str)> {
    let Some(escape) = text.strip_prefix('\\') else {
        let mut chars = text.chars();
        return chars.next().map(|next| (next, chars.as_str()));
    };
    let next = match escape.bytes().next()? {
        b'u' => return unicode_escape(&escape[1..]),
        b'b' => '\u{8}',
        b'f' => '\u{C}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        same @ (b'"' | b'\\' | b'/') => char::from(same),
        _ => return None,
    };
    Some((next, &escape[1..]))
}

/// Decodes the rest of a `\u` escape: four hex digits, or a surrogate pair.
fn unicode_escape(text: &str) -> Option<(char, &str)> {
    let (first, rest) = utf16_unit(text)?;
    let one = char::decode_utf16([first]).next()?;
    if let Ok(next) = one {
        return Some((next, rest));
    }
    let (second, rest) = utf16_unit(rest.strip_prefix("\\u")?)?;
    let pair = char::decode_utf16([first, second]).next()?.ok()?;
    Some((pair, rest))
}

fn utf16_unit(text: &str) -> Option<(u16, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    let is_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
    is_hex
        .then(|| u16::from_str_radix(digits, 16).ok())?
        .map(|unit| (unit, rest))
}

impl From<Text<'_>> for String {
    fn from(text: Text<'_>) -> Self {
        text.to_cow().into_owned()
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_str() {
            Some(text) => f.pad(text),
            None if f.width().is_some() || f.precision().is_some() => f.pad(&self.to_cow()),
            None => self.chars().try_for_each(|next| f.write_char(next)),
        }
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_cow(), f)
    }
}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        self.as_str()
            .map_or_else(|| self.chars().eq(other.chars()), |text| text == other)
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        other
            .as_str()
            .map_or_else(|| self.chars().eq(other.chars()), |other| self == other)
    }
}

impl Eq for Text<'_> {}

#[cfg(feature = "serde")]
impl serde::Serialize for Text<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "utoipa")]
impl utoipa::PartialSchema for Text<'_> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        String::schema()
    }
}

#[cfg(feature = "utoipa")]
impl utoipa::ToSchema for Text<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded() {
        let text = Text::escaped(r#"\"\\\/\b\f\n\r\t\u0041\u00e9\uD83D\uDE00é"#);
        assert_eq!(text.to_string(), "\"\\/\u{8}\u{C}\n\r\tAé😀é");
        assert_eq!(text, "\"\\/\u{8}\u{C}\n\r\tAé😀é");
        assert_eq!(text.as_str(), None);
        assert_eq!(
            format!("[{:>3}{:.1}]", Text::escaped(r"\/"), Text::escaped(r"\/b")),
            "[  //]"
        );
        assert_eq!(text.chars().count(), 12);
        assert_eq!(text, Text::plain(&text.to_cow()));
    }

    #[test]
    fn an_invalid_escape_ends_the_text() {
        for text in [
            r"\",
            r"\x",
            r"\u",
            r"\u12",
            r"\u12g4",
            r"\u+123",
            r"\uD83D",
            r"\uD83Dx",
            r"\uDE00",
            r"\uD83D\u0041",
        ] {
            assert!(next_char(text).is_none(), "{text}");
        }
    }
}
