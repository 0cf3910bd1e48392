//! Spellings of one phone number that people use with its country code.

use crate::types::Phone;

/// Returns the form in which Divan stores a number that has two spellings, so that both find the same
/// employee. Telegram signs each account's number as it was registered, which may be the old form:
///
/// - Mexico: `+52 1 55…` is `+52 55…` since 2019.
/// - Argentina: mobile numbers are `+54 9 11…` from abroad and `+54 11…` in most address books.
/// - Brazil: mobile numbers have nine digits after the area code since 2016, and had eight.
pub(super) fn canonical(phone: Phone) -> Phone {
    let digits = phone.digits();
    let respelled = match (digits.get(..2), digits.get(2..)) {
        (Some("52"), Some(national)) => mexican(national),
        (Some("54"), Some(national)) => argentine(national),
        (Some("55"), Some(national)) => brazilian(national),
        _ => None,
    };
    match respelled.map(|digits| format!("+{digits}").parse()) {
        Some(Ok(respelled)) => respelled,
        _ => phone,
    }
}

/// Removes the mobile digit `1`.
fn mexican(national: &str) -> Option<String> {
    let number = national.strip_prefix('1')?;
    (number.len() == 10).then(|| format!("52{number}"))
}

/// Inserts the mobile digit `9`. Area codes begin with 1, 2 or 3.
fn argentine(national: &str) -> Option<String> {
    let has_area_code = national.starts_with(['1', '2', '3']);
    (has_area_code && national.len() == 10).then(|| format!("549{national}"))
}

/// Inserts the ninth digit after the area code. Fixed lines begin with 2 to 5.
fn brazilian(national: &str) -> Option<String> {
    let (area, number) = national.split_at_checked(2)?;
    let is_mobile = number.len() == 8 && number.starts_with(['6', '7', '8', '9']);
    (is_mobile && !area.contains('0')).then(|| format!("55{area}9{number}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn canonical_of(phone: &str) -> String {
        canonical(phone.parse().unwrap()).as_str().to_owned()
    }

    #[test]
    fn both_spellings_have_one_canonical_form() {
        for (old, new) in [
            ("+5215512345678", "+525512345678"),
            ("+541123456789", "+5491123456789"),
            ("+542964123456", "+5492964123456"),
            ("+551187654321", "+5511987654321"),
        ] {
            assert_eq!(canonical_of(old), new);
            assert_eq!(canonical_of(new), new);
        }
    }

    #[test]
    fn a_number_with_one_spelling_is_unchanged() {
        for phone in [
            "+77011234567",
            "+88805131234",
            "+521234567",
            "+525512345678",
            "+541",
            "+548001234567",
            "+551123456789",
            "+550087654321",
        ] {
            if let Ok(parsed) = phone.parse::<Phone>() {
                assert_eq!(canonical(parsed).as_str(), phone);
            }
        }
    }

    proptest! {
        #[test]
        fn the_canonical_form_is_stable(digits in "(52|54|55)[0-9]{5,13}") {
            let once = canonical(format!("+{digits}").parse().unwrap());
            prop_assert_eq!(canonical(once.clone()), once);
        }
    }
}
