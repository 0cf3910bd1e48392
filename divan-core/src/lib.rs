//! Sign-in for companies whose staff work inside a Telegram Mini App.
//!
//! An employee opens the Mini App and signs in with the phone number and password that an
//! administrator issued. Telegram's signed `initData` proves which Telegram account the employee uses.
//! Administrators sign in to an admin panel on a second domain with e-mail address and password.
//!
//! With default features this crate only verifies `initData`, with few dependencies and no async
//! runtime (`cargo add divan-core`):
//!
//! ```
//! use divan_core::init_data::Verifier;
//! use std::time::Duration;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let token = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000";
//! let verifier = Verifier::new(token.parse()?, Duration::from_hours(1));
//! let rejected = verifier.verify("user=%7B%22id%22%3A42%7D&auth_date=1780000000&hash=00");
//! assert!(rejected.is_err());
//! # Ok(())
//! # }
//! ```
//!
//! `service::AuthService` is the whole sign-in service. For an embedded SQLite database: `cargo add
//! divan-core --features service,sqlite`. The crate `divan-server` is an HTTP server for it, and
//! the crate `divan-client` is a client of that server. The crate `divan` on crates.io is an unrelated
//! project.
//!
//! # Features
//!
//! Features are additive: enabling one never changes the behaviour of others.
//!
//! | feature | content |
//! |---|---|
//! | `init-data` (default) | [`init_data`]: verification of Telegram's signed data |
//! | `ed25519` | `init_data::ThirdParty`: verification without the bot token, by Telegram's signature for third parties |
//! | `axum` | `init_data::InitData` as an axum extractor |
//! | `serde`, `utoipa` | serialization of the verified data of `init_data`, and OpenAPI schemas for it |
//! | `simd` | AVX-512 instructions for verification, detected at run time |
//! | `password` | `password`: Argon2id behind a bounded queue, and the policy for new passwords |
//! | `token` | `token`: access tokens, signed with HS256, EdDSA or ES256, and key rotation |
//! | `api` | `api`: the wire contract; the feature `openapi` adds OpenAPI schemas for its requests and responses |
//! | `second-factor` | `second_factor`: one-time codes of authenticator apps (TOTP) and recovery codes |
//! | `passkeys` | `passkey`: passkeys of administrators (WebAuthn), in `service` too |
//! | `store` | `store`: the storage traits and the in-memory store; modules `session` and `throttle`: the rules of refresh and of throttling, without I/O; the features `sqlite` and `postgres` add databases |
//! | `database-url` | `database_url`: parsed database URLs |
//! | `infra` | `infra`: configuration of a deployment, from environment variables and `.env` |
//! | `probe` | `infra::probe`: health checks of the systems that a deployment depends on |
//! | `s3`, `qdrant`, `redis`, `rabbitmq` | clients of these systems in `infra`, with configuration and health checks |
//! | `webhook` | `webhook`: signatures of webhooks (Standard Webhooks) and their verification by receivers |
//! | `service` | `service`: the sign-in service, built on `init-data`, `password`, `store` and `token` |
//! | `private-file` | `private_file`: files for secrets that only their owner can read |
//! | `mint` | creation of signed init data, for tests and development |
//! | `test-util` | `mint`, a manual clock and seeded randomness |
//!
//! The features `entropy`, `reconnecting`, `tls` and `types` are internal: the features above enable
//! them.
//!
//! # Minimum supported Rust version
//!
//! Rust 1.95. While the major version is 0, raising the minimum Rust version is a minor release.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(any(feature = "types", feature = "database-url"))]
#[macro_use]
mod names;
#[macro_use]
mod redacted;
#[cfg(feature = "types")]
mod characters;

#[cfg(feature = "api")]
pub mod api;
#[cfg(any(feature = "init-data", feature = "entropy", feature = "types"))]
pub mod clock;
#[cfg(feature = "database-url")]
pub mod database_url;
#[cfg(feature = "entropy")]
pub mod entropy;
#[cfg(any(feature = "postgres", feature = "s3", feature = "tls"))]
mod error_sources;
#[cfg(feature = "infra")]
pub mod infra;
#[cfg(feature = "init-data")]
pub mod init_data;
#[cfg(any(feature = "password", feature = "store"))]
mod ip_prefix;
#[cfg(any(feature = "infra", feature = "store"))]
mod network;
#[cfg(feature = "passkeys")]
pub mod passkey;
#[cfg(feature = "password")]
pub mod password;
#[cfg(feature = "database-url")]
mod percent;
#[cfg(feature = "private-file")]
pub mod private_file;
#[cfg(feature = "second-factor")]
pub mod second_factor;
pub mod secret;
#[cfg(feature = "service")]
pub mod service;
#[cfg(feature = "store")]
pub mod session;
#[cfg(feature = "store")]
pub mod store;
#[cfg(feature = "store")]
pub mod throttle;
#[cfg(feature = "tls")]
pub mod tls;
#[cfg(any(
    feature = "postgres",
    feature = "s3",
    feature = "qdrant",
    feature = "reconnecting"
))]
mod tls_error;
#[cfg(feature = "token")]
pub mod token;
#[cfg(feature = "types")]
pub mod types;
#[cfg(feature = "webhook")]
pub mod webhook;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
