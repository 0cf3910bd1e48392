//! `cargo run --example resource_server`: a service of your own that accepts the access tokens of
//! Divan and shares neither a secret nor a database with it.
//!
//! It listens on 127.0.0.1:3000 until it is interrupted. `GET /hello` accepts any access
//! token, `GET /reports` that of an administrator. Start a Divan server that signs with a key of its own first:
//!
//! ```sh
//! cargo run -p divan-server -- keys generate --out key.pem
//! DIVAN_SIGNING_KEY_FILE=key.pem cargo run -p divan-server
//! ```

mod keys;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use divan_client::Client;
use divan_core::token::{AccessTokenClaims, Audience, Audiences};
use divan_core::types::Role;
use keys::{Keys, Pace, Refused};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn Error>> {
    let divan = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "http://localhost:8000".to_owned());
    let client = Client::builder(&divan)
        .timeout(Duration::from_secs(5))
        .build()?;
    // Those of development mode. They decide which tokens are accepted, so they are configured and
    // never fetched.
    let audiences = Audiences::new("divan.localhost", "sec.localhost")?;
    let keys = Keys::new(
        client,
        "http://sec.localhost:8000",
        audiences,
        Pace::default(),
    );
    tokio::spawn(keys.clone().keep_fresh());

    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!(
        "Listening on http://{} for users of {divan}",
        listener.local_addr()?
    );
    axum::serve(listener, app(keys)).await?;
    Ok(())
}

fn app(keys: Keys) -> Router {
    Router::new()
        .route("/hello", get(hello))
        .route("/reports", get(reports))
        .with_state(keys)
}

async fn hello(SignedIn(claims): SignedIn) -> String {
    format!("Hello, {}!", claims.user)
}

/// The role is that of the time when the token was issued, at most 15 minutes ago. For the current
/// role, ask the server: `client.me(&token)`.
async fn reports(SignedIn(claims): SignedIn) -> Result<&'static str, StatusCode> {
    if (claims.audience, claims.role) != (Audience::Admin, Role::Admin) {
        return Err(StatusCode::FORBIDDEN);
    }
    Ok("All reports.")
}

/// Extractor of the claims of a valid token.
struct SignedIn(AccessTokenClaims);

impl<S: Send + Sync> FromRequestParts<S> for SignedIn
where
    Keys: FromRef<S>,
{
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let header = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let token = header
            .and_then(|text| text.strip_prefix("Bearer "))
            .unwrap_or_default();
        Ok(Self(Keys::from_ref(state).verify(token).await?))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Token(_) => (
                StatusCode::UNAUTHORIZED,
                [(header::WWW_AUTHENTICATE, "Bearer")],
            )
                .into_response(),
            Self::NoKeys => (
                StatusCode::SERVICE_UNAVAILABLE,
                [(header::RETRY_AFTER, "5")],
            )
                .into_response(),
        }
    }
}
