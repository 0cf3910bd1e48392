//! Reads the JSON objects inside init data: signed, so only their shape is in question.

use std::collections::HashSet;
use std::fmt;

use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::error::Malformed;

/// Parses one JSON object in which no key comes twice, at any depth.
///
/// Derived deserializers refuse only a known member that comes twice; a reader that takes the first and one that
/// takes the last must not see two different objects, whichever member it is.
pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Malformed> {
    // A derived deserializer would also take an array, member by member.
    if !text.trim_start().starts_with('{') {
        return Err(Malformed::Json);
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    UniqueKeys.deserialize(&mut reader).map_err(|_| Malformed::Json)?;
    serde_json::from_str(text).map_err(|_| Malformed::Json)
}

/// Walks any JSON value and fails on a repeated key.
struct UniqueKeys;

impl<'de> DeserializeSeed<'de> for UniqueKeys {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for UniqueKeys {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value without repeated keys")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if !seen.insert(key) {
                return Err(de::Error::custom("a key stands twice"));
            }
            map.next_value_seed(UniqueKeys)?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(UniqueKeys)?.is_some() {}
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_comes_twice_is_refused_at_any_depth() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            r#"{"a":[{"b":1,"b":2}]}"#,
            r#"{"a":1,"\u0061":2}"#,
        ] {
            assert_eq!(parse::<serde_json::Value>(text), Err(Malformed::Json), "{text}");
        }
        assert!(parse::<serde_json::Value>(r#"{"a":{"b":null},"b":[true,1.5,"x"]}"#).is_ok());
    }

    #[test]
    fn only_an_object_is_one() {
        for text in ["[]", "null", "1", "\"{}\"", "", r#"[42,"First"]"#] {
            assert_eq!(parse::<serde_json::Value>(text), Err(Malformed::Json), "{text}");
        }
    }

    #[test]
    fn depth_is_limited() {
        let deep = format!("{{\"a\":{}", "[".repeat(10_000));
        assert_eq!(parse::<serde_json::Value>(&deep), Err(Malformed::Json));
    }
}
