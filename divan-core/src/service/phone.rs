use std::fmt;
use std::str::FromStr;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, PhoneNumberType};

use super::phone_trunk::without_national_prefix;
use crate::password::digits::ToDecimalDigit;
use crate::types::phone_spelling::canonical;
use crate::types::{InvalidPhone, Phone};

/// The country of phone numbers without a country code, as an ISO 3166-1 code: `KZ`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region(rlibphonenumber::Region);

/// Error for a text that is not a country code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the region must be a country code of two letters, such as `KZ`")]
pub struct UnknownRegion;

impl Region {
    pub(super) const ARGENTINA: Self = Self(rlibphonenumber::Region::AR);

    /// Returns a mobile number of the region that belongs to no one, in international format, to show in
    /// an empty field. For a region without one, the example is of Kazakhstan.
    ///
    /// ```
    /// use divan_core::service::Region;
    ///
    /// assert_eq!(Region::default().phone_example(), "+7 771 000 9998");
    /// ```
    pub fn phone_example(self) -> String {
        [self, Self::default()]
            .into_iter()
            .find_map(Self::example)
            .unwrap_or_default()
    }

    fn example(self) -> Option<String> {
        let mobile = PhoneNumberType::Mobile;
        let number = PHONE_NUMBER_UTIL
            .get_example_number_for_type_and_region(self.0, mobile)
            .ok()?;
        let text = number.format_as(PhoneNumberFormat::International);
        Some(text.into_owned())
    }
}

impl Default for Region {
    /// Kazakhstan.
    fn default() -> Self {
        Self(rlibphonenumber::Region::KZ)
    }
}

impl FromStr for Region {
    type Err = UnknownRegion;

    fn from_str(text: &str) -> Result<Self, UnknownRegion> {
        text.parse().map(Self).map_err(|_| UnknownRegion)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.as_region_str())
    }
}

/// Parses a phone number as users type and paste it: with or without country code, with spaces,
/// dashes and brackets, with `00` for `+`, in the digits of any script.
///
/// A number with a country code needs only the form of E.164, because numbering plans change and
/// Telegram's anonymous numbers (`+888`) are in none. One without a country code must be a number of
/// the region. Mobile numbers of Mexico, Argentina and Brazil have one form, although people use two
/// spellings: see the example. The same holds for prefixes that people keep after `+`: `+8 701…`,
/// `+52 044 55…` and `+54 9 11 15…`.
///
/// # Errors
/// [`InvalidPhone`] if no such number can exist.
///
/// ```
/// use divan_core::service::{Region, parse_phone};
///
/// for typed in ["+77011234567", "8 (701) 123-45-67", "007 701 123 45 67", "٨٧٠١١٢٣٤٥٦٧"] {
///     assert_eq!(parse_phone(typed, Region::default())?.as_str(), "+77011234567");
/// }
/// for typed in ["+52 1 55 1234 5678", "+52 55 1234 5678"] {
///     assert_eq!(parse_phone(typed, Region::default())?.as_str(), "+525512345678");
/// }
/// # Ok::<(), divan_core::types::InvalidPhone>(())
/// ```
pub fn parse_phone(typed: &str, region: Region) -> Result<Phone, InvalidPhone> {
    let dialled = dialled(typed).ok_or(InvalidPhone)?;
    if let Some(digits) = dialled.strip_prefix("00") {
        international(&format!("+{digits}"))
    } else if dialled.starts_with('+') {
        international(&dialled)
    } else {
        national(&dialled, region)
    }
}

/// Parses a number with a country code that Telegram signed: `+77011234567`. No numbering plan is
/// consulted.
pub(super) fn signed_phone(number: &str) -> Result<Phone, InvalidPhone> {
    number.parse().map(canonical)
}

fn international(number: &str) -> Result<Phone, InvalidPhone> {
    let phone = signed_phone(number)?;
    let known = in_numbering_plan(phone.as_str(), None);
    if known.as_ref() == Some(&phone) {
        return Ok(phone);
    }
    match without_national_prefix(&phone)? {
        Some(number) => Ok(number),
        // Another trunk prefix after the country code (`+7 8 701…`) is a mistake, and the number without
        // it must not be guessed.
        None if known.is_some() => Err(InvalidPhone),
        None => Ok(phone),
    }
}

fn national(dialled: &str, region: Region) -> Result<Phone, InvalidPhone> {
    if let Some(known) = in_numbering_plan(dialled, Some(region)) {
        return Ok(known);
    }
    let code = PHONE_NUMBER_UTIL.get_country_code_for_region(region.0);
    let code = code.ok_or(InvalidPhone)?;
    let with_code = format!("+{code}{dialled}").parse()?;
    without_national_prefix(&with_code)?.ok_or(InvalidPhone)
}

/// Returns the number as the numbering plan of its country reads it, if it is valid there.
pub(super) fn in_numbering_plan(number: &str, region: Option<Region>) -> Option<Phone> {
    let region = region.map(|region| region.0);
    let read = PHONE_NUMBER_UTIL.parse(number, region).ok()?;
    let phone = canonical(read.format_as(PhoneNumberFormat::E164).parse().ok()?);
    // The plan knows the canonical form only.
    let is_valid = PHONE_NUMBER_UTIL
        .parse(phone.as_str(), region)
        .is_ok_and(|number| number.is_valid());
    is_valid.then_some(phone)
}

/// Returns the digits, and a leading `+` if there is one; `None` for any other character.
fn dialled(typed: &str) -> Option<String> {
    // The longest number has fifteen digits; this allows every way to write it.
    if typed.len() > 128 {
        return None;
    }
    let mut dialled = String::new();
    for c in typed.trim().chars() {
        match c {
            '+' | '\u{FF0B}' if dialled.is_empty() => dialled.push('+'),
            c if is_separator(c) => {}
            c => dialled.push(c.to_decimal_digit()?),
        }
    }
    Some(dialled)
}

/// Returns `true` for spaces, brackets, dashes, and the invisible marks that address books paste
/// around numbers.
fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '-' | '(' | ')' | '.' | '/' | '\u{2010}'
                ..='\u{2015}' | '\u{2212}' | '\u{AD}' | '\u{FEFF}'
        )
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_parsed_in_every_notation() {
        for typed in [
            "+7 701 123 45 67",
            "8 701 123 45 67",
            "8(701)123-45-67",
            "8701\u{2011}123\u{2013}45\u{2212}67",
            "77011234567",
            "00 7 701 1234567",
            "\u{202A}+77011234567\u{202C}",
            " +7.701.123.45.67 ",
            "\u{FF0B}\u{FF17}\u{FF17}\u{FF10}\u{FF11}1234567",
            "۸۷۰۱۱۲۳۴۵۶۷",
        ] {
            assert_eq!(
                parse_phone(typed, Region::default()).unwrap().as_str(),
                "+77011234567",
                "{typed}"
            );
        }
        assert_eq!(
            parse_phone("+998 90 123 45 67", Region::default())
                .unwrap()
                .as_str(),
            "+998901234567"
        );
        assert_eq!(
            parse_phone("202 555 0100", "US".parse().unwrap())
                .unwrap()
                .as_str(),
            "+12025550100"
        );
    }

    #[test]
    fn an_international_number_does_not_depend_on_the_region() {
        for typed in [
            "+498511787330",
            "+928224328184",
            "+998881234567",
            "+918123456789",
            "+6281234567890",
            "+996880123456",
            "+818012345678",
            "+33812345678",
            "+78123456789",
            "+441212345678",
            "+8613812345678",
        ] {
            for region in ["KZ", "RU", "US", "DE"] {
                let read = parse_phone(typed, region.parse().unwrap());
                assert_eq!(read.unwrap().as_str(), typed, "{region}");
            }
        }
    }

    #[test]
    fn a_number_in_no_numbering_plan_needs_the_form_of_e164_only() {
        for typed in [
            "+88805131234",
            "+888 0123 4567",
            "+70000000",
            "+99900000000",
        ] {
            let phone = parse_phone(typed, Region::default()).unwrap();
            assert_eq!(phone.as_str(), typed.replace(' ', ""));
        }
        assert_eq!(
            parse_phone("70000000", Region::default()),
            Err(InvalidPhone)
        );
    }

    #[test]
    fn two_spellings_of_a_mobile_number_are_one_number() {
        for (region, spellings) in [
            ("MX", ["+5215512345678", "+525512345678", "55 1234 5678"]),
            (
                "AR",
                ["+541123456789", "+5491123456789", "011 15 2345-6789"],
            ),
            ("BR", ["+551187654321", "+5511987654321", "(11) 98765-4321"]),
            ("BR", ["+551187654321", "+5511987654321", "(11) 8765-4321"]),
        ] {
            let region: Region = region.parse().unwrap();
            let [old, new, local] = spellings.map(|typed| parse_phone(typed, region).unwrap());
            assert_eq!((&old, &local), (&new, &new));
            let signed = spellings.map(|number| signed_phone(number).ok());
            assert_eq!(signed, [Some(new.clone()), Some(new), None]);
        }
    }

    #[test]
    fn a_number_with_its_national_prefix_is_read_with_and_without_a_plus() {
        for (region, canonical, spellings) in [
            (
                "KZ",
                "+77051234567",
                ["+8 705 123 45 67", "8 705 123 45 67", "+8-705-1234567"],
            ),
            (
                "RU",
                "+79161234567",
                ["+8 916 123-45-67", "8 916 123-45-67", "+7 916 123-45-67"],
            ),
            (
                "MX",
                "+525512345678",
                ["+52 044 55 1234 5678", "044 55 1234 5678", "+5215512345678"],
            ),
            (
                "MX",
                "+525512345678",
                ["+52 01 55 1234 5678", "01 55 1234 5678", "045 55 1234 5678"],
            ),
            (
                "AR",
                "+5491123456789",
                [
                    "+54 9 11 15 2345-6789",
                    "+54 11 15 2345-6789",
                    "011 15 2345-6789",
                ],
            ),
            (
                "AR",
                "+5492964412345",
                [
                    "+54 9 2964 15-412345",
                    "+54 02964 15-412345",
                    "9 2964 15-412345",
                ],
            ),
        ] {
            for typed in spellings {
                let phone = parse_phone(typed, region.parse().unwrap());
                assert_eq!(phone.as_ref().map(Phone::as_str), Ok(canonical), "{typed}");
            }
        }
    }

    #[test]
    fn a_plus_before_a_national_number_is_refused_if_it_is_ambiguous() {
        // Saint Petersburg (8 812), or the country code 881.
        for typed in [
            "+8 812 123 45 67",
            "+5501187654321",
            "+54 9 15 2345 6789 00",
        ] {
            let phone = parse_phone(typed, Region::default());
            assert_eq!(phone, Err(InvalidPhone), "{typed}");
        }
        let vietnamese = parse_phone("+8 495 123 45 67", Region::default());
        assert_eq!(vietnamese.unwrap().as_str(), "+84951234567");
    }

    #[test]
    fn an_impossible_number_is_rejected() {
        for typed in [
            "",
            "+",
            "abc",
            "12",
            "8 701 CALLNOW",
            "+7 701",
            "+7701123456789012",
            "7+7011234567",
            "+77011234567;ext=5",
            "+7 8 701 123 45 67",
            "+0123456789",
        ] {
            assert_eq!(
                parse_phone(typed, Region::default()),
                Err(InvalidPhone),
                "{typed}"
            );
        }
        assert_eq!(
            parse_phone(&"1".repeat(100_000), Region::default()),
            Err(InvalidPhone)
        );
    }

    #[test]
    fn a_region_is_a_country_code() {
        assert_eq!("KZ".parse::<Region>().unwrap(), Region::default());
        assert_eq!(Region::default().to_string(), "KZ");
        assert_eq!("Kazakhstan".parse::<Region>(), Err(UnknownRegion));
    }

    #[test]
    fn the_example_of_a_region_is_one_of_its_numbers() {
        for region in ["KZ", "RU", "US", "DE", "MX", "BR", "UZ"] {
            let region: Region = region.parse().unwrap();
            let example = region.phone_example();
            let phone = parse_phone(&example, region).unwrap();
            assert!(in_numbering_plan(phone.as_str(), Some(region)).is_some());
            assert!(
                example.starts_with('+') && example.contains(' '),
                "{example}"
            );
        }
    }

    proptest! {
        #[test]
        fn an_international_number_keeps_its_digits_or_is_rejected(digits in "[1-9][0-9]{6,14}") {
            let typed: Phone = format!("+{digits}").parse().unwrap();
            if let Ok(phone) = parse_phone(typed.as_str(), Region::default()) {
                let shortened = without_national_prefix(&typed).unwrap();
                prop_assert_eq!(phone, shortened.unwrap_or(canonical(typed)));
            }
        }

        #[test]
        fn anonymous_numbers_are_not_read_as_another_number(digits in "888[0-9]{4,12}") {
            let phone = parse_phone(&format!("+{digits}"), Region::default()).unwrap();
            prop_assert_eq!(phone.digits(), digits);
        }

        #[test]
        fn parsing_never_panics_and_is_idempotent(typed in "[+0-9() -]{0,20}|.{0,40}") {
            if let Ok(phone) = parse_phone(&typed, Region::default()) {
                prop_assert_eq!(parse_phone(phone.as_str(), Region::default()).unwrap(), phone);
            }
        }
    }
}
