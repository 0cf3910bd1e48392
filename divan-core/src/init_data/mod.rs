//! Verification of the signed data that Telegram hands to a Mini App.
//!
//! A Mini App finds `window.Telegram.WebApp.initData`, a query string signed with a key that is
//! derived from the bot token, and sends it to its back end. [`Verifier`] checks it as
//! [Telegram
//! describes](https://core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app),
//! but reads it by a [strict grammar](#the-strict-grammar): one reading or a refusal.
//!
//! ```
//! use divan_core::init_data::{BotToken, Verifier};
//! use std::time::Duration;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let raw = {
//! #     use divan_core::{clock::{Clock, SystemClock}, init_data::InitDataBuilder};
//! #     let token: BotToken = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000".parse()?;
//! #     InitDataBuilder::new(SystemClock.unix_seconds()).user(42, "First").sign(&token)
//! # };
//! let token: BotToken = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000".parse()?;
//! let verifier = Verifier::new(token, Duration::from_hours(1));
//!
//! let data = verifier.verify(&raw)?;
//! let user = data.user()?.ok_or("no user in there")?;
//! assert_eq!(user.id, 42);
//! # Ok(())
//! # }
//! ```
//!
//! A verifier may hold several bots, and the old and the new token of one ([`Verifier::or`]).
//! Shared contacts ([`Verifier::verify_contact`]) and the Login Widget
//! ([`Verifier::verify_login_widget`]) are checked by the same verifier; with the feature
//! `ed25519`, `ThirdParty` is a key for those who do not have the token. A [`ReplayGuard`] takes
//! each piece of data once, and with the feature `axum` [`InitData`] is an argument of handlers.
//!
//! # The strict grammar
//!
//! - At most 8 KiB and 32 pairs (see [`Verifier::max_len`], [`Verifier::max_pairs`]), refused
//!   before any hashing.
//! - Pairs are separated by `&` alone and have a `=` each; no leading `?`, no fragment, no raw
//!   spaces or control characters. Empty values are legal.
//! - Keys are `[A-Za-z0-9_]{1,64}`, not percent-encoded, and no key comes twice, neither at the top
//!   nor inside the JSON objects.
//! - `%` is followed by two hex digits, and what it decodes to is UTF-8 without control characters:
//!   the check string separates fields by line feeds and does not escape them.
//! - `hash` is 64 lower-case hex digits, `auth_date` is `[1-9][0-9]{0,11}`. `signature` is 64 bytes
//!   in base64url where it is what is checked; to the check by the bot's token it is a field like
//!   any other.
//!
//! The signature is checked before the time, and JSON is read only after both. `docs/init-data.md`
//! of the repository has the reasons, and a suite of vectors for other implementations.
//!
//! # Cost
//!
//! A check takes a little more than twice the time of the HMAC alone, reading the user half of it
//! once more (`docs/benchmarks.md`). [`Verifier::verify_in`] and all that is read from its result
//! take nothing from the heap, while the string is within the default limits and its JSON has no
//! escapes in keys, which Telegram writes none of;
//! [`Verifier::verify`] takes one allocation.

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
mod text;
#[cfg(feature = "ed25519")]
mod third_party;
mod verifier;

pub use bot_token::{BotToken, InvalidBotToken};
pub use contact::{Contact, ContactError};
pub use data::{InitData, Signer};
pub use error::{InitDataError, Malformed};
#[cfg(feature = "axum")]
pub use extract::InitDataRejection;
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
