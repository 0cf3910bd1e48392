//! Real servers for the tests of Divan.
//!
//! A server is started from the programs that are installed, in a temporary folder and on a free port of the loopback
//! address, and ends with the process that started it, however that ends.
#![expect(clippy::expect_used, clippy::panic, reason = "a test that has no server must fail and say why")]

#[cfg(feature = "database")]
mod database;
mod postgres;

#[cfg(feature = "database")]
pub use database::TestDatabase;
pub use postgres::{HOW_TO_INSTALL, PostgresServer};
