#[cfg(feature = "redis")]
mod client;
#[cfg(feature = "redis")]
mod probe;
mod section;

#[cfg(feature = "redis")]
pub use client::RedisConnection;
#[cfg(feature = "redis")]
pub use probe::RedisProbe;

use crate::secret::Secret;

/// Where a Redis server is, and as whom to connect.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RedisConfig {
    /// The host's name or address.
    pub host: String,
    /// The port. Default: 6379.
    pub port: u16,
    /// The user, where there are several. Default: the server's own.
    pub user: Option<String>,
    /// The password, where one is asked for.
    pub password: Option<Secret>,
    /// The number of the database. Default: 0.
    pub database: u32,
    /// Whether the connection is encrypted. Default: no.
    pub tls: bool,
}

impl RedisConfig {
    /// The server on the usual port of this host.
    pub fn new(host: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            port: 6379,
            user: None,
            password: None,
            database: 0,
            tls: false,
        }
    }
}
