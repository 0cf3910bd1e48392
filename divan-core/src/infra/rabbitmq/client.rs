use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use lapin::uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo};
use lapin::{AsyncTcpStream, Connection, ConnectionProperties, Error};
use tokio::time::timeout;
use tokio_util::compat::TokioAsyncReadCompatExt;

use super::runtime::{self, Transport};
use super::{RabbitMqConfig, RabbitMqProbe};
use crate::infra::network::CONNECT_TIMEOUT;
use crate::infra::reconnecting::Reconnecting;
use crate::infra::stream;

/// A connection to RabbitMQ that is made when it is asked for, and again when it is asked for after
/// it broke.
///
/// A connection that died without a word, behind a firewall that forgot it, is noticed after 20 to
/// 25 seconds: both sides send a heartbeat every 10 seconds at least.
///
/// Clones share it. Channels, consumers and what was declared to last as long as the connection are
/// gone with it: whoever uses them asks for the connection again after an error, and begins anew. A
/// connection may take 5 seconds to be made.
///
/// `lapin`'s own recovery is not used: it needs the first connection to succeed, gives up after
/// some attempts, and its TLS installs a provider in the process.
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

/// What is asked of the server, which by itself takes a minute.
const HEARTBEAT_SECONDS: u16 = 10;

#[derive(Debug)]
struct Inner {
    config: RabbitMqConfig,
    current: Reconnecting<Arc<Connection>, Error>,
}

impl RabbitMqConfig {
    /// A connection to this server. Nothing is sent before it is asked for, so the server need not
    /// be there yet.
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
            // TLS is ours already.
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
    /// The connection: the one there is, or a new one.
    ///
    /// # Errors
    /// When RabbitMQ is not there, or refuses.
    pub async fn connection(&self) -> Result<Arc<Connection>, Error> {
        let is_open = |connection: &Arc<Connection>| connection.status().connected();
        let connect = async {
            let late = |_| io::Error::from(io::ErrorKind::TimedOut);
            timeout(CONNECT_TIMEOUT, connect(&self.0.config))
                .await
                .map_err(late)?
                .map(Arc::new)
        };
        self.0.current.get(is_open, connect).await
    }

    /// A probe of this very connection.
    pub fn probe(&self) -> RabbitMqProbe {
        RabbitMqProbe::new(self.clone())
    }
}

async fn connect(config: &RabbitMqConfig) -> Result<Connection, Error> {
    let tcp = stream::tcp(&config.host, config.port).await?.into_std()?;
    let mut handshake = Handshake(Some(tcp.try_clone()?));
    let stream = stream::wrapped(
        tokio::net::TcpStream::from_std(tcp)?,
        &config.host,
        config.tls,
    )
    .await?;
    let stream = Mutex::new(Some(AsyncTcpStream::Plain(stream.compat())));
    // Asked for once: this connection is not made again, another one is.
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

/// A handshake under way. Dropped in the middle it closes the socket: `lapin` waits on a thread of
/// its own, and would wait for ever for a server that accepts and says nothing.
struct Handshake(Option<TcpStream>);

impl Drop for Handshake {
    fn drop(&mut self) {
        if let Some(socket) = self.0.take() {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}
