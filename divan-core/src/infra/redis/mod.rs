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

/// Address and credentials of a Redis server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RedisConfig {
    /// Host name or IP address.
    pub host: String,
    /// Port. Default: 6379.
    pub port: u16,
    /// User name. Default: the server's default user.
    pub user: Option<String>,
    /// Password, if the server needs one.
    pub password: Option<Secret>,
    /// Number of the database. Default: 0.
    pub database: u32,
    /// Uses TLS. Default: no.
    pub tls: bool,
}

impl RedisConfig {
    /// Creates the configuration of a server on the default port of this host.
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
