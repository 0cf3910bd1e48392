use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use idna::AsciiDenyList;
use serde::{Deserialize, Serialize};

/// An e-mail address in lower case, so that two spellings are one account.
///
/// Accepts the form of the WHATWG `input type=email`: an ASCII local part, one `@`, a domain of dotted
/// labels. An internationalised domain is stored in its ASCII form (`xn--`, UTS #46), so that both
/// forms are one address.
///
/// ```
/// use divan_core::types::Email;
///
/// let email: Email = "Admin@Example.COM".parse()?;
/// assert_eq!(email.as_str(), "admin@example.com");
/// let email: Email = "admin@bücher.example".parse()?;
/// assert_eq!(email.as_str(), "admin@xn--bcher-kva.example");
/// assert_eq!(email.to_unicode(), "admin@bücher.example");
/// # Ok::<(), divan_core::types::InvalidEmail>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(value_type = String, format = "email", example = "admin@example.com", description = "An e-mail address, in lower case, with an internationalised domain in its ASCII form (`xn--`).")
)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

/// The text is not a valid e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a valid e-mail address (example: name@example.com)")]
pub struct InvalidEmail;

impl Email {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address with an internationalised domain in Unicode, for display.
    pub fn to_unicode(&self) -> String {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or_default();
        format!("{local}@{}", idna::domain_to_unicode(domain).0)
    }
}

impl FromStr for Email {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidEmail)?;
        // Unicode is longer in ASCII, and this limit bounds the work.
        if text.len() > MAX_BYTES {
            return Err(InvalidEmail);
        }
        let domain = ascii_domain(domain)?;
        let address = format!("{local}@{domain}").to_ascii_lowercase();
        if address.len() <= MAX_BYTES && is_local_part(local) && is_domain(&domain) {
            Ok(Self(address))
        } else {
            Err(InvalidEmail)
        }
    }
}

/// The maximum length of an address (RFC 5321 §4.5.3.1).
const MAX_BYTES: usize = 254;

/// Returns the ASCII form of a domain.
fn ascii_domain(domain: &str) -> Result<Cow<'_, str>, InvalidEmail> {
    idna::domain_to_ascii_cow(domain.as_bytes(), AsciiDenyList::URL).map_err(|_| InvalidEmail)
}

fn is_local_part(local: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&b);
    (1..=64).contains(&local.len()) && local.bytes().all(allowed)
}

fn is_domain(domain: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.contains('.') && domain.split('.').all(label)
}

/// A phone number in E.164 form: `+` and 7 to 15 digits.
///
/// `service::parse_phone` parses other forms, such as `8 (701) 123-45-67`.
///
/// ```
/// use divan_core::types::Phone;
///
/// let phone: Phone = "+77011234567".parse()?;
/// assert_eq!(phone.digits(), "77011234567");
/// assert!("8 701 123 45 67".parse::<Phone>().is_err());
/// # Ok::<(), divan_core::types::InvalidPhone>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(
        value_type = String,
        pattern = r"^\+[1-9][0-9]{6,14}$",
        example = "+77011234567",
        description = "A phone number in E.164 form: `+`, the country code, and the number without its trunk prefix."
    )
)]
#[serde(try_from = "String", into = "String")]
pub struct Phone(String);

/// The text is not a valid phone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a valid phone number (example: +77011234567)")]
pub struct InvalidPhone;

impl Phone {
    /// The number with its `+`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number without its `+`.
    pub fn digits(&self) -> &str {
        self.0.trim_start_matches('+')
    }
}

impl FromStr for Phone {
    type Err = InvalidPhone;

    fn from_str(text: &str) -> Result<Self, InvalidPhone> {
        let digits = text.strip_prefix('+').ok_or(InvalidPhone)?;
        let valid = (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidPhone)
        }
    }
}

macro_rules! text_conversions {
    ($($type:ty: $error:ty),*) => {$(
        impl TryFrom<String> for $type {
            type Error = $error;

            fn try_from(text: String) -> Result<Self, $error> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> String {
                value.0
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

text_conversions!(Email: InvalidEmail, Phone: InvalidPhone);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_addresses_are_accepted() {
        for text in [
            "a@b.kz",
            "first.last+tag@sub.example.com",
            "  padded@example.com ",
            "o'neil@example.org",
        ] {
            assert!(text.parse::<Email>().is_ok(), "{text}");
        }
    }

    #[test]
    fn an_internationalised_domain_is_one_address_in_unicode_and_ascii() {
        for (typed, stored, unicode) in [
            (
                "A@BÜCHER.example",
                "a@xn--bcher-kva.example",
                "a@bücher.example",
            ),
            (
                "a@bu\u{308}cher.example",
                "a@xn--bcher-kva.example",
                "a@bücher.example",
            ),
            (
                "a@xn--BCHER-KVA.Example",
                "a@xn--bcher-kva.example",
                "a@bücher.example",
            ),
            ("a@Пример。рф", "a@xn--e1afmkfd.xn--p1ai", "a@пример.рф"),
            ("a@ｅxample.com", "a@example.com", "a@example.com"),
        ] {
            let email: Email = typed.parse().unwrap();
            assert_eq!(
                (email.as_str(), email.to_unicode().as_str()),
                (stored, unicode)
            );
            assert_eq!(unicode.parse::<Email>().unwrap(), email);
            assert_eq!(stored.parse::<Email>().unwrap(), email);
        }
        let long = format!("a@{}.рф", "ы".repeat(60));
        for typed in ["a@xn--.example", "a@рф", "a@b\u{AD}", &long] {
            assert!(typed.parse::<Email>().is_err(), "{typed}");
        }
    }

    #[test]
    fn invalid_addresses_are_rejected() {
        let long = format!("{}@example.com", "a".repeat(65));
        for text in [
            "",
            "a",
            "a@",
            "@b.kz",
            "a@b",
            "a b@c.kz",
            "a@b..kz",
            "a@-b.kz",
            "a@b.kz\n@c",
            "а@b.kz",
            &long,
        ] {
            assert!(text.parse::<Email>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_e164_numbers_are_accepted() {
        for text in [
            "",
            "+",
            "+0123456789",
            "77011234567",
            "+7701",
            "+1234567890123456",
            "+7701123456٧",
        ] {
            assert!(text.parse::<Phone>().is_err(), "{text}");
        }
    }
}
