use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use divan_core::api::INTROSPECTION_PATH;
use divan_core::secret::Secret;
use divan_core::token::{Audiences, TokenError};
use divan_core::types::{Audience, Role, SessionId, UserId};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use url::form_urlencoded::byte_serialize;

use super::claims::Claims;
use super::refusal::Refusal;
use crate::client::Client;

/// Time limit of one request.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum size of a response in bytes.
const MAX_BODY: usize = 16 * 1024;

/// Maximum size of a token in bytes: issued tokens are far smaller.
const MAX_TOKEN: usize = 4096;

/// Maximum number of remembered results.
const MAX_RESULTS: usize = 10_000;

/// Verification of access tokens by the server ([RFC 7662](https://www.rfc-editor.org/rfc/rfc7662)). Cheap
/// to clone.
///
/// The server's responses are remembered for 5 seconds, for at most 10,000 tokens, whose SHA-256 is kept.
/// So a user who signed out or was deactivated has access for at most 6 seconds more: the server may be one
/// second late.
#[derive(Clone)]
pub struct Introspection {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    id: String,
    secret: Secret,
    audiences: Audiences,
    cache_for: Duration,
    results: Mutex<HashMap<[u8; 32], Remembered>>,
}

struct Remembered {
    until: Instant,
    result: Result<Claims, Refusal>,
}

/// The response of the server. Members are absent if the token is not active.
#[derive(Deserialize)]
struct Response {
    active: bool,
    sub: Option<UserId>,
    role: Option<Role>,
    sid: Option<SessionId>,
    aud: Option<String>,
    exp: Option<u64>,
    name: Option<String>,
}

impl Introspection {
    /// Creates the verification by the client's server. `id` and `secret` are those of a service
    /// credential with the scope `introspect`.
    pub fn new(client: Client, id: &str, secret: impl Into<Secret>, audiences: Audiences) -> Self {
        Self::with_cache(client, id, secret, audiences, Duration::from_secs(5))
    }

    /// Creates such a verification that remembers the server's responses for `cache_for`;
    /// [`Duration::ZERO`] asks the server for every request.
    pub fn with_cache(
        client: Client,
        id: &str,
        secret: impl Into<Secret>,
        audiences: Audiences,
        cache_for: Duration,
    ) -> Self {
        let shared = Shared {
            client,
            id: id.to_owned(),
            secret: secret.into(),
            audiences,
            cache_for,
            results: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Verifies an access token and returns its claims.
    ///
    /// # Errors
    /// [`Refusal::TokenInvalid`] if the token is not active, not for a user, or for another audience;
    /// [`Refusal::Unavailable`] if the server does not respond as documented.
    pub async fn verify(&self, token: &str) -> Result<Claims, Refusal> {
        if token.is_empty() || token.len() > MAX_TOKEN {
            return Err(Refusal::TokenInvalid(TokenError::Malformed));
        }
        let key = Sha256::digest(token).into();
        let result = if let Some(result) = self.remembered(&key) {
            result
        } else {
            let response = self.ask(token).await.ok_or(Refusal::Unavailable)?;
            let result = self.claims(response);
            self.remember(key, result.clone());
            result
        };
        let now = self.shared.client.clock.unix_seconds();
        result.and_then(|claims| {
            if claims.expires_at > now {
                Ok(claims)
            } else {
                Err(Refusal::TokenInvalid(TokenError::Expired))
            }
        })
    }

    async fn ask(&self, token: &str) -> Option<Response> {
        let Shared {
            client, id, secret, ..
        } = &*self.shared;
        let form = Secret::new(serde_urlencoded::to_string([("token", token)]).ok()?);
        let url = client.transport.base_url.endpoint(INTROSPECTION_PATH);
        let request = client.transport.http.post(url).timeout(TIMEOUT);
        let request = request
            .basic_auth(
                form_encoded(id).expose(),
                Some(form_encoded(secret.expose()).expose()),
            )
            .header(
                CONTENT_TYPE,
                HeaderValue::from_static("application/x-www-form-urlencoded"),
            )
            .body(form.expose().to_owned());
        let mut response = request.send().await.ok()?;
        if response.status().as_u16() != 200 {
            return None;
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.ok()? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_BODY {
                return None;
            }
        }
        serde_json::from_slice(&body).ok()
    }

    fn claims(&self, response: Response) -> Result<Claims, Refusal> {
        let claims = || {
            let host = response.aud?;
            let is_for = |&audience: &Audience| self.shared.audiences.host(audience) == host;
            Some(Claims {
                user: response.sub?,
                role: response.role?,
                audience: [Audience::MiniApp, Audience::Admin]
                    .into_iter()
                    .find(is_for)?,
                session: response.sid?,
                expires_at: response.exp?,
                name: response.name,
            })
        };
        let inactive = Refusal::TokenInvalid(TokenError::NotAccepted);
        if response.active {
            claims().ok_or(inactive)
        } else {
            Err(inactive)
        }
    }

    fn remembered(&self, key: &[u8; 32]) -> Option<Result<Claims, Refusal>> {
        let results = self.results();
        let found = results.get(key)?;
        (found.until > Instant::now()).then(|| found.result.clone())
    }

    fn remember(&self, key: [u8; 32], result: Result<Claims, Refusal>) {
        if self.shared.cache_for.is_zero() {
            return;
        }
        let (now, mut results) = (Instant::now(), self.results());
        if results.len() >= MAX_RESULTS {
            results.retain(|_, found| found.until > now);
        }
        if results.len() >= MAX_RESULTS {
            results.clear();
        }
        let until = now + self.shared.cache_for;
        results.insert(key, Remembered { until, result });
    }

    fn results(&self) -> MutexGuard<'_, HashMap<[u8; 32], Remembered>> {
        let results = self.shared.results.lock();
        results.unwrap_or_else(PoisonError::into_inner)
    }
}

/// Encodes an id or secret as in a form (RFC 6749 §2.3.1).
fn form_encoded(text: &str) -> Secret {
    Secret::new(byte_serialize(text.as_bytes()).collect::<String>())
}

impl fmt::Debug for Introspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Introspection")
            .field("client", &self.shared.client)
            .field("id", &self.shared.id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_number_of_remembered_results_is_bounded() {
        let client = Client::new("http://localhost:8000").unwrap();
        let audiences = Audiences::new("divan.example.com", "sec.example.com").unwrap();
        let introspection = Introspection::new(client, "an-id", "a-secret", audiences);
        let remember = |number: usize| {
            let key = Sha256::digest(number.to_string()).into();
            introspection.remember(key, Err(Refusal::TokenInvalid(TokenError::NotAccepted)));
            let count = introspection.results().len();
            (count, introspection.remembered(&key))
        };
        for number in 0..MAX_RESULTS {
            remember(number);
        }
        assert_eq!(introspection.results().len(), MAX_RESULTS);
        let (count, found) = remember(MAX_RESULTS);
        assert_eq!((count, found.is_some()), (1, true));

        tokio::time::advance(Duration::from_secs(5)).await;
        let key = Sha256::digest(MAX_RESULTS.to_string()).into();
        assert_eq!(introspection.remembered(&key), None, "five seconds later");
    }
}
