//! Every endpoint through the client, against the server on a socket.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod endpoints;
mod fixture;
mod rejections;
mod services;
mod sessions;
