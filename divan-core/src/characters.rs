//! Characters that make a text look like another one.

/// Returns `true` for spaces and for Unicode's `Default_Ignorable_Code_Point`.
#[cfg(feature = "service")]
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Returns `true` for marks, overrides, embeddings and isolates of the bidirectional algorithm, which
/// make a name read as another one.
pub(crate) fn changes_direction(c: char) -> bool {
    matches!(c,
        '\u{61C}' | '\u{200E}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Returns `true` for an invisible character that no script needs inside a name: neither a space, nor
/// a joiner of letters, nor a variation selector, which belongs to the character before it.
#[cfg(feature = "service")]
pub(crate) fn hides(c: char) -> bool {
    is_invisible(c)
        && !c.is_whitespace()
        && !matches!(c, '\u{200C}' | '\u{200D}' | '\u{180B}'..='\u{180D}' | '\u{FE00}'..='\u{FE0F}')
}

/// Returns `true` for characters that begin a line.
pub(crate) fn breaks_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{2029}')
}

/// Returns `true` for characters that make a text look like another one, or like several lines.
pub(crate) fn is_deceptive(c: char) -> bool {
    breaks_line(c) || changes_direction(c)
}
