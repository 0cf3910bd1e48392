use std::time::{Duration, SystemTime};

use divan_core::api::Audience;
use divan_core::secret::Secret;
use serde::{Deserialize, Serialize};

use super::{StoreError, Tokens};

const VERSION: u8 = 1;

/// [`Tokens`] as they are kept: a JSON object on one line. Times are milliseconds since the Unix
/// epoch.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept<S> {
    version: u8,
    server: String,
    audience: Audience,
    access_token: S,
    refresh_token: S,
    obtained_at: u64,
    expires_at: u64,
}

impl Kept<&str> {
    pub(super) fn of(tokens: &Tokens) -> Secret {
        let kept = Kept {
            version: VERSION,
            server: tokens.server.clone(),
            audience: tokens.audience,
            access_token: tokens.access_token.expose(),
            refresh_token: tokens.refresh_token.expose(),
            obtained_at: millis(tokens.obtained_at),
            expires_at: millis(tokens.expires_at),
        };
        // Neither map keys nor floats are in it, so there is nothing that JSON could not say.
        Secret::new(serde_json::to_string(&kept).unwrap_or_default())
    }
}

impl Kept<Secret> {
    pub(super) fn read(text: &Secret) -> Result<Tokens, StoreError> {
        let corrupt = || StoreError::new("what is kept is not a pair of tokens");
        // The cause is not told: it may quote a token.
        let kept: Self = serde_json::from_str(text.expose()).map_err(|_| corrupt())?;
        if kept.version != VERSION {
            return Err(StoreError::new(
                "what is kept was written by another version of this client",
            ));
        }
        Ok(Tokens {
            server: kept.server,
            audience: kept.audience,
            access_token: kept.access_token,
            refresh_token: kept.refresh_token,
            obtained_at: moment(kept.obtained_at).ok_or_else(corrupt)?,
            expires_at: moment(kept.expires_at).ok_or_else(corrupt)?,
        })
    }
}

fn millis(time: SystemTime) -> u64 {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn moment(millis: u64) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis))
}
