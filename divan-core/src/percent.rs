//! Percent-decoding of the parts of an address.

use percent_encoding::percent_decode_str;

/// Decodes `%XX`; `+` stays a plus. `None` for a broken escape, or for bytes that are not UTF-8.
pub(crate) fn decode(text: &str) -> Option<String> {
    let is_escape = |rest: &str| {
        let digits = rest.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if !text.split('%').skip(1).all(is_escape) {
        return None;
    }
    let text = percent_decode_str(text).decode_utf8().ok()?;
    Some(text.into_owned())
}
