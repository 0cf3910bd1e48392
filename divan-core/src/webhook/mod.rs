//! Webhooks that follow the [Standard Webhooks](https://www.standardwebhooks.com) specification: secrets,
//! signatures and their verification, without I/O.
//!
//! A receiver verifies each request before it reads the body:
//!
//! ```
//! use divan_core::webhook::{WebhookError, WebhookSecret, WebhookVerifier};
//! use std::collections::HashMap;
//!
//! fn receive(
//!     verifier: &WebhookVerifier,
//!     headers: &HashMap<&str, &str>,
//!     body: &[u8],
//! ) -> Result<String, WebhookError> {
//!     let id = verifier.verify(|name| headers.get(name).copied(), body)?;
//!     // Store the id with the effects of the event: an event may arrive more than once.
//!     Ok(id.to_owned())
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
//! let verifier = WebhookVerifier::new(secret.clone());
//!
//! let (id, body) = ("0199d0f0", br#"{"type":"user.created"}"#);
//! # use divan_core::clock::{Clock, SystemClock};
//! let now = SystemClock.unix_seconds();
//! let (timestamp, signature) = (now.to_string(), secret.sign(id, now, body));
//! let headers = HashMap::from([
//!     ("webhook-id", id),
//!     ("webhook-timestamp", &timestamp),
//!     ("webhook-signature", &signature),
//! ]);
//! assert_eq!(receive(&verifier, &headers, body)?, id);
//! assert_eq!(receive(&verifier, &headers, b"{}"), Err(WebhookError::Signature));
//! # Ok(())
//! # }
//! ```
//!
//! With feature `service`, the module also has the rules for addresses that a sender may connect to, and the
//! trait of its HTTP client.

mod secret;
#[cfg(feature = "service")]
pub mod target;
#[cfg(feature = "service")]
mod transport;
mod verifier;

#[cfg(test)]
mod tests;

pub use secret::{InvalidWebhookSecret, WebhookSecret};
#[cfg(feature = "service")]
pub use transport::{WebhookFailure, WebhookRequest, WebhookResponse, WebhookTransport};
pub use verifier::{WebhookError, WebhookVerifier};

/// Header with the id of the event, the same in all attempts.
pub const WEBHOOK_ID: &str = "webhook-id";

/// Header with the time of the attempt, in seconds since the Unix epoch.
pub const WEBHOOK_TIMESTAMP: &str = "webhook-timestamp";

/// Header with the signatures, separated by spaces.
pub const WEBHOOK_SIGNATURE: &str = "webhook-signature";

/// The version of signatures with a shared secret (HMAC-SHA256).
const VERSION: &str = "v1,";
