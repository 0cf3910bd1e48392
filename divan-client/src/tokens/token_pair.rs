use std::fmt;
use std::time::{Duration, SystemTime};

use divan_core::api::{Audience, FreshToken, TokenResponse};
use divan_core::secret::Secret;

/// Maximum lifetime of an access token; a longer one in a response is reduced to it.
const MAX_LIFETIME: Duration = Duration::from_hours(24 * 365);

/// Access token and refresh token: the content of a [`TokenStore`](crate::TokenStore).
///
/// The pair belongs to one server and one audience; a [`Handle`](crate::Handle) rejects any other.
/// It grants access to the user's account, so `Debug` shows neither token.
#[derive(Clone)]
pub struct Tokens {
    pub(super) server: String,
    pub(super) audience: Audience,
    pub(super) access_token: Secret,
    pub(super) refresh_token: Secret,
    pub(super) obtained_at: SystemTime,
    pub(super) expires_at: SystemTime,
}

impl Tokens {
    pub(super) fn from_response(
        response: &TokenResponse,
        server: &str,
        audience: Audience,
        now: SystemTime,
    ) -> Self {
        let lifetime = Duration::from_secs(response.expires_in).min(MAX_LIFETIME);
        // The stored text has milliseconds: truncate so that a round trip changes nothing.
        let now = truncate_to_millis(now);
        Self {
            server: server.to_owned(),
            audience,
            access_token: response.access_token.clone(),
            refresh_token: response.refresh_token.clone(),
            obtained_at: now,
            expires_at: now + lifetime,
        }
    }

    /// Returns the pair with another access token, which was received now.
    pub(super) fn with_access(&self, fresh: &FreshToken, now: SystemTime) -> Self {
        let lifetime = Duration::from_secs(fresh.expires_in).min(MAX_LIFETIME);
        let now = truncate_to_millis(now);
        Self {
            access_token: fresh.access_token.clone(),
            obtained_at: now,
            expires_at: now + lifetime,
            ..self.clone()
        }
    }

    /// Returns `true` if both are the same pair: the comparison of
    /// [`TokenStore::compare_and_swap`](crate::TokenStore::compare_and_swap).
    pub fn is_same_pair(&self, other: &Self) -> bool {
        self.refresh_token.expose() == other.refresh_token.expose()
    }

    /// Returns the audience that the tokens are for.
    pub fn audience(&self) -> Audience {
        self.audience
    }

    /// Returns the time of receipt by the local clock.
    pub fn obtained_at(&self) -> SystemTime {
        self.obtained_at
    }

    /// Returns the expiry of the access token by the local clock.
    pub fn expires_at(&self) -> SystemTime {
        self.expires_at
    }

    pub(crate) fn access_token(&self) -> &Secret {
        &self.access_token
    }

    pub(crate) fn refresh_token(&self) -> &Secret {
        &self.refresh_token
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("audience", &self.audience)
            .field("obtained_at", &self.obtained_at)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Truncates to milliseconds; the Unix epoch for times before it.
fn truncate_to_millis(time: SystemTime) -> SystemTime {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::new(since.as_secs(), since.subsec_millis() * 1_000_000)
}
