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
        description = "A public key: a JWK (RFC 7517, section 4), here for Ed25519 (RFC 8037) or P-256 (RFC 7518, section 6.2)."
    )
)]
#[non_exhaustive]
pub struct Jwk {
    /// The key type; `OKP` for Ed25519 and `EC` for P-256 here.
    #[cfg_attr(feature = "openapi", schema(example = "OKP"))]
    pub kty: String,
    /// The curve; `Ed25519` or `P-256` here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = "Ed25519"))]
    pub crv: Option<String>,
    /// The public key of `Ed25519`, or its first coordinate on `P-256`, in base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(
            nullable = false,
            example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
        )
    )]
    pub x: Option<String>,
    /// The second coordinate of a key on `P-256`, in base64url; none for `Ed25519`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(
            nullable = false,
            example = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
        )
    )]
    pub y: Option<String>,
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
    /// The algorithm; `EdDSA` or `ES256` here.
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
