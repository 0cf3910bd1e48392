use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, select};

use super::Backend;
use super::pooled_connection::PooledConnection;

/// Ends what waits for a server that does not respond: after a time limit, and when the connections move to
/// another server.
pub(super) struct Guard(Option<Limits>);

struct Limits {
    moved: BoxFuture<'static, ()>,
    time: Duration,
}

impl Guard {
    /// Without limits.
    pub(super) fn none() -> Self {
        Self(None)
    }

    pub(super) fn new<DB: Backend>(connection: &PooledConnection<DB>, time: Duration) -> Self {
        let moved = Box::pin(connection.moved());
        Self(Some(Limits { moved, time }))
    }

    pub(super) async fn run<T, E: From<sqlx::Error>>(
        self,
        result: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let Some(Limits { moved, time }) = self.0 else {
            return result.await;
        };
        let ended = async {
            match tokio::time::timeout(time, moved).await {
                Ok(()) => {
                    let text = "the connections moved to another server";
                    sqlx::Error::Io(io::Error::other(text))
                }
                Err(_) => timed_out(time),
            }
        };
        match select(pin!(result), pin!(ended)).await {
            Either::Left((result, _)) => result,
            Either::Right((error, _)) => Err(error.into()),
        }
    }
}

/// The error of a server that sends nothing.
pub(in crate::store) fn timed_out(limit: Duration) -> sqlx::Error {
    let text = format!("no response within {} s", limit.as_secs_f32());
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, text))
}
