use std::fmt;
use std::time::{Duration, SystemTime};

use divan_core::api::{Audience, TokenResponse};
use divan_core::secret::Secret;

use super::StoreError;
use super::text::Kept;

/// The longest life of an access token that is believed.
const LONGEST_LIFE: Duration = Duration::from_hours(24 * 365);

/// A pair of tokens: what a [`TokenStore`](crate::TokenStore) keeps.
///
/// It belongs to one server and one audience, and a [`Handle`](crate::Handle) uses no other. Whoever
/// has it is signed in, so `Debug` shows neither token.
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
    pub(super) fn of(
        session: &TokenResponse,
        server: &str,
        audience: Audience,
        now: SystemTime,
    ) -> Self {
        let life = Duration::from_secs(session.expires_in).min(LONGEST_LIFE);
        // As it will be read again: the text has milliseconds.
        let now = to_millis(now);
        Self {
            server: server.to_owned(),
            audience,
            access_token: session.access_token.clone(),
            refresh_token: session.refresh_token.clone(),
            obtained_at: now,
            expires_at: now + life,
        }
    }

    /// The pair as a text to keep. Keep it like a password.
    pub fn to_text(&self) -> Secret {
        Kept::of(self)
    }

    /// The pair that a text stands for.
    ///
    /// # Errors
    /// When the text is not one of [`to_text`](Self::to_text), of this version or an older one.
    pub fn from_text(text: &Secret) -> Result<Self, StoreError> {
        Kept::read(text)
    }

    /// Whether both are the same pair: what a store compares.
    pub fn is_same_pair(&self, other: &Self) -> bool {
        self.refresh_token.expose() == other.refresh_token.expose()
    }

    /// The audience that the tokens are for.
    pub fn audience(&self) -> Audience {
        self.audience
    }

    /// When they were received, by this machine's clock.
    pub fn obtained_at(&self) -> SystemTime {
        self.obtained_at
    }

    /// When the access token's life is over, by this machine's clock.
    pub fn expires_at(&self) -> SystemTime {
        self.expires_at
    }

    pub(crate) fn access_token(&self) -> &Secret {
        &self.access_token
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

/// The same moment without what is finer than a millisecond; the Unix epoch for one before it.
fn to_millis(time: SystemTime) -> SystemTime {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::new(since.as_secs(), since.subsec_millis() * 1_000_000)
}
