//! Spellings of one phone number that people use with its country code.

use super::Phone;

/// Returns the form in which Divan stores a number that has two spellings, so that both find the same
/// employee. Telegram signs each account's number as it was registered, which may be the old form:
///
/// - Mexico: `+52 1 55…` is `+52 55…` since 2019.
/// - Argentina: mobile numbers are `+54 9 11…` from abroad and `+54 11…` in most address books.
/// - Brazil: mobile numbers have nine digits after the area code since 2016, and had eight.
#[cfg(feature = "service")]
pub(crate) fn canonical(phone: Phone) -> Phone {
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

/// Returns the other spelling of a number in the form in which Divan stores it, as digits.
pub(crate) fn other_spelling(phone: &Phone) -> Option<String> {
    let digits = phone.digits();
    if let Some(national) = digits.strip_prefix("549") {
        return is_argentine(national).then(|| format!("54{national}"));
    }
    if let Some(national) = digits.strip_prefix("52") {
        return (national.len() == 10).then(|| format!("521{national}"));
    }
    let (area, number) = digits.strip_prefix("55")?.split_at_checked(2)?;
    let number = number.strip_prefix('9')?;
    is_brazilian_mobile(area, number).then(|| format!("55{area}{number}"))
}

/// Removes the mobile digit `1`.
#[cfg(feature = "service")]
fn mexican(national: &str) -> Option<String> {
    let number = national.strip_prefix('1')?;
    (number.len() == 10).then(|| format!("52{number}"))
}

/// Inserts the mobile digit `9`.
#[cfg(feature = "service")]
fn argentine(national: &str) -> Option<String> {
    is_argentine(national).then(|| format!("549{national}"))
}

/// Inserts the ninth digit after the area code.
#[cfg(feature = "service")]
fn brazilian(national: &str) -> Option<String> {
    let (area, number) = national.split_at_checked(2)?;
    is_brazilian_mobile(area, number).then(|| format!("55{area}9{number}"))
}

/// Returns `true` for an area code and a number without the `9`. Area codes are 11, or begin with 2 or 3.
fn is_argentine(national: &str) -> bool {
    let has_area_code = national.starts_with("11") || national.starts_with(['2', '3']);
    has_area_code && national.len() == 10
}

/// Returns `true` for a mobile number without its ninth digit. Fixed lines begin with 2 to 5.
fn is_brazilian_mobile(area: &str, number: &str) -> bool {
    number.len() == 8 && number.starts_with(['6', '7', '8', '9']) && !area.contains('0')
}

#[cfg(feature = "service")]
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
            let spelling = other_spelling(&new.parse().unwrap());
            assert_eq!(spelling.as_deref(), old.strip_prefix('+'));
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
            "+541523456789",
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

        #[test]
        fn the_other_spelling_has_this_canonical_form(digits in "(52|549|55[0-9]{2}9)[0-9]{7,10}") {
            let stored = canonical(format!("+{digits}").parse().unwrap());
            if let Some(other) = other_spelling(&stored) {
                prop_assert_eq!(canonical(format!("+{other}").parse().unwrap()), stored);
            }
        }
    }
}
