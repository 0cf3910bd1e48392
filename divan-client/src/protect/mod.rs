//! Protection of the routes of your own service by the access tokens of a Divan server.
//!
//! A [`Protector`] checks the `Authorization` header of a request. It verifies tokens in one of two ways:
//!
//! | | [`RemoteKeys`] | [`Introspection`] |
//! |---|---|---|
//! | verifies | with the server's public keys, in this process | by asking the server |
//! | a sign-out or deactivation is seen | when the token expires, after at most 15 minutes | after at most 6 seconds |
//! | the server cannot be reached | known keys are used for up to 24 hours | 503 |
//! | requires | a server that signs with EdDSA or ES256 | a service credential with the scope `introspect` |
//!
//! [`ProtectLayer`] protects routes of any framework on `tower`. With the feature `axum`, [`Claims`] is an
//! extractor. Other frameworks call [`Protector::check`]:
//!
//! ```no_run
//! use divan_client::Client;
//! use divan_client::protect::{Audiences, KeySettings, Protector, RemoteKeys};
//! use divan_client::types::Role;
//!
//! # async fn run(values: Vec<Vec<u8>>) -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new("https://sec.example.com")?;
//! // They decide which tokens are accepted, so they are configured and never fetched.
//! let audiences = Audiences::new("divan.example.com", "sec.example.com")?;
//! let keys = RemoteKeys::new(client, "https://sec.example.com", audiences, KeySettings::default());
//! let protector = Protector::new(keys).require_role(Role::Admin);
//!
//! match protector.check(values).await {
//!     Ok(claims) => println!("hello, {}", claims.user),
//!     Err(refusal) => println!("{} {:?}", refusal.status(), refusal.www_authenticate()),
//! }
//! # Ok(())
//! # }
//! ```

mod claims;
#[cfg(feature = "axum")]
mod extractor;
mod introspection;
mod keys;
mod layer;
mod protector;
mod refusal;

pub use claims::Claims;
pub use divan_core::token::{Audiences, TokenError};
pub use introspection::Introspection;
pub use keys::{KeySettings, RemoteKeys};
pub use layer::{Protect, ProtectLayer};
pub use protector::{Protector, TokenCheck};
pub use refusal::Refusal;

#[cfg(test)]
mod tests;
