use std::sync::Arc;
use std::time::Duration;

use divan_client::Client;
use divan_core::token::{AccessTokenClaims, Audiences, TokenError, TokenVerifier};
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

/// Verifies access tokens with the keys that a Divan server publishes, and refreshes the keys. Cheap
/// to clone.
#[derive(Clone)]
pub(crate) struct Keys {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    issuer: String,
    audiences: Audiences,
    pace: Pace,
    /// `None` until the first set has been fetched.
    verifier: watch::Sender<Option<Arc<TokenVerifier>>>,
    /// Time of the last request for the keys, successful or not.
    requested_at: Mutex<Option<Instant>>,
}

/// Intervals between requests for the keys.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    /// Interval of regular refreshes. A key that the server has removed is accepted for that long.
    pub(crate) refresh: Duration,
    /// Minimum interval between requests: any caller can send tokens that name unknown keys.
    pub(crate) pause: Duration,
}

/// Reason of a refused request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The token is not valid.
    Token(TokenError),
    /// No keys have been fetched yet.
    NoKeys,
}

impl Default for Pace {
    /// The max-age of the server's `Cache-Control`, and at most one request in five seconds.
    fn default() -> Self {
        Self {
            refresh: Duration::from_mins(5),
            pause: Duration::from_secs(5),
        }
    }
}

impl Keys {
    pub(crate) fn new(client: Client, issuer: &str, audiences: Audiences, pace: Pace) -> Self {
        let (verifier, requested_at) = (watch::Sender::new(None), Mutex::new(None));
        let shared = Shared {
            client,
            issuer: issuer.to_owned(),
            audiences,
            pace,
            verifier,
            requested_at,
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Verifies a token and returns its claims. A token that names an unknown key causes a refresh.
    pub(crate) async fn verify(&self, token: &str) -> Result<AccessTokenClaims, Refused> {
        match self.check(token) {
            Err(Refused::NoKeys | Refused::Token(TokenError::UnknownKey)) => {
                // In a task: a caller that disconnects must not cancel the request that others wait
                // for.
                let keys = self.clone();
                let _ = tokio::spawn(async move { keys.fetch().await }).await;
                self.check(token)
            }
            outcome => outcome,
        }
    }

    /// Fetches the keys regularly, so that tokens of known keys never wait for a request.
    pub(crate) async fn keep_fresh(self) {
        loop {
            self.fetch().await;
            tokio::time::sleep(self.shared.pace.refresh).await;
        }
    }

    fn check(&self, token: &str) -> Result<AccessTokenClaims, Refused> {
        let verifier = self
            .shared
            .verifier
            .borrow()
            .clone()
            .ok_or(Refused::NoKeys)?;
        verifier.verify(token).map_err(Refused::Token)
    }

    /// Fetches the keys unless they were requested recently. On failure the previous ones stay.
    #[expect(clippy::print_stderr, reason = "the log of an example")]
    async fn fetch(&self) {
        // One request at a time: concurrent callers wait for it and use its result.
        let mut requested_at = self.shared.requested_at.lock().await;
        if requested_at.is_some_and(|at| at.elapsed() < self.shared.pace.pause) {
            return;
        }
        *requested_at = Some(Instant::now());
        match self.shared.client.jwks().await {
            Ok(jwks) => {
                // Keys of unknown types are ignored.
                let (issuer, audiences) = (&self.shared.issuer, self.shared.audiences.clone());
                let verifier = TokenVerifier::from_jwks(&jwks, issuer, audiences);
                self.shared.verifier.send_replace(Some(Arc::new(verifier)));
            }
            Err(error) => eprintln!("the keys cannot be fetched: {error}"),
        }
    }
}
