//! Sessions: what a person stays signed in by.
//!
//! A session is a row in the database. Its tokens carry the session's id and a *generation*: each refresh hands out the
//! next one, and [`Generations`] decides what a token of any generation is worth.

mod generations;

pub use generations::{Generations, Refreshed, Seen};
