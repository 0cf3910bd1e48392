//! What the client sends, and what it makes of the answers, over real sockets.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod answers;
mod broken;
mod file_store;
mod logout;
mod mock;
mod network;
mod patience;
mod privacy;
mod problems;
mod refresh;
mod requests;
mod retry;
mod session;
mod signed_in;
mod sockets;
mod support;
mod token_store;
