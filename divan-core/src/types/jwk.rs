use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};

/// The public keys of a service (a JWK Set, [RFC 7517
/// §5](https://www.rfc-editor.org/rfc/rfc7517#section-5)).
///
/// ```
/// use divan_core::types::JwkSet;
///
/// let set: JwkSet = serde_json::from_str(
///     r#"{"keys": [
///         {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
///         {"kty": "what comes", "x": ["another", "form"]}
///     ]}"#,
/// )?;
/// assert_eq!(set.keys.len(), 1);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(description = "Public keys: a JWK Set (RFC 7517, section 5).")
)]
#[non_exhaustive]
pub struct JwkSet {
    /// The keys. Ignore keys of unknown types.
    #[serde(deserialize_with = "known_keys")]
    pub keys: Vec<Jwk>,
}

/// A public key of any type (a JWK, [RFC 7517
/// §4](https://www.rfc-editor.org/rfc/rfc7517#section-4)), not validated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(
        description = "A public key: a JWK (RFC 7517, section 4), here for Ed25519 (RFC 8037)."
    )
)]
#[non_exhaustive]
pub struct Jwk {
    /// The key type; `OKP` here.
    #[cfg_attr(feature = "openapi", schema(example = "OKP"))]
    pub kty: String,
    /// The curve; `Ed25519` here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = "Ed25519"))]
    pub crv: Option<String>,
    /// The public key, in base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(
            nullable = false,
            example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
        )
    )]
    pub x: Option<String>,
    /// The key's id; its thumbprint (RFC 7638) here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(
            nullable = false,
            example = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        )
    )]
    pub kid: Option<String>,
    /// The use of the key (`use`); `sig` here.
    #[serde(rename = "use", default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = "sig"))]
    pub key_use: Option<String>,
    /// The algorithm; `EdDSA` here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = "EdDSA"))]
    pub alg: Option<String>,
}

impl JwkSet {
    /// Creates the set.
    pub fn new(keys: impl IntoIterator<Item = Jwk>) -> Self {
        Self {
            keys: keys.into_iter().collect(),
        }
    }
}

impl Jwk {
    /// Creates a key with only a type; set the rest.
    pub fn new(kty: impl Into<String>) -> Self {
        Self {
            kty: kty.into(),
            ..Self::default()
        }
    }
}

/// Ignores keys of another form (RFC 7517 §5), so that a new key type does not break old readers.
fn known_keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Jwk>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Entry {
        Key(Jwk),
        Other(IgnoredAny),
    }
    let entries = Vec::<Entry>::deserialize(deserializer)?;
    Ok(entries
        .into_iter()
        .filter_map(|entry| match entry {
            Entry::Key(key) => Some(key),
            Entry::Other(_) => None,
        })
        .collect())
}
