mod introspection;
mod keys;
mod requests;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use divan_core::clock::ManualClock;
use divan_core::entropy::SeededEntropy;
use divan_core::token::{
    Audiences, KeyRing, SigningAlgorithm, SigningKey, TokenIssuer, TokenSubject,
};
use divan_core::types::{Audience, JwkSet, Role, SessionId, UserId};

use super::keys::KeySource;
use super::*;
use crate::error::Error;

const NOW: u64 = 1_780_000_000;
const ISSUER: &str = "https://sec.example.com";

fn user() -> UserId {
    "0199d0f0-0000-7000-8000-000000000001".parse().unwrap()
}

fn session() -> SessionId {
    "0199d0f0-0000-7000-8000-000000000002".parse().unwrap()
}

fn audiences() -> Audiences {
    Audiences::new("divan.example.com", "sec.example.com").unwrap()
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at_unix(NOW))
}

/// A signing key; each number is another key.
fn key(seed: u64) -> KeyRing {
    let key = SigningKey::generate(SigningAlgorithm::Es256, &SeededEntropy::new(seed));
    KeyRing::from(&key.unwrap())
}

fn token(key: &KeyRing, role: Role) -> String {
    let audience = match role {
        Role::Admin => Audience::Admin,
        _ => Audience::MiniApp,
    };
    let subject = TokenSubject::new(user(), role, audience, session(), 1);
    let issuer = TokenIssuer::new(key, ISSUER, audiences()).clock(clock());
    issuer.issue(&subject).unwrap().token.expose().to_owned()
}

/// A server that publishes keys, fails or hangs.
#[derive(Clone, Default)]
struct Server {
    requests: Arc<AtomicUsize>,
    state: Arc<Mutex<State>>,
}

#[derive(Clone, Default)]
enum State {
    #[default]
    Fails,
    Hangs,
    Publishes(JwkSet),
    /// Responds after a second.
    Slow(JwkSet),
}

impl Server {
    fn publishing(key: &KeyRing) -> Self {
        let server = Self::default();
        server.set(State::Publishes(key.jwks()));
        server
    }

    fn set(&self, state: State) {
        *self.state.lock().unwrap() = state;
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    fn keys(&self, settings: KeySettings) -> RemoteKeys {
        let source = Box::new(self.clone());
        RemoteKeys::from_source(source, ISSUER, audiences(), settings, clock())
    }
}

#[async_trait]
impl KeySource for Server {
    async fn fetch(&self) -> Result<JwkSet, Error> {
        self.requests.fetch_add(1, Ordering::SeqCst);
        let state = self.state.lock().unwrap().clone();
        match state {
            State::Fails => Err(Error::setup("no server")),
            State::Hangs => std::future::pending().await,
            State::Publishes(jwks) => Ok(jwks),
            State::Slow(jwks) => {
                tokio::time::sleep(Duration::from_secs(1)).await;
                Ok(jwks)
            }
        }
    }
}
