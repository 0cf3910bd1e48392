use std::time::{Duration, SystemTime};

use divan_core::api::Audience;
use divan_core::secret::Secret;
use serde::{Deserialize, Serialize};

use super::token_pair::Tokens;
use crate::error::StoreError;

const VERSION: u8 = 1;

/// Stored form of [`Tokens`]: a JSON object on one line. Times are milliseconds since the Unix
/// epoch.
#[derive(Serialize, Deserialize)]
struct StoredTokens<S> {
    version: u8,
    server: String,
    audience: Audience,
    access_token: S,
    refresh_token: S,
    obtained_at: u64,
    expires_at: u64,
}

impl Tokens {
    /// Serializes the pair for storage. Protect the text like a password.
    pub fn to_text(&self) -> Secret {
        let stored = StoredTokens {
            version: VERSION,
            server: self.server.clone(),
            audience: self.audience,
            access_token: self.access_token.expose(),
            refresh_token: self.refresh_token.expose(),
            obtained_at: to_millis(self.obtained_at),
            expires_at: to_millis(self.expires_at),
        };
        // Serialization fails only for maps with non-string keys, and there is none.
        Secret::new(serde_json::to_string(&stored).unwrap_or_default())
    }

    /// Parses the output of [`to_text`](Self::to_text).
    ///
    /// # Errors
    /// When the text has another format.
    pub fn from_text(text: &Secret) -> Result<Self, StoreError> {
        let invalid = || StoreError::new("the content is not a pair of tokens");
        // The cause is dropped because it may quote a token.
        let stored: StoredTokens<Secret> =
            serde_json::from_str(text.expose()).map_err(|_| invalid())?;
        if stored.version != VERSION {
            return Err(StoreError::new(
                "the content was written by another version of this client",
            ));
        }
        Ok(Self {
            server: stored.server,
            audience: stored.audience,
            access_token: stored.access_token,
            refresh_token: stored.refresh_token,
            obtained_at: from_millis(stored.obtained_at).ok_or_else(invalid)?,
            expires_at: from_millis(stored.expires_at).ok_or_else(invalid)?,
        })
    }
}

fn to_millis(time: SystemTime) -> u64 {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn from_millis(millis: u64) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis))
}
