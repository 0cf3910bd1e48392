//! Passkeys of administrators ([WebAuthn](https://www.w3.org/TR/webauthn-3/)): options for the browser,
//! and verification of what it returns, without I/O.
//!
//! A passkey is a key pair on a device of the user, which signs a challenge after the user was
//! verified there, such as by a fingerprint. It works for one host only, so a copy of the page on
//! another host gets no signature. Attestation is neither requested nor evaluated: any authenticator is
//! accepted that verifies its user.
//!
//! ```
//! use divan_core::passkey::RelyingParty;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let party = RelyingParty::new("https://sec.example.com")?;
//! assert_eq!(party.id(), "sec.example.com");
//! // Browsers have passkeys for hosts with names, and only with TLS.
//! assert!(RelyingParty::new("https://192.0.2.7").is_err());
//! assert!(RelyingParty::new("http://sec.example.com").is_err());
//! assert!(RelyingParty::new("http://sec.localhost:8000").is_ok());
//! # Ok(())
//! # }
//! ```

mod assertion;
#[cfg(any(test, feature = "test-util"))]
mod authenticator;
mod authenticator_data;
mod challenge;
mod client_data;
mod error;
mod options;
mod public_key;
mod registration;
mod relying_party;

pub use assertion::{Assertion, VerifiedAssertion};
#[cfg(any(test, feature = "test-util"))]
pub use authenticator::SoftwareAuthenticator;
pub use challenge::{Ceremony, ChallengeKeys, PasskeyChallenge};
pub use error::{InvalidOrigin, PasskeyError};
pub use options::{PasskeyDescriptor, PasskeyUser};
pub use registration::{NewPasskey, Registration};
pub use relying_party::RelyingParty;

#[cfg(test)]
mod tests;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer};

/// Bytes that JSON contains as base64url without padding.
#[derive(Clone, Debug)]
struct Base64Url(Vec<u8>);

impl<'de> Deserialize<'de> for Base64Url {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = URL_SAFE_NO_PAD.decode(text);
        bytes.map(Self).map_err(serde::de::Error::custom)
    }
}

fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
