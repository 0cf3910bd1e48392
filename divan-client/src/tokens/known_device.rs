use divan_core::secret::Secret;
use divan_core::types::Email;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;

/// Device token of an administrator, for the next sign-in with the same e-mail address on the same
/// server.
///
/// It belongs to the device instead of a session, so a [`TokenStore`](crate::TokenStore) keeps it
/// after a sign-out. It replaces no password. `Debug` does not show the token.
#[derive(Clone)]
pub struct KnownDevice {
    pub(super) server: String,
    pub(super) email: Email,
    pub(super) token: Secret,
}

/// Stored form: a JSON object on one line.
#[derive(Serialize, Deserialize)]
struct StoredDevice<S> {
    server: String,
    email: Email,
    device_token: S,
}

impl KnownDevice {
    /// Serializes the device for storage.
    pub fn to_text(&self) -> Secret {
        let stored = StoredDevice {
            server: self.server.clone(),
            email: self.email.clone(),
            device_token: self.token.expose(),
        };
        // Serialization fails only for maps with non-string keys, and there is none.
        Secret::new(serde_json::to_string(&stored).unwrap_or_default())
    }

    /// Parses the output of [`to_text`](Self::to_text).
    ///
    /// # Errors
    /// When the text has another format.
    pub fn from_text(text: &Secret) -> Result<Self, StoreError> {
        // The cause is dropped because it may quote the token.
        let stored: StoredDevice<Secret> = serde_json::from_str(text.expose())
            .map_err(|_| StoreError::new("the content is not a device token"))?;
        Ok(Self {
            server: stored.server,
            email: stored.email,
            token: stored.device_token,
        })
    }

    /// Returns the e-mail address of the administrator who signed in.
    pub fn email(&self) -> &Email {
        &self.email
    }
}

impl std::fmt::Debug for KnownDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KnownDevice").finish_non_exhaustive()
    }
}
