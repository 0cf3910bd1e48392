//! Percent-decoding of the parts of a URL
//! ([RFC 3986, section 2.1](https://www.rfc-editor.org/rfc/rfc3986#section-2.1)).

use percent_encoding::percent_decode_str;

/// A `%` without two hexadecimal digits after it, or decoded bytes that are not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InvalidEscape;

/// Percent-decodes a text. A `+` is kept.
pub(crate) fn decode(text: &str) -> Result<String, InvalidEscape> {
    let is_hex =
        |rest: &str| rest.len() >= 2 && rest.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit);
    if !text.split('%').skip(1).all(is_hex) {
        return Err(InvalidEscape);
    }
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(Into::into).map_err(|_| InvalidEscape)
}
