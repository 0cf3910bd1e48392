use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use lapin::uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo};
use lapin::{AsyncTcpStream, Connection, ConnectionProperties, Error};
use tokio::time::timeout;
use tokio_util::compat::TokioAsyncReadCompatExt;

use super::RabbitMqConfig;
use super::runtime::{self, Transport};
use crate::infra::network::CONNECT_TIMEOUT;
use crate::infra::reconnecting::Reconnecting;
use crate::infra::stream;

/// A connection to RabbitMQ that is established on demand, and again after it broke.
///
/// A dead connection, for example behind a firewall that dropped its state, is detected after 20 to
/// 25 seconds, because both sides send a heartbeat every 10 seconds.
///
/// Clones share it. Channels, consumers and exclusive queues end with the connection: after an error,
/// get the connection again and recreate them. The client waits 5 seconds for a connection.
///
/// The recovery of `lapin` is not used: the first connection must succeed, it gives up after some
/// attempts, and its TLS installs a process-wide crypto provider.
///
/// ```no_run
/// use divan_core::infra::RabbitMqConfig;
/// use divan_core::secret::Secret;
///
/// # async fn example() -> Result<(), lapin::Error> {
/// let rabbitmq = RabbitMqConfig::new("localhost", "guest", Secret::new("guest")).client();
/// let channel = rabbitmq.connection().await?.create_channel().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RabbitMqConnection(Arc<Inner>);

/// Requested interval of heartbeats. RabbitMQ's default is a minute.
const HEARTBEAT_SECONDS: u16 = 10;

#[derive(Debug)]
struct Inner {
    config: RabbitMqConfig,
    current: Reconnecting<Arc<Connection>, Error>,
}

impl RabbitMqConfig {
    /// Creates a client for this server, which connects on demand.
    pub fn client(&self) -> RabbitMqConnection {
        RabbitMqConnection(Arc::new(Inner {
            config: self.clone(),
            current: Reconnecting::default(),
        }))
    }

    fn uri(&self) -> AMQPUri {
        let userinfo = AMQPUserInfo {
            username: self.user.clone(),
            password: self.password.expose().to_owned(),
        };
        AMQPUri {
            // The stream already uses TLS if it is configured.
            scheme: AMQPScheme::AMQP,
            authority: AMQPAuthority {
                userinfo,
                host: self.host.clone(),
                port: self.port,
            },
            vhost: self.vhost.clone(),
            query: AMQPQueryString {
                heartbeat: Some(HEARTBEAT_SECONDS),
                ..AMQPQueryString::default()
            },
        }
    }
}

impl RabbitMqConnection {
    pub(super) fn config(&self) -> &RabbitMqConfig {
        &self.0.config
    }

    /// Returns the open connection, or establishes one.
    ///
    /// # Errors
    /// When RabbitMQ is unreachable or rejects the connection.
    pub async fn connection(&self) -> Result<Arc<Connection>, Error> {
        let is_open = |connection: &Arc<Connection>| connection.status().connected();
        let connect = async {
            let timed_out = |_| io::Error::from(io::ErrorKind::TimedOut);
            timeout(CONNECT_TIMEOUT, connect(&self.0.config))
                .await
                .map_err(timed_out)?
                .map(Arc::new)
        };
        self.0.current.get(is_open, connect).await
    }
}

async fn connect(config: &RabbitMqConfig) -> Result<Connection, Error> {
    let tcp = stream::tcp(&config.host, config.port).await?.into_std()?;
    let mut handshake = Handshake(Some(tcp.try_clone()?));
    let stream = stream::with_tls(
        tokio::net::TcpStream::from_std(tcp)?,
        &config.host,
        config.tls,
    )
    .await?;
    let stream = Mutex::new(Some(AsyncTcpStream::Plain(stream.compat())));
    // Called once, because `lapin` does not re-establish this connection.
    let take = async move |_: AMQPUri, _: Transport| {
        let stream = stream.lock().unwrap_or_else(PoisonError::into_inner).take();
        stream.ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected).into())
    };
    let properties = ConnectionProperties::default().with_connection_name("divan".into());
    let connection =
        Connection::connector(config.uri(), runtime::transport(), take, properties).await?;
    handshake.0 = None;
    Ok(connection)
}

/// A pending handshake. Dropping it closes the socket, because `lapin` waits on its own thread, and
/// without a time limit, for a server that accepts the connection and sends nothing.
struct Handshake(Option<TcpStream>);

impl Drop for Handshake {
    fn drop(&mut self) {
        if let Some(socket) = self.0.take() {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}
