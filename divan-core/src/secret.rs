//! Secret text, redacted in logs and wiped from memory.

use zeroize::Zeroizing;

/// Password, token or key as text.
///
/// `Debug` is redacted, there is neither `Display` nor `Serialize`, and the memory is wiped on
/// drop. The text is only accessible through [`expose`](Self::expose), which a review finds easily.
///
/// ```
/// use divan_core::secret::Secret;
///
/// let secret = Secret::new("correct horse battery staple");
/// assert_eq!(format!("{secret:?}"), "Secret(redacted)");
/// assert_eq!(secret.expose().len(), 28);
/// ```
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// Returns the text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

redacted_debug!(Secret);

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

#[cfg(feature = "types")]
impl<'de> serde::Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// Serializes a secret; for `#[serde(serialize_with)]` on the few fields that contain one.
#[cfg(feature = "api")]
pub(crate) fn expose<S: serde::Serializer>(
    secret: &Secret,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

/// Serializes an optional secret; see [`expose`].
#[cfg(feature = "api")]
#[expect(clippy::ref_option, reason = "the signature that serde requires")]
pub(crate) fn expose_option<S: serde::Serializer>(
    secret: &Option<Secret>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => expose(secret, serializer),
        None => serializer.serialize_none(),
    }
}
