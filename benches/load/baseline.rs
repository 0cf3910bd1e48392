use std::sync::Arc;

use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use divan_core::api::{Endpoint, Me};
use divan_core::types::User;
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::signature::{Error as SignatureError, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;
use sha2::Sha256;

use crate::server::{BASELINE_USER, announce, listen};
use crate::users;

struct Baseline {
    key: DecodingKey,
    validation: Validation,
    user: User,
}

/// Claims of an access token of Divan.
#[derive(Deserialize)]
#[expect(dead_code, reason = "deserialized, as any verifier does, but not used")]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    role: String,
    sid: String,
    #[serde(rename = "gen")]
    generation: u64,
    iat: u64,
    nbf: u64,
    exp: u64,
    jti: String,
}

/// Serves the minimum that does the same work: one handler with `jsonwebtoken`, without middleware,
/// sessions and logs.
#[tokio::main]
pub(crate) async fn serve() {
    let _ = HMAC_ALONE.install_default();
    let user = std::env::var(BASELINE_USER).expect("a user");
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[users::ADMIN_URL]);
    validation.set_audience(&[users::MINIAPP_HOST]);
    validation.validate_nbf = true;
    let state = Baseline {
        key: DecodingKey::from_secret(users::KEY.as_bytes()),
        validation,
        user: serde_json::from_str(&user).expect("a user"),
    };
    let listener = listen().await;
    announce(&listener);
    let router = Router::new()
        .route(Me::PATH, get(me))
        .with_state(Arc::new(state));
    axum::serve(listener, router).await.expect("a server");
}

async fn me(
    State(state): State<Arc<Baseline>>,
    headers: HeaderMap,
) -> Result<Json<User>, StatusCode> {
    let header = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = header
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or(StatusCode::UNAUTHORIZED)?;
    decode::<Claims>(token, &state.key, &state.validation).map_err(|_| StatusCode::UNAUTHORIZED)?;
    Ok(Json(state.user.clone()))
}

/// HS256 as the `rust_crypto` feature of `jsonwebtoken` implements it, without the RSA that the feature
/// includes.
static HMAC_ALONE: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::InvalidAlgorithm.into()),
    verifier_factory: |_, key| {
        let hmac = Hmac::new_from_slice(key.try_get_as_bytes()?);
        Ok(Box::new(Hs256(
            hmac.map_err(|_| ErrorKind::InvalidKeyFormat)?,
        )))
    },
    key_utils: KeyUtils::new_unimplemented(),
};

struct Hs256(Hmac<Sha256>);

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), SignatureError> {
        self.0
            .clone()
            .chain_update(message)
            .verify_slice(signature)
            .map_err(SignatureError::from_source)
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}
