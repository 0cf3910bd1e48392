//! Texts that spreadsheets would run as formulas.

use std::borrow::Cow;

/// Characters with which spreadsheets recognize a formula, with their full-width forms
/// ([OWASP](https://owasp.org/www-community/attacks/CSV_Injection)).
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// Returns true for a formula, with any number of apostrophes before it.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(FORMULA)
}

/// Puts an apostrophe before a text that a spreadsheet would run as a formula, and before one that
/// [`unescape`] would change. A phone number consists of digits after its `+`.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    if is_formula(text) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Removes the apostrophe of [`escape`].
pub(super) fn unescape(cell: &str) -> &str {
    cell.strip_prefix('\'')
        .filter(|rest| is_formula(rest))
        .unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_apostrophes_and_formulas_are_imported_as_they_were_exported() {
        for (name, cell) in [
            ("=1", "'=1"),
            ("'=1", "''=1"),
            ("''+7 701", "'''+7 701"),
            ("'Any Name", "'Any Name"),
            ("''", "''"),
        ] {
            assert_eq!(escape(name), cell);
            assert_eq!(unescape(cell), name);
        }
    }
}
