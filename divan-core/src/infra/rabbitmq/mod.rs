#[cfg(feature = "rabbitmq")]
mod client;
#[cfg(feature = "rabbitmq")]
mod probe;
#[cfg(feature = "rabbitmq")]
mod publisher;
#[cfg(feature = "rabbitmq")]
mod runtime;
mod section;

#[cfg(feature = "rabbitmq")]
pub use client::RabbitMqConnection;
#[cfg(feature = "rabbitmq")]
pub use probe::RabbitMqProbe;
#[cfg(feature = "rabbitmq")]
pub use publisher::{RabbitMqMessage, RabbitMqPublisher};

use crate::secret::Secret;

/// Address and credentials of a RabbitMQ server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RabbitMqConfig {
    /// Host name or IP address.
    pub host: String,
    /// Port. Default: 5672, with TLS 5671.
    pub port: u16,
    /// User name.
    pub user: String,
    /// Password.
    pub password: Secret,
    /// Virtual host. Default: `/`.
    pub vhost: String,
    /// Uses TLS. Default: no.
    pub tls: bool,
}

impl RabbitMqConfig {
    /// Creates the configuration of a server on the default port of this host.
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
