//! In-place reader of the JSON objects inside signed data.
//!
//! The text was signed by Telegram and contains no control characters, so only its shape is
//! checked: exactly [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259), with one stricter rule. No
//! object has a duplicate key, known or unknown, however it is escaped: a reader that takes the
//! first value and one that takes the last must not see different objects.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use super::bits::{BLOCK, mask};
use super::error::Malformed;
use super::text::{Text, next_char};

/// Maximum nesting depth of arrays and objects; the documented objects are one level deep.
const MAX_DEPTH: u8 = 64;

/// A type that is read from a JSON object.
pub(super) trait FromObject<'a>: Sized {
    fn from_object(reader: &mut Reader<'a>) -> Result<Self, Malformed>;
}

/// Parses a text that is exactly one JSON object.
pub(super) fn parse<'a, T: FromObject<'a>>(text: &'a str) -> Result<T, Malformed> {
    let mut reader = Reader::new(text, 0, MAX_DEPTH);
    reader.rescans = 16;
    let object = T::from_object(&mut reader)?;
    reader.skip_whitespace();
    if reader.at == text.len() {
        Ok(object)
    } else {
        Err(Malformed::Json)
    }
}

/// Value of an object member.
#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    Text(Text<'a>),
    Number(&'a str),
    Boolean(bool),
    Null,
    /// An array or object; no documented member has such a value.
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

    /// Returns an integer: no fraction, no exponent.
    pub(super) fn integer(self) -> Result<i64, Malformed> {
        match self {
            // `-0` is a JSON number, but `i64` cannot distinguish it from `0`.
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

/// Cursor in a JSON text.
///
/// The code that every member needs is inlined into the reader of its object, so that the cursor
/// stays in a register, which halves the time. The other functions take the text by value for the
/// same reason.
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Remaining nesting depth.
    depth: u8,
    /// Enables the check for duplicate keys.
    checks_duplicates: bool,
    /// Remaining number of scans of the object for a possibly duplicate key. A scan needs no
    /// memory, but reads the object again.
    rescans: u8,
    /// Start of the block that was scanned last, and the mask of the `"` and `\` in it.
    marked_block: usize,
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
            checks_duplicates: true,
            rescans: 0,
            marked_block: usize::MAX,
            marks: 0,
        }
    }

    /// Reads an object and passes its members to `member`.
    #[inline(always)]
    pub(super) fn object(
        &mut self,
        mut member: impl FnMut(&str, Value<'a>) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        self.expect(b'{')?;
        if self.consume(b'}') {
            return Ok(());
        }
        let first = self.at;
        let mut fingerprints = 0;
        // Empty and without heap memory while fingerprints distinguish the keys, as they do for
        // all documented keys.
        let mut seen = BTreeSet::new();
        loop {
            self.skip_whitespace();
            let start = self.at;
            let key = self.string()?;
            let fingerprint = fingerprint(key);
            if (fingerprints & fingerprint != 0 || !seen.is_empty()) && self.checks_duplicates {
                self.reject_duplicate(key, first..start, &mut seen)?;
            }
            fingerprints |= fingerprint;
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
            if !self.consume(b',') {
                return self.expect(b'}');
            }
        }
    }

    /// Rejects a key that also occurs in `range`, which holds the earlier members of the object.
    #[cold]
    fn reject_duplicate(
        &mut self,
        key: Text<'a>,
        range: Range<usize>,
        seen: &mut BTreeSet<Cow<'a, str>>,
    ) -> Result<(), Malformed> {
        let mut is_duplicate = false;
        if seen.is_empty() && self.rescans > 0 {
            self.rescans -= 1;
            visit_keys(self.text, range, |other| is_duplicate |= other == key)?;
        } else {
            if seen.is_empty() {
                visit_keys(self.text, range, |other| _ = seen.insert(other.to_cow()))?;
            }
            is_duplicate = !seen.insert(key.to_cow());
        }
        if is_duplicate {
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
            b't' => self.literal("true", Value::Boolean(true)),
            b'f' => self.literal("false", Value::Boolean(false)),
            b'n' => self.literal("null", Value::Null),
            b'{' | b'[' => {
                self.at = skip_nested(self.text, self.at, self.depth, self.checks_duplicates)?;
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

    /// Moves to the next `"` or `\`.
    #[inline(always)]
    fn find_quote_or_backslash(&mut self) -> Result<(), Malformed> {
        loop {
            let block = self.at - self.at % BLOCK;
            if self.marked_block != block {
                self.marks = mask_block(self.text, block).ok_or(Malformed::Json)?;
                self.marked_block = block;
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
    fn literal(&mut self, literal: &str, value: Value<'a>) -> Result<Value<'a>, Malformed> {
        if !self.text.as_bytes()[self.at..].starts_with(literal.as_bytes()) {
            return Err(Malformed::Json);
        }
        self.at += literal.len();
        Ok(value)
    }

    /// Returns the byte at the cursor, or zero, which has no meaning in JSON, at the end.
    #[inline(always)]
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    /// Skips whitespace and then `byte`, if it follows.
    #[inline(always)]
    fn consume(&mut self, byte: u8) -> bool {
        self.skip_whitespace();
        let is_match = self.peek() == byte;
        self.at += usize::from(is_match);
        is_match
    }

    #[inline(always)]
    fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.consume(byte) {
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

/// Returns the end of the array or object that starts at `at`, and checks it for duplicate keys.
#[cold]
fn skip_nested(
    text: &str,
    at: usize,
    depth: u8,
    checks_duplicates: bool,
) -> Result<usize, Malformed> {
    let mut reader = Reader::new(text, at, depth.checked_sub(1).ok_or(Malformed::Json)?);
    reader.checks_duplicates = checks_duplicates;
    if reader.peek() == b'{' {
        reader.object(|_, _| Ok(()))?;
        return Ok(reader.at);
    }
    reader.at += 1;
    if reader.consume(b']') {
        return Ok(reader.at);
    }
    loop {
        reader.value()?;
        if !reader.consume(b',') {
            reader.expect(b']')?;
            return Ok(reader.at);
        }
    }
}

/// Returns the end of the number that starts at `start`.
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

/// Returns the length of the escape that starts at `at`.
#[inline]
fn escape_len(text: &str, at: usize) -> Option<usize> {
    // The most frequent escape in Telegram's data.
    if text.as_bytes().get(at + 1) == Some(&b'/') {
        return Some(2);
    }
    let (_, rest) = next_char(&text[at..])?;
    Some(text.len() - rest.len() - at)
}

/// Computes the mask of the `"` and `\` in the block that starts at `block`.
fn mask_block(text: &str, block: usize) -> Option<u64> {
    let is_marked = |byte| matches!(byte, b'"' | b'\\');
    let text = text.as_bytes().get(block..)?;
    #[cfg(feature = "simd")]
    if let Some(marks) = super::simd::find(text, [b'"', b'\\']) {
        return Some(marks);
    }
    if let Some(block) = text.first_chunk() {
        return Some(mask(block, is_marked));
    }
    let mut block = [0; BLOCK];
    block[..text.len()].copy_from_slice(text);
    Some(mask(&block, is_marked))
}

/// Returns one bit that depends on the key alone and differs between the keys documented for one
/// object, which saves most comparisons.
#[inline]
fn fingerprint(key: Text<'_>) -> u64 {
    let key = key.to_cow();
    1 << ((key.len() + usize::from(key.as_bytes().last().copied().unwrap_or(0))) % 64)
}

/// Passes the keys in `range` to `visit`. The range starts at the first key of an object and ends
/// before another key of it.
fn visit_keys<'a>(
    text: &'a str,
    range: Range<usize>,
    mut visit: impl FnMut(Text<'a>),
) -> Result<(), Malformed> {
    let mut reader = Reader::new(text, range.start, MAX_DEPTH);
    reader.checks_duplicates = false;
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

    /// Accepts any object.
    struct Any;

    impl<'a> FromObject<'a> for Any {
        fn from_object(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
            reader.object(|_, _| Ok(()))?;
            Ok(Self)
        }
    }

    fn is_accepted(text: &str) -> bool {
        parse::<Any>(text).is_ok()
    }

    #[test]
    fn a_duplicate_key_is_rejected_at_any_depth() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            r#"{"a":[{"b":1,"b":2}]}"#,
            r#"{"a":1,"\u0061":2}"#,
        ] {
            assert!(!is_accepted(text), "{text}");
        }
        let many = |last: &str| {
            let members: Vec<String> = (0..100).map(|n| format!("\"k{n}\":0")).collect();
            format!("{{{},\"{last}\":0}}", members.join(","))
        };
        // All keys have the same fingerprint, at each of two levels.
        let colliding = |count: usize, last: usize| {
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
                let text = colliding(count, last);
                assert_eq!(is_accepted(&text), last == count, "{text}");
                assert_eq!(
                    is_accepted(&format!("{{\"a\":{text}}}")),
                    last == count,
                    "{text}"
                );
            }
        }
        assert!(is_accepted(&many("k100")));
        assert!(!is_accepted(&many("k0")));
        assert!(!is_accepted(&many("k99")));
        assert!(is_accepted(r#"{"a":{"b":null},"b":[true,1.5,"x",[],{}]}"#));
    }

    #[test]
    fn anything_but_one_object_is_rejected() {
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
            assert!(!is_accepted(text), "{text}");
        }
        assert!(is_accepted(" {\t\"a\"\n:\r1 , \"b\" : 2 } "));
    }

    #[test]
    fn numbers_follow_the_json_grammar() {
        for number in ["0", "-0", "10", "-1.50", "1e5", "1E+5", "0.1e-07"] {
            assert!(is_accepted(&format!("{{\"a\":{number}}}")), "{number}");
        }
        for number in [
            "", "00", "01", "-", "+1", ".5", "1.", "1e", "1e+", "0x1", "NaN", "Infinity", "1_0",
            "-01",
        ] {
            assert!(!is_accepted(&format!("{{\"a\":{number}}}")), "{number}");
        }
    }

    #[test]
    fn duplicate_check_takes_linear_time() {
        let nested = (0..60).fold(String::from("0"), |inner, _| {
            let members: Vec<String> = (0..100).map(|n| format!("\"{n:04}0\":0")).collect();
            format!("{{\"a\":{inner},{}}}", members.join(","))
        });
        let flat: Vec<String> = (0..50_000).map(|n| format!("\"{n:07}0\":0")).collect();
        // With a quadratic check, each would take minutes.
        assert!(is_accepted(&nested));
        assert!(is_accepted(&format!("{{{}}}", flat.join(","))));
    }

    #[test]
    fn nesting_depth_is_limited() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(is_accepted(&nested(64)));
        assert!(!is_accepted(&nested(65)));
        assert!(!is_accepted(&format!("{{\"a\":{}", "[".repeat(100_000))));
        assert!(!is_accepted(&format!(
            "{{\"a\":{}",
            "{\"a\":".repeat(100_000)
        )));
    }
}
