#[cfg(feature = "rabbitmq")]
mod client;
#[cfg(feature = "rabbitmq")]
mod probe;
#[cfg(feature = "rabbitmq")]
mod runtime;
mod section;

#[cfg(feature = "rabbitmq")]
pub use client::RabbitMqConnection;
#[cfg(feature = "rabbitmq")]
pub use probe::RabbitMqProbe;

use crate::secret::Secret;

/// Where a RabbitMQ server is, and as whom to connect.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RabbitMqConfig {
    /// The host's name or address.
    pub host: String,
    /// The port. Default: 5672, with encryption 5671.
    pub port: u16,
    /// The user.
    pub user: String,
    /// The user's password.
    pub password: Secret,
    /// The virtual host. Default: `/`.
    pub vhost: String,
    /// Whether the connection is encrypted. Default: no.
    pub tls: bool,
}

impl RabbitMqConfig {
    /// The server on the usual port of this host.
    pub fn new(host: impl Into<String>, user: impl Into<String>, password: Secret) -> Self {
        Self {
            host: host.into(),
            port: 5672,
            user: user.into(),
            password,
            vhost: "/".to_owned(),
            tls: false,
        }
    }
}
