//! Sessions: what a person stays signed in by.
//!
//! A session is a row in the database. Its tokens carry the session's id and a *generation*: each
//! refresh hands out the next one, and [`RotationState`] decides what a token of any generation is
//! worth.

mod end;
mod rotation;

pub use end::{EndReason, SessionEnd, UnknownEndReason};
pub use rotation::{AccessCheck, RefreshOutcome, RotationState};

/// How many sessions a user may have at a time; a further one ends the oldest.
pub const MAX_LIVE_SESSIONS: u32 = 20;
