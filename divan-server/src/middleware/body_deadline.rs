//! The deadline for the body of a request.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use futures_util::Stream;
use tokio::time::{Instant, Sleep};

use crate::extract::BodyTimeout;

/// Maximum time of a body.
const LIMIT: Duration = Duration::from_secs(15);

/// Time after which a body must have arrived at the minimum rate.
const GRACE: Duration = Duration::from_secs(5);

/// Minimum rate, in bytes per second.
const MIN_RATE: u64 = 1024;

/// Lets reads of the body fail with [`BodyTimeout`] when it arrives too slowly.
pub(super) fn apply(body: Body) -> Body {
    if body.is_end_stream() {
        return body;
    }
    Body::from_stream(TimedBody {
        body: body.into_data_stream(),
        started: Instant::now(),
        received: 0,
        sleep: None,
    })
}

struct TimedBody {
    body: BodyDataStream,
    started: Instant,
    received: u64,
    /// Created by the first read that waits: most bodies arrive with the head.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl TimedBody {
    fn deadline(&self) -> Instant {
        let at_rate = Duration::from_millis(self.received * 1000 / MIN_RATE);
        self.started + LIMIT.min(GRACE + at_rate)
    }
}

impl Stream for TimedBody {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let deadline = self.deadline();
        match Pin::new(&mut self.body).poll_next(cx) {
            Poll::Ready(Some(Ok(data))) => {
                self.received = self.received.saturating_add(data.len() as u64);
                if self.sleep.is_some() && Instant::now() >= deadline {
                    return Poll::Ready(Some(Err(BodyTimeout.into())));
                }
                Poll::Ready(Some(Ok(data)))
            }
            Poll::Ready(end) => Poll::Ready(end.map(|data| data.map_err(Into::into))),
            Poll::Pending => {
                let sleep = self
                    .sleep
                    .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
                if sleep.deadline() != deadline {
                    sleep.as_mut().reset(deadline);
                }
                sleep
                    .as_mut()
                    .poll(cx)
                    .map(|()| Some(Err(BodyTimeout.into())))
            }
        }
    }
}
