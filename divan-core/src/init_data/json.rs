//! Reads the JSON objects inside signed data, in place.
//!
//! What is read here was signed by Telegram and holds no control characters, so only its shape is
//! in question.
//! [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259) exactly, and stricter in one way: no key
//! comes twice in an object, known or not, however it is spelled. A reader that takes the first and
//! one that takes the last must not see two different objects.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use super::bits::{BLOCK, bits};
use super::error::Malformed;
use super::text::{Text, next_char};

/// How deep arrays and objects may nest; the documented objects are one level deep.
const MAX_DEPTH: u8 = 64;

/// A type that is one JSON object.
pub(super) trait FromObject<'a>: Sized {
    fn from_object(reader: &mut Reader<'a>) -> Result<Self, Malformed>;
}

/// Reads a text that is one JSON object and nothing else.
pub(super) fn parse<'a, T: FromObject<'a>>(text: &'a str) -> Result<T, Malformed> {
    let mut reader = Reader::new(text, 0, MAX_DEPTH);
    reader.lookups = 16;
    let object = T::from_object(&mut reader)?;
    reader.skip_whitespace();
    if reader.at == text.len() {
        Ok(object)
    } else {
        Err(Malformed::Json)
    }
}

/// The value of a member.
#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    Text(Text<'a>),
    Number(&'a str),
    Boolean(bool),
    Null,
    /// An array or an object; nothing that is documented is one.
    Nested,
}

impl<'a> Value<'a> {
    pub(super) fn text(self) -> Result<Text<'a>, Malformed> {
        if let Self::Text(text) = self {
            Ok(text)
        } else {
            Err(Malformed::Json)
        }
    }

    /// A whole number: no fraction, no exponent.
    pub(super) fn integer(self) -> Result<i64, Malformed> {
        match self {
            // `-0` is a number, but not one that `i64` can tell from `0`.
            Self::Number("-0") => Err(Malformed::Json),
            Self::Number(number) => number.parse().map_err(|_| Malformed::Json),
            _ => Err(Malformed::Json),
        }
    }

    pub(super) fn text_or_null(self) -> Result<Option<Text<'a>>, Malformed> {
        if let Self::Null = self {
            Ok(None)
        } else {
            self.text().map(Some)
        }
    }

    pub(super) fn boolean_or_null(self) -> Result<Option<bool>, Malformed> {
        match self {
            Self::Boolean(value) => Ok(Some(value)),
            Self::Null => Ok(None),
            _ => Err(Malformed::Json),
        }
    }
}

/// A place in a JSON text.
///
/// What every member needs is inlined into the reader of its object, so that the place stays in a
/// register: half of the time otherwise. The rest takes the text by value for the same reason.
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// How much deeper it may go.
    depth: u8,
    /// Whether keys that come twice are looked for.
    is_checked: bool,
    /// How many keys may still be looked for where they stand, which takes no memory, but a walk
    /// through the object each.
    lookups: u8,
    /// Where the block starts that was looked at last, and the `"` and `\` in it.
    marked: usize,
    marks: u64,
}

#[expect(clippy::inline_always, reason = "see above")]
impl<'a> Reader<'a> {
    #[inline(always)]
    fn new(text: &'a str, at: usize, depth: u8) -> Self {
        Self {
            text,
            at,
            depth,
            is_checked: true,
            lookups: 0,
            marked: usize::MAX,
            marks: 0,
        }
    }

    /// Reads an object and hands over its members.
    #[inline(always)]
    pub(super) fn object(
        &mut self,
        mut member: impl FnMut(&str, Value<'a>) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        self.expect(b'{')?;
        if self.is_next(b'}') {
            return Ok(());
        }
        let first = self.at;
        let mut prints = 0;
        // Empty, and off the heap, as long as the prints tell the keys apart: those that are
        // documented are.
        let mut seen = BTreeSet::new();
        loop {
            self.skip_whitespace();
            let start = self.at;
            let key = self.string()?;
            let print = print(key);
            if (prints & print != 0 || !seen.is_empty()) && self.is_checked {
                self.refuse_repeated(key, first..start, &mut seen)?;
            }
            prints |= print;
            self.expect(b':')?;
            let value = self.value()?;
            let resolved;
            let name = if let Some(name) = key.as_str() {
                name
            } else {
                resolved = key.to_cow();
                &*resolved
            };
            member(name, value)?;
            if !self.is_next(b',') {
                return self.expect(b'}');
            }
        }
    }

    /// Looks for a key among those of the same object that stand in a range.
    #[cold]
    fn refuse_repeated(
        &mut self,
        key: Text<'a>,
        range: Range<usize>,
        seen: &mut BTreeSet<Cow<'a, str>>,
    ) -> Result<(), Malformed> {
        let mut is_repeated = false;
        if seen.is_empty() && self.lookups > 0 {
            self.lookups -= 1;
            visit_keys(self.text, range, |other| is_repeated |= other == key)?;
        } else {
            if seen.is_empty() {
                visit_keys(self.text, range, |other| _ = seen.insert(other.to_cow()))?;
            }
            is_repeated = !seen.insert(key.to_cow());
        }
        if is_repeated {
            Err(Malformed::Json)
        } else {
            Ok(())
        }
    }

    #[inline(always)]
    fn value(&mut self) -> Result<Value<'a>, Malformed> {
        self.skip_whitespace();
        match self.peek() {
            b'"' => self.string().map(Value::Text),
            b't' => self.word("true", Value::Boolean(true)),
            b'f' => self.word("false", Value::Boolean(false)),
            b'n' => self.word("null", Value::Null),
            b'{' | b'[' => {
                self.at = skip_nested(self.text, self.at, self.depth, self.is_checked)?;
                Ok(Value::Nested)
            }
            _ => {
                let start = self.at;
                self.at = skip_number(self.text, start)?;
                Ok(Value::Number(&self.text[start..self.at]))
            }
        }
    }

    #[inline(always)]
    fn string(&mut self) -> Result<Text<'a>, Malformed> {
        if self.peek() != b'"' {
            return Err(Malformed::Json);
        }
        self.at += 1;
        let start = self.at;
        let mut is_escaped = false;
        loop {
            self.find_quote_or_backslash()?;
            if self.peek() == b'"' {
                break;
            }
            is_escaped = true;
            self.at += escape_len(self.text, self.at).ok_or(Malformed::Json)?;
        }
        let inside = &self.text[start..self.at];
        self.at += 1;
        Ok(if is_escaped {
            Text::escaped(inside)
        } else {
            Text::plain(inside)
        })
    }

    /// Goes to the next `"` or `\`.
    #[inline(always)]
    fn find_quote_or_backslash(&mut self) -> Result<(), Malformed> {
        loop {
            let block = self.at - self.at % BLOCK;
            if self.marked != block {
                self.marks = mark(self.text, block).ok_or(Malformed::Json)?;
                self.marked = block;
            }
            let ahead = self.marks >> (self.at % BLOCK);
            if ahead != 0 {
                self.at += ahead.trailing_zeros() as usize;
                return Ok(());
            }
            self.at = block + BLOCK;
        }
    }

    #[inline(always)]
    fn word(&mut self, word: &str, value: Value<'a>) -> Result<Value<'a>, Malformed> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(Malformed::Json);
        }
        self.at += word.len();
        Ok(value)
    }

    /// The byte at this place; zero, which means nothing in JSON, at the end.
    #[inline(always)]
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    #[inline(always)]
    fn is_next(&mut self, byte: u8) -> bool {
        self.skip_whitespace();
        let is_next = self.peek() == byte;
        self.at += usize::from(is_next);
        is_next
    }

    #[inline(always)]
    fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.is_next(byte) {
            Ok(())
        } else {
            Err(Malformed::Json)
        }
    }

    #[inline(always)]
    fn skip_whitespace(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }
}

/// Where the array or object ends that starts at this place. In it, too, no key may come twice.
#[cold]
fn skip_nested(text: &str, at: usize, depth: u8, is_checked: bool) -> Result<usize, Malformed> {
    let mut reader = Reader::new(text, at, depth.checked_sub(1).ok_or(Malformed::Json)?);
    reader.is_checked = is_checked;
    if reader.peek() == b'{' {
        reader.object(|_, _| Ok(()))?;
        return Ok(reader.at);
    }
    reader.at += 1;
    if reader.is_next(b']') {
        return Ok(reader.at);
    }
    loop {
        reader.value()?;
        if !reader.is_next(b',') {
            reader.expect(b']')?;
            return Ok(reader.at);
        }
    }
}

/// Where the number ends that starts at this place.
fn skip_number(text: &str, start: usize) -> Result<usize, Malformed> {
    let bytes = text.as_bytes();
    let is_any = |at: usize, any: &[u8]| bytes.get(at).is_some_and(|byte| any.contains(byte));
    let digits = |from: usize| {
        let count = bytes[from..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if count == 0 {
            Err(Malformed::Json)
        } else {
            Ok(from + count)
        }
    };
    let whole = start + usize::from(is_any(start, b"-"));
    let mut at = digits(whole)?;
    if bytes[whole] == b'0' && at - whole > 1 {
        return Err(Malformed::Json);
    }
    if is_any(at, b".") {
        at = digits(at + 1)?;
    }
    if is_any(at, b"eE") {
        at = digits(at + 1 + usize::from(is_any(at + 1, b"+-")))?;
    }
    Ok(at)
}

/// How long the escape is that starts at this place.
#[inline]
fn escape_len(text: &str, at: usize) -> Option<usize> {
    // What Telegram writes most.
    if text.as_bytes().get(at + 1) == Some(&b'/') {
        return Some(2);
    }
    let (_, rest) = next_char(&text[at..])?;
    Some(text.len() - rest.len() - at)
}

/// A bit for each `"` and `\` in the block that starts at this place.
fn mark(text: &str, block: usize) -> Option<u64> {
    let is_marked = |byte| matches!(byte, b'"' | b'\\');
    let text = text.as_bytes().get(block..)?;
    #[cfg(feature = "simd")]
    if let Some(marks) = super::simd::find(text, [b'"', b'\\']) {
        return Some(marks);
    }
    if let Some(block) = text.first_chunk() {
        return Some(bits(block, is_marked));
    }
    let mut block = [0; BLOCK];
    block[..text.len()].copy_from_slice(text);
    Some(bits(&block, is_marked))
}

/// A bit that the same key has always, and that no two keys share which are documented for one
/// object: most comparisons are saved by it.
#[inline]
fn print(key: Text<'_>) -> u64 {
    let key = key.to_cow();
    1 << ((key.len() + usize::from(key.as_bytes().last().copied().unwrap_or(0))) % 64)
}

/// Hands over the keys of an object that stand in a range, from its first key to another.
fn visit_keys<'a>(
    text: &'a str,
    range: Range<usize>,
    mut visit: impl FnMut(Text<'a>),
) -> Result<(), Malformed> {
    let mut reader = Reader::new(text, range.start, MAX_DEPTH);
    reader.is_checked = false;
    loop {
        reader.skip_whitespace();
        if reader.at == range.end {
            return Ok(());
        }
        visit(reader.string()?);
        reader.expect(b':')?;
        reader.value()?;
        reader.expect(b',')?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Any object at all.
    struct Any;

    impl<'a> FromObject<'a> for Any {
        fn from_object(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
            reader.object(|_, _| Ok(()))?;
            Ok(Self)
        }
    }

    fn is_read(text: &str) -> bool {
        parse::<Any>(text).is_ok()
    }

    #[test]
    fn a_key_that_comes_twice_is_refused_at_any_depth() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            r#"{"a":[{"b":1,"b":2}]}"#,
            r#"{"a":1,"\u0061":2}"#,
        ] {
            assert!(!is_read(text), "{text}");
        }
        let many = |last: &str| {
            let members: Vec<String> = (0..100).map(|n| format!("\"k{n}\":0")).collect();
            format!("{{{},\"{last}\":0}}", members.join(","))
        };
        // All of one print, at each of two levels.
        let alike = |count: usize, last: usize| {
            let members: Vec<String> = (0..count)
                .chain([last])
                .map(|n| format!("\"{n:04}0\":0"))
                .collect();
            format!("{{{}}}", members.join(","))
        };
        for count in [1, 15, 16, 17, 18, 40, 300] {
            for last in [0, 1, 14, 15, 16, 17, 39, 299]
                .into_iter()
                .filter(|&last| last <= count)
            {
                let text = alike(count, last);
                assert_eq!(is_read(&text), last == count, "{text}");
                assert_eq!(
                    is_read(&format!("{{\"a\":{text}}}")),
                    last == count,
                    "{text}"
                );
            }
        }
        assert!(is_read(&many("k100")));
        assert!(!is_read(&many("k0")));
        assert!(!is_read(&many("k99")));
        assert!(is_read(r#"{"a":{"b":null},"b":[true,1.5,"x",[],{}]}"#));
    }

    #[test]
    fn only_an_object_is_one() {
        for text in [
            "[]",
            "null",
            "1",
            "\"{}\"",
            "",
            " ",
            "{",
            "}",
            r#"[42,"First"]"#,
            "{}{}",
            "{} x",
            "\u{FEFF}{}",
        ] {
            assert!(!is_read(text), "{text}");
        }
        assert!(is_read(" {\t\"a\"\n:\r1 , \"b\" : 2 } "));
    }

    #[test]
    fn numbers_are_those_of_json() {
        for number in ["0", "-0", "10", "-1.50", "1e5", "1E+5", "0.1e-07"] {
            assert!(is_read(&format!("{{\"a\":{number}}}")), "{number}");
        }
        for number in [
            "", "00", "01", "-", "+1", ".5", "1.", "1e", "1e+", "0x1", "NaN", "Infinity", "1_0",
            "-01",
        ] {
            assert!(!is_read(&format!("{{\"a\":{number}}}")), "{number}");
        }
    }

    #[test]
    fn the_time_grows_with_the_length_alone() {
        let nested = (0..60).fold(String::from("0"), |inner, _| {
            let members: Vec<String> = (0..100).map(|n| format!("\"{n:04}0\":0")).collect();
            format!("{{\"a\":{inner},{}}}", members.join(","))
        });
        let flat: Vec<String> = (0..50_000).map(|n| format!("\"{n:07}0\":0")).collect();
        // Quadratic, each would take minutes.
        assert!(is_read(&nested));
        assert!(is_read(&format!("{{{}}}", flat.join(","))));
    }

    #[test]
    fn depth_is_limited() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(is_read(&nested(64)));
        assert!(!is_read(&nested(65)));
        assert!(!is_read(&format!("{{\"a\":{}", "[".repeat(100_000))));
        assert!(!is_read(&format!("{{\"a\":{}", "{\"a\":".repeat(100_000))));
    }
}
