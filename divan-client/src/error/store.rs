use std::fmt::Display;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Error of a [`TokenStore`](crate::TokenStore).
#[derive(Debug, thiserror::Error)]
#[error("token store: {reason}")]
pub struct StoreError {
    reason: String,
    source: Option<Cause>,
}

impl StoreError {
    /// Creates an error. The reason appears in logs and must not contain secrets.
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            source: None,
        }
    }

    /// Sets the cause.
    #[must_use]
    pub fn with_source(self, source: impl Into<Cause>) -> Self {
        Self {
            source: Some(source.into()),
            ..self
        }
    }

    /// Prefixes the reason.
    pub(crate) fn with_context(self, context: impl Display) -> Self {
        Self {
            reason: format!("{context}: {}", self.reason),
            ..self
        }
    }
}
