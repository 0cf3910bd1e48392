use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{
    AsyncConnectionConfig, Cmd, Pipeline, RedisConnectionInfo, RedisError, RedisFuture, Value,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::RedisConfig;
use crate::infra::network::{CONNECT_TIMEOUT, REQUEST_TIMEOUT};
use crate::infra::reconnecting::Reconnecting;
use crate::infra::stream;

/// A connection to Redis that is established with the first command, and again with the next command
/// after it broke.
///
/// Clones share it, and commands of several tasks are multiplexed: use a separate connection for
/// blocking commands (`BLPOP`, `SUBSCRIBE`). A command that was in flight when the connection broke
/// fails and is not repeated, because Redis may have run it. The client waits 5 seconds for a
/// connection and 30 for a response.
///
/// The `ConnectionManager` of `redis` is not used: it keeps an authentication error forever, so that
/// Redis must be available with the right password at the first command, and its TLS needs a
/// process-wide crypto provider.
///
/// ```no_run
/// use divan_core::infra::RedisConfig;
/// use redis::AsyncCommands;
///
/// # async fn example() -> redis::RedisResult<()> {
/// let mut connection = RedisConfig::new("localhost").client();
/// let visits: u64 = connection.incr("visits", 1).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RedisConnection(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: RedisConfig,
    current: Reconnecting<Open, RedisError>,
}

#[derive(Clone)]
struct Open {
    connection: MultiplexedConnection,
    is_closed: Arc<AtomicBool>,
}

impl RedisConfig {
    /// Creates a client for this server, which connects with the first command.
    pub fn client(&self) -> RedisConnection {
        RedisConnection(Arc::new(Inner {
            config: self.clone(),
            current: Reconnecting::default(),
        }))
    }
}

impl RedisConnection {
    pub(super) fn config(&self) -> &RedisConfig {
        &self.0.config
    }

    async fn open(&self) -> Result<Open, RedisError> {
        let is_open = |open: &Open| !open.is_closed.load(Ordering::Acquire);
        let config = &self.0.config;
        let connect = async {
            let timed_out = |_| io::Error::from(io::ErrorKind::TimedOut);
            tokio::select! {
                opened = timeout(CONNECT_TIMEOUT, connect(config)) => opened.map_err(timed_out)?,
                () = responds_without_tls(config), if config.tls => Err(no_tls().into()),
            }
        };
        self.0.current.get(is_open, connect).await
    }
}

impl Open {
    fn close_on_timeout(&self) -> CloseOnTimeout {
        CloseOnTimeout(Some(Arc::clone(&self.is_closed)))
    }
}

/// A pending command. A dead connection, for example behind a firewall that dropped its state, is
/// only detected by a missing response. Therefore a command that times out or is cancelled marks the
/// connection as closed.
struct CloseOnTimeout(Option<Arc<AtomicBool>>);

impl CloseOnTimeout {
    fn complete<T>(mut self, result: &Result<T, RedisError>) {
        if !result.as_ref().is_err_and(RedisError::is_timeout) {
            self.0 = None;
        }
    }
}

impl Drop for CloseOnTimeout {
    fn drop(&mut self) {
        if let Some(is_closed) = &self.0 {
            is_closed.store(true, Ordering::Release);
        }
    }
}

/// Completes if the server responds to a command without TLS. Such a server waits for the end of a line
/// when it receives a TLS handshake.
async fn responds_without_tls(config: &RedisConfig) {
    const PATIENCE: Duration = Duration::from_millis(500);
    tokio::time::sleep(PATIENCE).await;
    let response = async {
        let mut tcp = stream::tcp(&config.host, config.port).await?;
        tcp.write_all(b"PING\r\n").await?;
        tcp.read_u8().await
    };
    // The first byte of a simple string, and of an error.
    if !matches!(response.await, Ok(b'+' | b'-')) {
        std::future::pending::<()>().await;
    }
}

/// The error of a handshake with a server that does not use TLS.
fn no_tls() -> io::Error {
    let error = rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType);
    io::Error::new(io::ErrorKind::InvalidData, error)
}

async fn connect(config: &RedisConfig) -> Result<Open, RedisError> {
    let tcp = stream::tcp(&config.host, config.port).await?;
    let stream = stream::with_tls(tcp, &config.host, config.tls).await?;
    let mut credentials = RedisConnectionInfo::default().set_db(i64::from(config.database));
    if let Some(user) = &config.user {
        credentials = credentials.set_username(user);
    }
    if let Some(password) = &config.password {
        credentials = credentials.set_password(password.expose());
    }
    let settings = AsyncConnectionConfig::new().set_response_timeout(Some(REQUEST_TIMEOUT));
    let (connection, driver) =
        MultiplexedConnection::new_with_config(&credentials, stream, settings).await?;
    let is_closed = Arc::new(AtomicBool::new(false));
    let closed = Arc::clone(&is_closed);
    // The driver ends with the connection, so that the next command uses a new one.
    tokio::spawn(async move {
        driver.await;
        closed.store(true, Ordering::Release);
    });
    Ok(Open {
        connection,
        is_closed,
    })
}

impl ConnectionLike for RedisConnection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let mut open = self.open().await?;
            let pending = open.close_on_timeout();
            let result = open.connection.send_packed_command(command).await;
            pending.complete(&result);
            result
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            let mut open = self.open().await?;
            let pending = open.close_on_timeout();
            let result = open
                .connection
                .send_packed_commands(pipeline, offset, count)
                .await;
            pending.complete(&result);
            result
        })
    }

    fn get_db(&self) -> i64 {
        i64::from(self.0.config.database)
    }
}
