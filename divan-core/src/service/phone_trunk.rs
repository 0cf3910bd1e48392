//! National prefixes that people keep when they write a number with a country code.

use super::phone::{Region, in_numbering_plan};
use crate::types::{InvalidPhone, Phone};

/// Returns the number without its national prefixes, or `None` if it has none:
///
/// - Countries with code 7: `+8 701…` is `8 701…` within the country and `+7 701…` from abroad.
/// - Mexico: `01`, `044` and `045`, until 2019.
/// - Argentina: `15` between the area code and a mobile number, with or without `0` before the area code.
///
/// # Errors
/// [`InvalidPhone`] if the digits may be two numbers, or no number.
pub(super) fn without_national_prefix(phone: &Phone) -> Result<Option<Phone>, InvalidPhone> {
    let digits = phone.digits();
    match (digits.get(..2), digits.get(2..)) {
        (Some("52"), Some(national)) => Ok(mexican(national)),
        (Some("54"), Some(national)) => argentine(national),
        _ => of_country_code_7(digits),
    }
}

fn mexican(national: &str) -> Option<Phone> {
    let number = ["01", "044", "045"]
        .iter()
        .find_map(|prefix| national.strip_prefix(prefix))?;
    valid(&format!("+52{number}"))
}

/// Mobile numbers have ten digits after the `9`, and twelve with `15`. The plan knows the length of the
/// area code.
fn argentine(national: &str) -> Result<Option<Phone>, InvalidPhone> {
    let number = national.strip_prefix('9').unwrap_or(national);
    let number = number.strip_prefix('0').unwrap_or(number);
    if number.len() != 12 {
        return Ok(None);
    }
    let phone = in_numbering_plan(number, Some(Region::ARGENTINA));
    phone.map(Some).ok_or(InvalidPhone)
}

fn of_country_code_7(digits: &str) -> Result<Option<Phone>, InvalidPhone> {
    let number = digits.strip_prefix('8').filter(|number| number.len() == 10);
    let Some(phone) = number.and_then(|number| valid(&format!("+7{number}"))) else {
        return Ok(None);
    };
    // No country code of this length begins with 87 or 89. Others do: 84 is Vietnam, 881 a satellite.
    if digits.starts_with("87") || digits.starts_with("89") {
        Ok(Some(phone))
    } else if in_numbering_plan(&format!("+{digits}"), None).is_some() {
        Ok(None)
    } else {
        Err(InvalidPhone)
    }
}

/// Returns the number if the plan of its country has it as it is.
fn valid(number: &str) -> Option<Phone> {
    in_numbering_plan(number, None).filter(|phone| phone.as_str() == number)
}
