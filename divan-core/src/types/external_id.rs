use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::characters::is_deceptive;

/// The id of a user in another system, such as a personnel number: 1 to 128 characters.
///
/// White space around it is removed. Otherwise it is compared as it is: `A1` and `a1` are two ids.
///
/// ```
/// use divan_core::types::ExternalId;
///
/// let id: ExternalId = " HR-000123 ".parse()?;
/// assert_eq!(id.as_str(), "HR-000123");
/// assert!("HR\n000123".parse::<ExternalId>().is_err());
/// # Ok::<(), divan_core::types::InvalidExternalId>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(
        value_type = String,
        min_length = 1,
        max_length = 128,
        example = "HR-000123",
        description = "The id of a user in another system, such as a personnel number."
    )
)]
#[serde(try_from = "String", into = "String")]
pub struct ExternalId(String);

/// The text is not an id of another system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidExternalId {
    /// The text is empty or white space.
    #[error("must not be empty")]
    Empty,
    /// The text is too long.
    #[error("must have at most {} characters", ExternalId::MAX_CHARS)]
    TooLong,
    /// The text contains a control character.
    #[error("must not contain control characters")]
    ControlCharacter,
}

impl ExternalId {
    /// The maximum length in characters.
    pub const MAX_CHARS: usize = 128;

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ExternalId {
    type Err = InvalidExternalId;

    fn from_str(text: &str) -> Result<Self, InvalidExternalId> {
        let text = text.trim();
        if text.is_empty() {
            Err(InvalidExternalId::Empty)
        } else if text.chars().count() > Self::MAX_CHARS {
            Err(InvalidExternalId::TooLong)
        } else if text.contains(is_deceptive) {
            Err(InvalidExternalId::ControlCharacter)
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

impl TryFrom<String> for ExternalId {
    type Error = InvalidExternalId;

    fn try_from(text: String) -> Result<Self, InvalidExternalId> {
        text.parse()
    }
}

impl From<ExternalId> for String {
    fn from(id: ExternalId) -> Self {
        id.0
    }
}

impl AsRef<str> for ExternalId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_other_systems_are_accepted() {
        let long = "я".repeat(128);
        for text in [
            "1",
            "HR-000123",
            "Таб. № 7",
            "auth0|5f7c8ec7c33c6c004bbafe82",
            "CN=First Last,OU=Staff,DC=example,DC=com",
            &long,
        ] {
            assert_eq!(text.parse::<ExternalId>().unwrap().as_str(), text);
        }
        assert_ne!(
            "a1".parse::<ExternalId>().unwrap(),
            "A1".parse::<ExternalId>().unwrap()
        );
    }

    #[test]
    fn empty_long_and_control_characters_are_rejected() {
        for (text, error) in [
            ("", InvalidExternalId::Empty),
            (" \t\n", InvalidExternalId::Empty),
            (&"я".repeat(129), InvalidExternalId::TooLong),
            ("a\0b", InvalidExternalId::ControlCharacter),
            ("a\nb", InvalidExternalId::ControlCharacter),
            ("a\u{85}b", InvalidExternalId::ControlCharacter),
            ("a\u{2028}b", InvalidExternalId::ControlCharacter),
            ("a\u{202E}b", InvalidExternalId::ControlCharacter),
        ] {
            assert_eq!(text.parse::<ExternalId>(), Err(error), "{text:?}");
        }
    }
}
