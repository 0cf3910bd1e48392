//! Encodings of files: UTF-8, and UTF-16 with a byte order mark.

use std::borrow::Cow;

use super::CsvError;

/// Decodes the content of a file.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, CsvError> {
    if let Some(rest) = bytes.strip_prefix(b"\xFF\xFE") {
        return utf16(rest, u16::from_le_bytes).map(Cow::Owned);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xFE\xFF") {
        return utf16(rest, u16::from_be_bytes).map(Cow::Owned);
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = valid.split(|byte| *byte == b'\n').count() as u64;
        if is_cyrillic(bytes) {
            CsvError::Cyrillic { line }
        } else {
            CsvError::Encoding { line }
        }
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, CsvError> {
    let (units, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(CsvError::Utf16);
    }
    char::decode_utf16(units.iter().map(|bytes| unit(*bytes)))
        .collect::<Result<String, _>>()
        .map_err(|_| CsvError::Utf16)
}

/// Reports words of Cyrillic letters in Windows-1251: mostly consecutive bytes from 0xC0, where
/// Western European encodings have single letters with accents.
fn is_cyrillic(bytes: &[u8]) -> bool {
    let is_letter = |byte: &u8| matches!(byte, 0xC0..=0xFF | 0xA8 | 0xB8);
    let letters = bytes.iter().filter(|byte| is_letter(byte)).count();
    let pairs = bytes.windows(2).filter(|pair| pair.iter().all(is_letter));
    pairs.count() * 2 > letters
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(bytes: &[u8]) -> String {
        decode(bytes).unwrap_err().to_string()
    }

    #[test]
    fn utf_8_and_utf_16_are_decoded_without_the_byte_order_mark() {
        let text = "Аты-жөні;телефон\r\nӘлия 👩;1";
        let units = || text.encode_utf16();
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
            [
                b"\xFF\xFE",
                units()
                    .flat_map(u16::to_le_bytes)
                    .collect::<Vec<_>>()
                    .as_slice(),
            ]
            .concat(),
            [
                b"\xFE\xFF",
                units()
                    .flat_map(u16::to_be_bytes)
                    .collect::<Vec<_>>()
                    .as_slice(),
            ]
            .concat(),
        ] {
            assert_eq!(decode(&bytes).unwrap(), text);
        }
    }

    #[test]
    fn windows_1251_is_recognized() {
        // "ФИО;Телефон", and "Имя" in the second line.
        let header = b"\xD4\xC8\xCE;\xD2\xE5\xEB\xE5\xF4\xEE\xED\n";
        assert!(refused(header).contains("(line 1), but probably Windows-1251"));
        assert!(refused(b"name\n\xC8\xEC\xFF\n").contains("(line 2), but probably Windows-1251"));
    }

    #[test]
    fn other_encodings_are_an_error() {
        assert_eq!(
            refused(b"name\nJos\xE9\n"),
            "is not UTF-8 (line 2): save it as \"CSV UTF-8\""
        );
        for invalid in [
            &b"\xFF\xFEn"[..],
            b"\xFF\xFE\x00\xD8n\0",
            b"\xFE\xFF\xDC\x00",
        ] {
            assert!(refused(invalid).contains("not valid UTF-16"));
        }
    }
}
