//! Sessions: what a person stays signed in by.
//!
//! A session is a row in the database. Its tokens carry the session's id and a *generation*: each
//! refresh hands out the next one, and [`Generations`] decides what a token of any generation is
//! worth.

mod end;
mod generations;

pub use end::{EndReason, SessionEnd, UnknownEndReason};
pub use generations::{Generations, Refreshed, Seen};

/// How many sessions a user may have at a time; a further one ends the oldest.
pub const MAX_LIVE_SESSIONS: u32 = 20;
