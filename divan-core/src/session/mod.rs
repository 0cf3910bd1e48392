//! Sessions.
//!
//! A session is a row in the database. Its tokens carry the session's id and a *generation*: each
//! refresh issues tokens of the next one, and [`RotationState`] decides which generations are
//! accepted.

mod end;
mod rotation;

pub use end::{EndReason, SessionEnd, UnknownEndReason};
pub use rotation::{AccessCheck, RefreshOutcome, RotationState};

/// Maximum number of live sessions of a user; a further one ends the oldest.
pub const MAX_LIVE_SESSIONS: u32 = 20;

/// Maximum number of ended sessions of a user that are kept until they are purged.
pub const MAX_ENDED_SESSIONS: u32 = 100;
