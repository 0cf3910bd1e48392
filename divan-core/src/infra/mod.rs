//! Configuration of the outside world: what the addresses that a deployment is given mean.

mod database;

pub use database::{DatabaseUrl, InvalidDatabaseUrl, PostgresUrl, SslMode};
