//! Sign-in for companies whose staff work inside a Telegram Mini App.
//!
//! An employee opens the Mini App and signs in with the phone number and password that an
//! administrator gave out; Telegram's signed `initData` proves which Telegram account is asking.
//! Administrators sign in to a panel on a second domain with e-mail and password.
//!
//! With default features this crate is the check of `initData` alone, and light:
//!
//! ```
//! use divan_core::init_data::{BotToken, Verifier};
//! use std::time::Duration;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let token: BotToken = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000".parse()?;
//! let verifier = Verifier::new(token, Duration::from_hours(1));
//! let refused = verifier.verify("user=%7B%22id%22%3A42%7D&auth_date=1780000000&hash=00");
//! assert!(refused.is_err());
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! Turning one on never changes what the others do.
//!
//! | feature | brings |
//! |---|---|
//! | `init-data` (default) | [`init_data`]: verification of Telegram's signed data |
//! | `ed25519` | `init_data::ThirdParty`: the same without the bot's token, by Telegram's signature for third parties |
//! | `axum` | `init_data::InitData` as an argument of axum handlers |
//! | `serde`, `utoipa` | verified data that can be serialized, and its schemas |
//! | `simd` | vector instructions of newer processors for the check, chosen at run time |
//! | `password` | `password`: Argon2id behind a bounded queue, rules for new passwords |
//! | `token` | `token`: access tokens, signed with HS256 or EdDSA, and keys to rotate |
//! | `api` | `api`: the wire contract; `openapi` adds its schemas |
//! | `store` | `store`: the storage traits and the in-memory store; `sqlite` and `postgres` add databases |
//! | `infra` | `infra`: the configuration of a deployment, from variables and `.env` |
//! | `probe` | `infra::probe`: whether what a deployment depends on is there |
//! | `s3`, `qdrant`, `redis`, `rabbitmq` | clients of these in `infra`, set up and probed |
//! | `service` | `service`: the sign-in service over all of these |
//! | `private-file` | `private_file`: files for secrets that only their owner can read |
//! | `mint` | minting of init data, for tests and development |
//! | `test-util` | the same, with a clock to turn and seeded randomness |

#[cfg(feature = "api")]
pub mod api;
#[cfg(any(feature = "init-data", feature = "entropy", feature = "types"))]
pub mod clock;
#[cfg(feature = "entropy")]
pub mod entropy;
#[cfg(feature = "infra")]
pub mod infra;
#[cfg(feature = "init-data")]
pub mod init_data;
#[cfg(feature = "password")]
pub mod password;
#[cfg(feature = "private-file")]
pub mod private_file;
pub mod secret;
#[cfg(feature = "service")]
pub mod service;
#[cfg(feature = "store")]
pub mod session;
#[cfg(feature = "store")]
pub mod store;
#[cfg(feature = "token")]
pub mod token;
#[cfg(feature = "types")]
pub mod types;
