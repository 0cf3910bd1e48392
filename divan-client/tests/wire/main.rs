//! What the client sends, and what it makes of the answers, over real sockets.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod answers;
mod broken;
mod network;
mod privacy;
mod problems;
mod requests;
mod support;
