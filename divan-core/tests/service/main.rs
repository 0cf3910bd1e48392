//! The rules of the sign-in service, tested through its public API.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

#[path = "../created/mod.rs"]
mod created;
#[macro_use]
#[path = "../every_store/mod.rs"]
mod every_store;
#[path = "../random/mod.rs"]
mod random;
mod support;

mod import;
mod sessions;
mod sign_in;
mod users;
