/// Conversion of decimal digits of any script.
pub(crate) trait ToDecimalDigit {
    /// Returns the ASCII digit of the same value.
    fn to_decimal_digit(self) -> Option<char>;
}

impl ToDecimalDigit for char {
    fn to_decimal_digit(self) -> Option<char> {
        if self.is_ascii() {
            return self.is_ascii_digit().then_some(self);
        }
        let value = |zero: char| {
            u32::from(self)
                .checked_sub(u32::from(zero))
                .filter(|&value| value < 10)
        };
        char::from_digit(ZEROS.iter().find_map(|&zero| value(zero))?, 10)
    }
}

/// Zeros of the decimal digits (Unicode category `Nd`) outside ASCII, each followed by the digits one
/// to nine.
const ZEROS: [char; 36] = [
    '\u{0660}', '\u{06F0}', '\u{07C0}', '\u{0966}', '\u{09E6}', '\u{0A66}', '\u{0AE6}', '\u{0B66}',
    '\u{0BE6}', '\u{0C66}', '\u{0CE6}', '\u{0D66}', '\u{0DE6}', '\u{0E50}', '\u{0ED0}', '\u{0F20}',
    '\u{1040}', '\u{1090}', '\u{17E0}', '\u{1810}', '\u{1946}', '\u{19D0}', '\u{1A80}', '\u{1A90}',
    '\u{1B50}', '\u{1BB0}', '\u{1C40}', '\u{1C50}', '\u{A620}', '\u{A8D0}', '\u{A900}', '\u{A9D0}',
    '\u{A9F0}', '\u{AA50}', '\u{ABF0}', '\u{FF10}',
];
