use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{
    AsyncConnectionConfig, Cmd, Pipeline, RedisConnectionInfo, RedisError, RedisFuture, Value,
};
use tokio::time::timeout;

use super::{RedisConfig, RedisProbe};
use crate::infra::network::{CONNECT_TIMEOUT, REQUEST_TIMEOUT};
use crate::infra::reconnecting::Reconnecting;
use crate::infra::stream;

/// A connection to Redis that is made with the first command, and again with the next one after it
/// broke.
///
/// Clones share it, and commands of many tasks travel on it at once: what blocks (`BLPOP`,
/// `SUBSCRIBE`) belongs on a connection of its own. A command that was on its way when the
/// connection broke fails, and is not sent again, since nobody knows whether Redis has run it. A
/// connection may take 5 seconds to be made, an answer 30.
///
/// `redis`'s own `ConnectionManager` is not used: it keeps an error of the sign-in for ever, so
/// that Redis has to be there with the right password when it is asked first, and its TLS needs a
/// provider that is installed in the process.
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
    /// A connection to this server. Nothing is sent before the first command, so the server need
    /// not be there yet.
    pub fn client(&self) -> RedisConnection {
        RedisConnection(Arc::new(Inner {
            config: self.clone(),
            current: Reconnecting::default(),
        }))
    }
}

impl RedisConnection {
    /// A probe of this very connection.
    pub fn probe(&self) -> RedisProbe {
        RedisProbe::new(self.clone())
    }

    async fn open(&self) -> Result<Open, RedisError> {
        let is_open = |open: &Open| !open.is_closed.load(Ordering::Acquire);
        let connect = async {
            let late = |_| io::Error::from(io::ErrorKind::TimedOut);
            timeout(CONNECT_TIMEOUT, connect(&self.0.config))
                .await
                .map_err(late)?
        };
        self.0.current.get(is_open, connect).await
    }
}

impl Open {
    fn suspicion(&self) -> Suspicion {
        Suspicion(Some(Arc::clone(&self.is_closed)))
    }
}

/// A connection that died without a word (a firewall that forgot it, a machine that is gone) is
/// only known by what it leaves unanswered. So a command that gets no answer, or whose caller would
/// not wait for it, has the next one begin a new connection.
struct Suspicion(Option<Arc<AtomicBool>>);

impl Suspicion {
    fn settle<T>(mut self, answer: &Result<T, RedisError>) {
        if !answer.as_ref().is_err_and(RedisError::is_timeout) {
            self.0 = None;
        }
    }
}

impl Drop for Suspicion {
    fn drop(&mut self) {
        if let Some(is_closed) = &self.0 {
            is_closed.store(true, Ordering::Release);
        }
    }
}

async fn connect(config: &RedisConfig) -> Result<Open, RedisError> {
    let tcp = stream::tcp(&config.host, config.port).await?;
    let stream = stream::wrapped(tcp, &config.host, config.tls).await?;
    let mut sign_in = RedisConnectionInfo::default().set_db(i64::from(config.database));
    if let Some(user) = &config.user {
        sign_in = sign_in.set_username(user);
    }
    if let Some(password) = &config.password {
        sign_in = sign_in.set_password(password.expose());
    }
    let settings = AsyncConnectionConfig::new().set_response_timeout(Some(REQUEST_TIMEOUT));
    let (connection, driver) =
        MultiplexedConnection::new_with_config(&sign_in, stream, settings).await?;
    let is_closed = Arc::new(AtomicBool::new(false));
    let closed = Arc::clone(&is_closed);
    // Ends with the connection, so that a loss is known before the next command runs into it.
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
            let suspicion = open.suspicion();
            let answer = open.connection.send_packed_command(command).await;
            suspicion.settle(&answer);
            answer
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
            let suspicion = open.suspicion();
            let answer = open
                .connection
                .send_packed_commands(pipeline, offset, count)
                .await;
            suspicion.settle(&answer);
            answer
        })
    }

    fn get_db(&self) -> i64 {
        i64::from(self.0.config.database)
    }
}
