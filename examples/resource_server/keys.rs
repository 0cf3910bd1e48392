use std::sync::Arc;
use std::time::Duration;

use divan_client::Client;
use divan_core::token::{AccessTokenClaims, Audiences, TokenError, TokenVerifier};
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

/// Checks access tokens by the keys that a Divan server publishes, and keeps these fresh. Cheap to
/// clone.
#[derive(Clone)]
pub(crate) struct Keys {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    issuer: String,
    audiences: Audiences,
    pace: Pace,
    /// None until the first set has come.
    verifier: watch::Sender<Option<Arc<TokenVerifier>>>,
    /// When the keys were asked for the last time, whatever came of it.
    asked: Mutex<Option<Instant>>,
}

/// How often keys are fetched.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    /// How old a set gets before it is fetched anew. A key that the server has given up is accepted
    /// for as long.
    pub(crate) refresh: Duration,
    /// How soon it may be fetched again: anybody can send tokens that name unknown keys.
    pub(crate) pause: Duration,
}

/// Why nobody is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The token is not good.
    Token(TokenError),
    /// There are no keys yet to tell by.
    NoKeys,
}

impl Default for Pace {
    /// As the server's `Cache-Control` says, and every five seconds at most.
    fn default() -> Self {
        Self {
            refresh: Duration::from_mins(5),
            pause: Duration::from_secs(5),
        }
    }
}

impl Keys {
    pub(crate) fn new(client: Client, issuer: &str, audiences: Audiences, pace: Pace) -> Self {
        let (verifier, asked) = (watch::Sender::new(None), Mutex::new(None));
        let shared = Shared {
            client,
            issuer: issuer.to_owned(),
            audiences,
            pace,
            verifier,
            asked,
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Tells who has signed in. A token that names a key that is not known makes the keys be
    /// fetched again.
    pub(crate) async fn verify(&self, token: &str) -> Result<AccessTokenClaims, Refused> {
        match self.check(token) {
            Err(Refused::NoKeys | Refused::Token(TokenError::UnknownKey)) => {
                // A task of its own: a caller who hangs up must not stop what all the others wait
                // for.
                let keys = self.clone();
                let _ = tokio::spawn(async move { keys.fetch().await }).await;
                self.check(token)
            }
            outcome => outcome,
        }
    }

    /// Fetches the keys now and then. Nobody who sends a token of a known key waits for that.
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

    /// Fetches the keys, unless that was done a moment ago. When it fails the old ones stay.
    #[expect(clippy::print_stderr, reason = "the log of an example")]
    async fn fetch(&self) {
        // One at a time: who has waited finds what the other one fetched.
        let mut asked = self.shared.asked.lock().await;
        if asked.is_some_and(|at| at.elapsed() < self.shared.pace.pause) {
            return;
        }
        *asked = Some(Instant::now());
        match self.shared.client.jwks().await {
            Ok(jwks) => {
                // Keys of kinds that it does not know are passed over.
                let (issuer, audiences) = (&self.shared.issuer, self.shared.audiences.clone());
                let verifier = TokenVerifier::from_jwks(&jwks, issuer, audiences);
                self.shared.verifier.send_replace(Some(Arc::new(verifier)));
            }
            Err(error) => eprintln!("the keys cannot be fetched: {error}"),
        }
    }
}
