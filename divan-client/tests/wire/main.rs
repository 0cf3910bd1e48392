//! Requests and responses of the client over real sockets.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod authenticated_requests;
mod deadlines;
mod device_token;
mod file_store;
mod logout;
mod mock_server;
mod network;
mod privacy;
mod problems;
mod public_requests;
mod refresh;
mod responses;
mod retry;
mod scripted_server;
mod session;
mod support;
mod token_store;
mod truncated;
