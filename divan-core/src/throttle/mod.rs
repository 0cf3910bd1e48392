//! Throttling of attempts to guess a secret: the rules, without I/O.
//!
//! Each attempt belongs to a few counters. A [`ThrottleUpdate`] charges an attempt to all of them
//! before a password is hashed, or refuses it. A success settles them. A
//! [`ThrottleStore`](crate::store::ThrottleStore) keeps them, so that all servers share them.
//!
//! | kind | rule |
//! |---|---|
//! | `account`, `telegram` | 10 attempts, then one per hour |
//! | `address` | 60 attempts, then one per minute |
//! | `network` | 240 attempts, then four per minute |
//! | `untrusted_lane` | 3 failures, then a wait of 30 s that doubles, at most 1 h |
//! | `consecutive` | 100 failures in a row |
//! | `trusted_lane` | 5 failures, then a wait of 1 s that doubles, at most 15 min |
//! | `trusted_total` | 100 failures in a row |
//! | `own_password` | 6 failures, then waits of 2, 4, 8 and 16 s; the tenth failure ends the session |
//! | `auto_login` | 30, then one per minute |
//! | `refresh` | 60 refused tokens, then one per second |
//! | `bootstrap` | 5 tokens, then one per 12 minutes |
//!
//! An attempt is *trusted* if something other than the password already identifies the user: the linked
//! Telegram account, a phone number that Telegram signed for a user who is not linked yet, or a known
//! device. Untrusted attempts cannot use up the limits of trusted ones, so an attack does not lock the
//! owner out.

mod counter;
#[cfg(feature = "token")]
mod keys;
mod rule;
#[cfg(test)]
mod tests;
mod update;

pub use counter::{Counter, Decision};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) use counter::{FORGET_AFTER, FORGET_FAILURES_AFTER};
#[cfg(feature = "token")]
pub use keys::{Attempt, AttemptClass, LaneSubject, ThrottleKeys};
pub use rule::{Rule, ThrottleKind, UnknownKind};
pub use update::{AccountKey, ThrottleKey, ThrottleOutcome, ThrottleUpdate, check};
