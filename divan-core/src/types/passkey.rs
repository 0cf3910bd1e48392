use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// The options of a passkey ceremony in the JSON form of WebAuthn: the argument of
/// `PublicKeyCredential.parseCreationOptionsFromJSON()` or `parseRequestOptionsFromJSON()`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasskeyOptions(Value);

impl PasskeyOptions {
    /// Wraps the options.
    pub fn new(json: Value) -> Self {
        Self(json)
    }

    /// Returns the options, for the browser.
    pub fn as_json(&self) -> &Value {
        &self.0
    }
}

/// The result of a passkey ceremony in the JSON form of WebAuthn: `credential.toJSON()`. Its
/// holder can complete the ceremony.
#[derive(Clone, Serialize)]
#[serde(transparent)]
pub struct PasskeyCredential(Value);

impl PasskeyCredential {
    /// Wraps the result.
    pub fn new(json: Value) -> Self {
        Self(json)
    }

    /// Returns the result, as the browser created it.
    pub fn as_json(&self) -> &Value {
        &self.0
    }
}

/// Only an object is accepted.
impl<'de> Deserialize<'de> for PasskeyCredential {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::deserialize(deserializer).map(|members| Self(Value::Object(members)))
    }
}

redacted_debug!(PasskeyCredential);
