//! Verification of the signed data that Telegram passes to a Mini App.
//!
//! A Mini App reads `window.Telegram.WebApp.initData`, a query string signed with a key derived
//! from the bot token, and sends it to its back end. [`Verifier`] verifies it as [Telegram
//! describes](https://core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app),
//! with a [strict grammar](#the-strict-grammar) that allows exactly one interpretation of each
//! accepted string.
//!
//! ```
//! use divan_core::init_data::Verifier;
//! use std::time::Duration;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let raw = {
//! #     use divan_core::{clock::{Clock, SystemClock}, init_data::{BotToken, InitDataBuilder}};
//! #     let token: BotToken = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000".parse()?;
//! #     InitDataBuilder::new(SystemClock.unix_seconds()).user(42, "First").sign(&token)
//! # };
//! let token = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000";
//! let verifier = Verifier::new(token.parse()?, Duration::from_hours(1));
//!
//! let data = verifier.verify(&raw)?;
//! let user = data.user()?.ok_or("no user")?;
//! assert_eq!(user.id, 42);
//! # Ok(())
//! # }
//! ```
//!
//! A verifier may hold keys of several bots, and the old and new token of one ([`Verifier::or`]).
//! It also verifies shared contacts ([`Verifier::verify_contact`]) and user data of the Login Widget
//! ([`Verifier::verify_login_widget`]). With the feature `ed25519`, `Verifier::third_party` verifies
//! init data without the bot token. With a [`ReplayGuard`], each signature is accepted once.
//! With the feature `axum`, [`InitData`] is an extractor.
//!
//! # The strict grammar
//!
//! - At most 8 KiB and 32 pairs (see [`Verifier::max_len`], [`Verifier::max_pairs`]), rejected
//!   before any hashing.
//! - Pairs are separated by `&` alone, and each has a `=`. A leading `?`, a fragment, raw spaces and
//!   control characters are forbidden. Empty values are allowed.
//! - Keys are `[A-Za-z0-9_]{1,64}` and not percent-encoded. No key occurs twice, neither at the top
//!   level nor inside the JSON objects.
//! - `%` is followed by two hex digits, and decoded values are UTF-8 without bytes below 0x20,
//!   because the check string separates fields by line feeds and does not escape line feeds.
//! - `hash` is 64 lower-case hex digits, `auth_date` is `[1-9][0-9]{0,11}`. `signature` is 64 bytes
//!   in canonical base64url when it is verified (Ed25519). With the bot token (HMAC) its format is
//!   not checked.
//!
//! The signature is verified before the age, and JSON is parsed only after both. `docs/guide/src/concepts/init-data.md`
//! in the repository gives the reasons, and describes test vectors for other implementations.
//!
//! # Performance
//!
//! Verification takes from two to about three times as long as the HMAC alone, which every verifier must
//! compute (`docs/guide/src/reference/benchmarks.md`). [`Verifier::verify`] makes one allocation.
//! [`Verifier::verify_in`] and the getters of its result make none. Two cases are exceptions: strings
//! beyond the default limits, and JSON with escapes in keys, which Telegram does not send.

mod absence;
mod bits;
mod bot_token;
mod check_string;
mod contact;
mod data;
mod decode;
mod error;
#[cfg(feature = "axum")]
mod extract;
mod grammar;
#[cfg(feature = "axum")]
mod headers;
mod json;
mod login_widget;
mod model;
mod replay;
mod scan;
mod scheme;
#[cfg(any(test, feature = "mint"))]
mod sign;
#[cfg(feature = "simd")]
mod simd;
#[cfg(all(test, feature = "simd"))]
mod simd_tests;
mod text;
#[cfg(feature = "ed25519")]
mod third_party;
mod verifier;

pub use absence::is_absent;
pub use bot_token::{BotToken, InvalidBotToken};
pub use contact::{Contact, ContactError};
pub use data::{InitData, Signer};
pub use error::{InitDataError, Malformed};
#[cfg(feature = "axum")]
pub use extract::InitDataRejection;
#[cfg(feature = "axum")]
pub use headers::{X_TELEGRAM_INIT_DATA, init_data_in_headers, single_init_data};
pub use login_widget::LoginWidgetUser;
pub use model::{ChatType, WebAppChat, WebAppUser};
pub use replay::{Admission, InMemoryReplayGuard, ReplayGuard};
pub use scheme::Key;
#[cfg(any(test, feature = "mint"))]
pub use sign::InitDataBuilder;
pub use text::Text;
#[cfg(feature = "ed25519")]
pub use third_party::{InvalidPublicKey, ThirdParty};
pub use verifier::Verifier;
