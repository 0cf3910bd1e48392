//! Access tokens: JSON Web Tokens of the profile RFC 9068 (`typ: at+jwt`), signed with HS256, or
//! with EdDSA where other services check them without a secret: see [`KeyRing`] and
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
//! let token = issuer.issue(&TokenSubject {
//!     user: "0199d0f0-0000-7000-8000-000000000001".parse()?,
//!     role: Role::Employee,
//!     audience: Audience::MiniApp,
//!     session: "0199d0f0-0000-7000-8000-000000000002".parse()?,
//!     generation: 1,
//!     scope: None,
//! })?;
//! let claims = verifier.verify(token.token.expose())?;
//! assert_eq!((claims.role, claims.audience), (Role::Employee, Audience::MiniApp));
//! # Ok(())
//! # }
//! ```
//!
//! # Beside an application that uses `jsonwebtoken` itself
//!
//! `jsonwebtoken` takes its cryptography from one provider per process. This module installs none
//! and asks for none: it signs with an implementation of its own behind `jsonwebtoken`'s traits,
//! and reads the compact form itself. So it works whatever the application chose, and takes nothing
//! (RS256, say) away from it.

mod audiences;
mod claims;
mod compact;
mod eddsa;
mod error;
mod issuer;
mod key_ring;
mod keys;
mod refresh;
mod verifier;

pub use audiences::Audiences;
pub use claims::{AccessTokenClaims, Scope, TokenSubject};
pub use eddsa::{SigningKey, VerifyingKey};
pub use error::{InvalidAudiences, InvalidKey, ShortKey, TokenError};
pub use issuer::{AccessToken, TokenIssuer};
pub use key_ring::KeyRing;
pub use keys::SecretKey;
pub use refresh::{RefreshKeys, RefreshToken};
pub use verifier::TokenVerifier;

pub use crate::types::Audience;

#[cfg(test)]
mod eddsa_tests;
#[cfg(test)]
mod tests;
