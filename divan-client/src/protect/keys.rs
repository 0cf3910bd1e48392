use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use divan_core::clock::Clock;
use divan_core::token::{AccessTokenClaims, Audiences, TokenError, TokenVerifier};
use divan_core::types::JwkSet;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::Instant;

use super::refusal::Refusal;
use crate::client::Client;
use crate::error::Error;

/// Time limit of one request for the keys.
const FETCH_TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum delay after failures.
const MAX_DELAY: Duration = Duration::from_mins(1);

/// The public keys of a Divan server (JWKS), which verify access tokens. Cheap to clone.
///
/// - Keys are fetched with the first token, and again in the background when they are older than
///   [`max_age`](KeySettings::max_age). Tokens of known keys never wait for that.
/// - A token that names an unknown key waits for a request for the keys, because the server may have
///   rotated them. There is at most one such request in [`min_interval`](KeySettings::min_interval): any
///   caller can send tokens with invented key ids.
/// - After a failure, the previous keys stay, and the next request is delayed: twice as long after each
///   failure, up to a minute.
/// - Keys older than [`max_stale`](KeySettings::max_stale) are not used. Without this limit, an attacker
///   who keeps your service from reaching the server could use a stolen key that was removed long ago.
/// - Requests run in tasks of their own, so a caller that disconnects does not cancel the request that
///   others wait for.
#[derive(Clone)]
pub struct RemoteKeys {
    shared: Arc<Shared>,
}

/// Intervals of [`RemoteKeys`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct KeySettings {
    max_age: Duration,
    min_interval: Duration,
    max_stale: Duration,
}

impl Default for KeySettings {
    fn default() -> Self {
        Self {
            max_age: Duration::from_mins(5),
            min_interval: Duration::from_secs(5),
            max_stale: Duration::from_hours(24),
        }
    }
}

impl KeySettings {
    /// Sets the age from which keys are fetched again. A key that the server has removed is accepted for
    /// that long. Default: 5 minutes, as `Cache-Control` of the server says.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// Sets the minimum interval between two requests for the keys. Default: 5 seconds.
    pub fn min_interval(mut self, interval: Duration) -> Self {
        self.min_interval = interval;
        self
    }

    /// Sets the age from which keys are not used if the server cannot be reached. Default: 24 hours.
    pub fn max_stale(mut self, age: Duration) -> Self {
        self.max_stale = age;
        self
    }

    /// Returns the delay after this number of failures without a success.
    fn delay(&self, failures: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
        let delay = self.min_interval.saturating_mul(doubled);
        delay.min(MAX_DELAY.max(self.min_interval))
    }
}

struct Shared {
    source: Box<dyn KeySource>,
    issuer: String,
    audiences: Audiences,
    clock: Arc<dyn Clock>,
    settings: KeySettings,
    keys: RwLock<Option<Keys>>,
    requests: Arc<Mutex<Requests>>,
}

/// The keys of the last successful request.
#[derive(Clone)]
struct Keys {
    verifier: Arc<TokenVerifier>,
    fetched_at: Instant,
}

/// Requests for the keys. One runs at a time.
#[derive(Default)]
struct Requests {
    /// Time from which the next request is allowed; `None` before the first.
    next: Option<Instant>,
    failures: u32,
    error: Option<Error>,
}

impl Requests {
    fn is_allowed(&self) -> bool {
        self.next.is_none_or(|next| Instant::now() >= next)
    }
}

/// Source of the keys.
#[async_trait]
pub(super) trait KeySource: Send + Sync {
    async fn fetch(&self) -> Result<JwkSet, Error>;
}

#[async_trait]
impl KeySource for Client {
    async fn fetch(&self) -> Result<JwkSet, Error> {
        self.jwks().await
    }
}

impl RemoteKeys {
    /// Creates the keys of the client's server. Nothing is fetched before the first token.
    ///
    /// `issuer` is `DIVAN_ISSUER` of the server, by default the origin of `DIVAN_ADMIN_URL`; it is
    /// compared with tokens character by character.
    pub fn new(client: Client, issuer: &str, audiences: Audiences, settings: KeySettings) -> Self {
        let clock = Arc::clone(&client.clock);
        Self::from_source(Box::new(client), issuer, audiences, settings, clock)
    }

    pub(super) fn from_source(
        source: Box<dyn KeySource>,
        issuer: &str,
        audiences: Audiences,
        settings: KeySettings,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let shared = Shared {
            source,
            issuer: issuer.to_owned(),
            audiences,
            clock,
            settings,
            keys: RwLock::default(),
            requests: Arc::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Verifies an access token and returns its claims.
    ///
    /// # Errors
    /// [`Refusal::TokenInvalid`], or [`Refusal::Unavailable`] without usable keys.
    pub async fn verify(&self, token: &str) -> Result<AccessTokenClaims, Refusal> {
        match self.verify_with_known_keys(token) {
            Err(Refusal::Unavailable | Refusal::TokenInvalid(TokenError::UnknownKey)) => {
                self.refresh().await;
                self.verify_with_known_keys(token)
            }
            result => {
                self.refresh_in_background();
                result
            }
        }
    }

    /// Fetches the keys, unless that happened within the minimum interval. A service can call this at its
    /// start, so that the first request does not wait.
    pub async fn refresh(&self) {
        let keys = self.clone();
        // In a task: a caller that disconnects must not cancel the request that others wait for.
        let task = tokio::spawn(async move {
            let requests = Arc::clone(&keys.shared.requests).lock_owned().await;
            keys.fetch(requests).await;
        });
        drop(task.await);
    }

    /// Returns the error of the last request for the keys; `None` if it succeeded.
    pub async fn last_error(&self) -> Option<Error> {
        self.shared.requests.lock().await.error.clone()
    }

    fn verify_with_known_keys(&self, token: &str) -> Result<AccessTokenClaims, Refusal> {
        let keys = self.known().ok_or(Refusal::Unavailable)?;
        if keys.fetched_at.elapsed() >= self.shared.settings.max_stale {
            return Err(Refusal::Unavailable);
        }
        keys.verifier.verify(token).map_err(Refusal::TokenInvalid)
    }

    fn known(&self) -> Option<Keys> {
        let keys = self.shared.keys.read();
        keys.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Starts a request if the keys are old and no other request runs.
    fn refresh_in_background(&self) {
        let max_age = self.shared.settings.max_age;
        let is_old = self
            .known()
            .is_some_and(|keys| keys.fetched_at.elapsed() >= max_age);
        if !is_old {
            return;
        }
        if let Ok(requests) = Arc::clone(&self.shared.requests).try_lock_owned()
            && requests.is_allowed()
        {
            let keys = self.clone();
            drop(tokio::spawn(async move { keys.fetch(requests).await }));
        }
    }

    /// Fetches the keys, if another request is allowed. Callers that waited for the lock find that it is
    /// not.
    async fn fetch(&self, mut requests: OwnedMutexGuard<Requests>) {
        if !requests.is_allowed() {
            return;
        }
        let shared = &*self.shared;
        let response = tokio::time::timeout(FETCH_TIMEOUT, shared.source.fetch()).await;
        let delay = match response.unwrap_or_else(|_| Err(Error::timed_out())) {
            Ok(jwks) => {
                self.replace(&jwks);
                (requests.failures, requests.error) = (0, None);
                shared.settings.min_interval
            }
            Err(error) => {
                requests.failures = requests.failures.saturating_add(1);
                requests.error = Some(error);
                shared.settings.delay(requests.failures)
            }
        };
        requests.next = Some(Instant::now() + delay);
    }

    fn replace(&self, jwks: &JwkSet) {
        let shared = &*self.shared;
        let verifier = TokenVerifier::from_jwks(jwks, &shared.issuer, shared.audiences.clone())
            .clock(Arc::clone(&shared.clock));
        let keys = Keys {
            verifier: Arc::new(verifier),
            fetched_at: Instant::now(),
        };
        let mut known = shared.keys.write().unwrap_or_else(PoisonError::into_inner);
        *known = Some(keys);
    }
}

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteKeys")
            .field("issuer", &self.shared.issuer)
            .field("settings", &self.shared.settings)
            .finish_non_exhaustive()
    }
}
