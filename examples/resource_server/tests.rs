//! Tests with the real server, which is restarted with other keys.

#[path = "../test_server.rs"]
mod test_server;

use std::path::Path;

use axum::body::Body;
use axum::http::{Request, header};
use axum::{Json, Router};
use divan_client::Secret;
use serde_json::json;
use tower::ServiceExt;

use self::test_server::{Divan, generate_key};
use super::*;

/// Fetches keys for every unknown key.
fn eager() -> KeySettings {
    KeySettings::default().min_interval(Duration::ZERO)
}

/// Fetches keys only once.
fn reluctant() -> KeySettings {
    KeySettings::default().min_interval(Duration::from_hours(1))
}

impl Divan {
    async fn token(&self) -> Secret {
        let client = self.signed_in().await;
        client.admin().access_token().await.unwrap()
    }

    /// Restarts the server with another key at the same address.
    async fn restart(self, folder: &Path, key: Option<&str>) -> Self {
        let address = self.address.to_string();
        self.stop().await;
        Self::start(folder, key, &address).await
    }
}

/// Returns a folder with two keys, and a server with the first.
async fn divan() -> (tempfile::TempDir, Divan) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["first.pem", "second.pem"] {
        generate_key(folder.path(), name);
    }
    let divan = Divan::start(folder.path(), Some("first.pem"), "127.0.0.1:0").await;
    divan.bootstrap().await;
    (folder, divan)
}

/// Returns this service for the Divan server at that address.
fn service(divan: &str, settings: KeySettings) -> Router {
    let client = Client::builder(divan)
        .timeout(Duration::from_secs(5))
        .build()
        .unwrap();
    let audiences = Audiences::new("divan.localhost", "sec.localhost").unwrap();
    let issuer = "http://sec.localhost:8000";
    app(RemoteKeys::new(client, issuer, audiences, settings))
}

fn service_of(divan: &Divan, settings: KeySettings) -> Router {
    service(&format!("http://{}", divan.address), settings)
}

async fn status(service: &Router, token: &str) -> u16 {
    let request = Request::get("/reports").header(header::AUTHORIZATION, format!("Bearer {token}"));
    let answer = service
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    answer.status().as_u16()
}

#[tokio::test]
async fn a_valid_token_is_accepted_and_a_forged_one_is_rejected() {
    let (_folder, divan) = divan().await;
    let service = service_of(&divan, KeySettings::default());
    let token = divan.token().await;
    assert_eq!(status(&service, token.expose()).await, 200);
    let (message, _) = token.expose().rsplit_once('.').unwrap();
    for forged in [
        "",
        "x",
        message,
        &format!("{message}."),
        &format!("{message}.{}", "A".repeat(86)),
    ] {
        assert_eq!(status(&service, forged).await, 401, "{forged}");
    }
    divan.stop().await;
}

#[tokio::test]
async fn an_unknown_key_id_fetches_the_new_key() {
    let (folder, divan) = divan().await;
    let [eager, reluctant] = [eager(), reluctant()].map(|settings| service_of(&divan, settings));
    let first = divan.token().await;
    for service in [&eager, &reluctant] {
        assert_eq!(status(service, first.expose()).await, 200);
    }
    let divan = divan.restart(folder.path(), Some("second.pem")).await;
    let second = divan.token().await;
    assert_eq!(status(&eager, second.expose()).await, 200);
    assert_eq!(
        status(&eager, first.expose()).await,
        401,
        "the key is no longer published"
    );
    // Its last request was recent, so it keeps the previous keys.
    assert_eq!(status(&reluctant, second.expose()).await, 401);
    assert_eq!(status(&reluctant, first.expose()).await, 200);
    divan.stop().await;
}

#[tokio::test]
async fn known_keys_are_used_while_the_server_is_down() {
    let (folder, divan) = divan().await;
    let (service, newcomer) = (service_of(&divan, eager()), service_of(&divan, eager()));
    let first = divan.token().await;
    assert_eq!(status(&service, first.expose()).await, 200);
    let divan = divan.restart(folder.path(), Some("second.pem")).await;
    let (second, address) = (divan.token().await, divan.address.to_string());
    divan.stop().await;
    assert_eq!(
        status(&service, second.expose()).await,
        401,
        "the key cannot be fetched"
    );
    assert_eq!(status(&service, first.expose()).await, 200);
    assert_eq!(
        status(&newcomer, first.expose()).await,
        503,
        "it has not fetched any keys"
    );

    let divan = Divan::start(folder.path(), Some("second.pem"), &address).await;
    assert_eq!(status(&newcomer, second.expose()).await, 200);
    divan.stop().await;
}

#[tokio::test]
async fn a_token_signed_with_the_secret_key_is_rejected() {
    let (folder, divan) = divan().await;
    let divan = divan.restart(folder.path(), None).await;
    let token = divan.token().await;
    assert_eq!(
        status(&service_of(&divan, eager()), token.expose()).await,
        401
    );
    divan.stop().await;
}

#[tokio::test]
async fn keys_of_unknown_types_are_ignored() {
    let (_folder, divan) = divan().await;
    let token = divan.token().await;
    let ours = serde_json::to_value(divan.client().jwks().await.unwrap()).unwrap();
    let set = json!({"keys": [
        {"kty": "RSA", "kid": "rsa", "n": "AQAB", "e": "AQAB"},
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA", "kid": 7},
        ours["keys"][0],
    ]});
    let published = Router::new().route("/.well-known/jwks.json", get(async || Json(set)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, published).await });
    assert_eq!(
        status(&service(&address, eager()), token.expose()).await,
        200
    );
    divan.stop().await;
}
