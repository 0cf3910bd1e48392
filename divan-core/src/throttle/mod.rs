//! Throttling of attempts to guess a secret: the rules, without I/O.
//!
//! An attempt is counted by several counters, one for each [`ThrottleKind`] that applies to it: its
//! account, its address, and so on. The [`Rule`] of the kind decides how many attempts are allowed.
//! `docs/guide/src/concepts/throttling.md` has the table of all rules.
//!
//! [`ThrottleUpdate::charge`] adds an attempt to all of its counters before a password is hashed, or
//! refuses it. After a success, [`ThrottleUpdate::settle`] removes it from the counters. A
//! [`ThrottleStore`](crate::store::ThrottleStore) stores the counters, so that all servers share them.
//!
//! An attempt is *trusted* if something other than the password already identifies the user: the linked
//! Telegram account, a phone number that Telegram signed for a user who is not linked yet, or a known
//! device. All other attempts are *untrusted*. They cannot use up the limits of trusted ones, so an
//! attack does not lock the owner out.

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
