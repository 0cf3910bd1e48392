//! Every endpoint of the contract through the client, against the real server on a real socket.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod endpoints;
mod fixture;
mod refusals;
mod sessions;
