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

#[cfg(test)]
mod tests;

use std::error::Error;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use divan_client::Client;
use divan_client::protect::{Audiences, Claims, KeySettings, ProtectLayer, Protector, RemoteKeys};
use divan_client::types::Role;

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
    let issuer = "http://sec.localhost:8000";
    let keys = RemoteKeys::new(client, issuer, audiences, KeySettings::default());

    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!(
        "Listening on http://{} for users of {divan}",
        listener.local_addr()?
    );
    axum::serve(listener, app(keys)).await?;
    Ok(())
}

fn app(keys: RemoteKeys) -> Router {
    let protector = Protector::new(keys);
    let admins = ProtectLayer::new(protector.clone().require_role(Role::Admin));
    // The role is that of the time when the token was issued, at most 15 minutes ago. For the current
    // role, ask the server: `client.me(&token)`.
    let reports = get(async || "All reports.").layer(admins);
    Router::new()
        .route("/hello", get(hello))
        .route("/reports", reports)
        .with_state(protector)
}

async fn hello(claims: Claims) -> String {
    format!("Hello, {}!", claims.user)
}
