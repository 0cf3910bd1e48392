//! Access tokens: JSON Web Tokens of the profile RFC 9068 (`typ: at+jwt`), signed with HS256, or
//! with EdDSA or ES256 so that other services verify them without a secret: see [`KeyRing`] and
//! [`TokenVerifier::from_jwks`].
//!
//! ```
//! use divan_core::token::{TokenSubject, SecretKey, Audiences, TokenIssuer, TokenVerifier};
//! use divan_core::types::{Role, Audience};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = SecretKey::new("at least thirty-two bytes of randomness")?;
//! let audiences = Audiences::new("divan.example.com", "sec.example.com")?;
//! let issuer = TokenIssuer::new(&key, "https://sec.example.com", audiences.clone());
//! let verifier = TokenVerifier::new(&key, "https://sec.example.com", audiences);
//!
//! let (user, session) = (
//!     "0199d0f0-0000-7000-8000-000000000001".parse()?,
//!     "0199d0f0-0000-7000-8000-000000000002".parse()?,
//! );
//! let subject = TokenSubject::new(user, Role::Employee, Audience::MiniApp, session, 1);
//! let token = issuer.issue(&subject)?;
//! let claims = verifier.verify(token.token.expose())?;
//! assert_eq!((claims.role, claims.audience), (Role::Employee, Audience::MiniApp));
//! # Ok(())
//! # }
//! ```
//!
//! # In an application that uses `jsonwebtoken` itself
//!
//! `jsonwebtoken` has one cryptography provider per process. This module neither installs nor uses
//! one: it implements the signature traits of `jsonwebtoken` and parses the compact form itself. So
//! it works with any provider of the application.

mod audiences;
mod claims;
mod compact;
mod derived_key;
mod device;
mod eddsa;
mod error;
mod es256;
mod issuer;
mod key_ring;
mod keys;
mod refresh;
mod service_secret;
mod service_token;
mod signing_key;
mod verifier;
mod verifying_key;

#[cfg(feature = "second-factor")]
pub(crate) use derived_key::DerivedKey;

pub use audiences::Audiences;
pub use claims::{AccessTokenClaims, Scope, TokenSubject};
pub use device::{DeviceKeys, DeviceToken};
pub use error::{InvalidAudiences, InvalidKey, ShortKey, TokenError};
pub use issuer::{AccessToken, TokenIssuer};
pub use key_ring::KeyRing;
pub use keys::SecretKey;
pub use refresh::{RefreshKeys, RefreshToken};
pub use service_secret::ServiceSecret;
pub use service_token::{ServiceTokenClaims, VerifiedToken};
pub use signing_key::{SigningAlgorithm, SigningKey};
pub use verifier::TokenVerifier;
pub use verifying_key::VerifyingKey;

pub use crate::types::Audience;

#[cfg(test)]
mod eddsa_tests;
#[cfg(test)]
mod es256_tests;
#[cfg(test)]
mod key_ring_tests;
#[cfg(test)]
mod test_keys;
#[cfg(test)]
mod tests;
