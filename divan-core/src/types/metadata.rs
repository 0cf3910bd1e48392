use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Attributes of a user that only the application knows: a JSON object of at most 4 KiB.
///
/// Administrators write it, and the user can read it. Its members have no meaning for Divan.
///
/// ```
/// use divan_core::types::Metadata;
///
/// let metadata: Metadata = r#"{"department": "sales"}"#.parse()?;
/// assert_eq!(metadata.members()["department"], "sales");
/// assert!("[]".parse::<Metadata>().is_err());
/// # Ok::<(), divan_core::types::InvalidMetadata>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(
        value_type = Object,
        example = json!({"department": "sales"}),
        description = "Attributes of a user for the application: a JSON object of at most 4,096 bytes."
    )
)]
#[serde(try_from = "Map<String, Value>", into = "Map<String, Value>")]
pub struct Metadata(Map<String, Value>);

/// The value cannot be the metadata of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidMetadata {
    /// The text is not a JSON object.
    #[error("must be a JSON object")]
    NotAnObject,
    /// The object is too large.
    #[error(
        "must have at most {} bytes as JSON without white space",
        Metadata::MAX_BYTES
    )]
    TooLarge,
}

impl Metadata {
    /// The maximum size of the serialized object in bytes.
    pub const MAX_BYTES: usize = 4096;

    /// Checks the size of an object.
    ///
    /// # Errors
    /// [`InvalidMetadata::TooLarge`].
    pub fn new(members: Map<String, Value>) -> Result<Self, InvalidMetadata> {
        let metadata = Self(members);
        if metadata.to_json().len() > Self::MAX_BYTES {
            return Err(InvalidMetadata::TooLarge);
        }
        Ok(metadata)
    }

    /// The members of the object.
    pub fn members(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The object as JSON without white space.
    pub fn to_json(&self) -> String {
        // `Value` is displayed as JSON, and this cannot fail.
        Value::Object(self.0.clone()).to_string()
    }
}

impl FromStr for Metadata {
    type Err = InvalidMetadata;

    fn from_str(text: &str) -> Result<Self, InvalidMetadata> {
        let members = serde_json::from_str(text).map_err(|_| InvalidMetadata::NotAnObject)?;
        Self::new(members)
    }
}

impl TryFrom<Map<String, Value>> for Metadata {
    type Error = InvalidMetadata;

    fn try_from(members: Map<String, Value>) -> Result<Self, InvalidMetadata> {
        Self::new(members)
    }
}

impl From<Metadata> for Map<String, Value> {
    fn from(metadata: Metadata) -> Self {
        metadata.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_of_at_most_4096_bytes_is_accepted() {
        let of_size = |bytes: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - 8));
        assert_eq!(of_size(4096).len(), 4096);
        assert_eq!(
            of_size(4096).parse::<Metadata>().unwrap().to_json(),
            of_size(4096)
        );
        assert_eq!(
            of_size(4097).parse::<Metadata>(),
            Err(InvalidMetadata::TooLarge)
        );
        let letters = format!(r#"{{"a":"{}"}}"#, "я".repeat(2045));
        assert_eq!(letters.parse::<Metadata>(), Err(InvalidMetadata::TooLarge));
    }

    #[test]
    fn other_values_are_rejected() {
        for text in ["", "null", "[]", "1", "\"a\"", "{", "{\"a\":}", "{} {}"] {
            assert_eq!(
                text.parse::<Metadata>(),
                Err(InvalidMetadata::NotAnObject),
                "{text}"
            );
        }
        assert!(serde_json::from_str::<Metadata>("[]").is_err());
    }

    #[test]
    fn metadata_is_the_same_after_it_was_stored() {
        for text in [
            "{}",
            r#"{"a":null,"b":[1,-2,1.5,true],"c":{"d":"\u0000\u001f\""},"я":"😀"}"#,
            r#"{"big":18446744073709551615,"small":-9223372036854775808}"#,
        ] {
            let metadata: Metadata = text.parse().unwrap();
            assert_eq!(metadata.to_json().parse::<Metadata>().unwrap(), metadata);
            let wire = serde_json::to_string(&metadata).unwrap();
            assert_eq!(wire, metadata.to_json());
        }
    }
}
