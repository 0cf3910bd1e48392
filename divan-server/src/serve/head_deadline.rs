//! The deadline for the head of a request, also for a client that sends one byte a second.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// A stream whose reads fail when a head is not complete in time. hyper's own limit starts with the
/// last response, so it has to be as long as a connection may be idle.
pub(super) struct HeadDeadline<S> {
    stream: S,
    limit: Duration,
    requests: Requests,
    /// The turn in which a head is awaited, and the deadline.
    deadline: Option<(u64, Instant)>,
    /// Wakes the task at the deadline; created by the first read that waits.
    sleep: Option<Pin<Box<Sleep>>>,
}

/// The turns of a connection: even while a head is awaited, odd while a request is processed.
#[derive(Clone, Default)]
pub(super) struct Requests(Arc<AtomicU64>);

impl Requests {
    /// Marks a head as complete, or a response as ready.
    pub(super) fn next_turn(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn turn(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl<S> HeadDeadline<S> {
    pub(super) fn new(stream: S, limit: Duration) -> Self {
        Self {
            stream,
            limit,
            requests: Requests::default(),
            deadline: Some((0, Instant::now() + limit)),
            sleep: None,
        }
    }

    pub(super) fn requests(&self) -> Requests {
        self.requests.clone()
    }

    /// Removes the deadline of a head that is complete.
    fn refresh(&mut self, turn: u64) {
        if self.deadline.is_some_and(|(of, _)| of != turn) {
            (self.deadline, self.sleep) = (None, None);
        }
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some((_, deadline)) = self.deadline else {
            return Poll::Pending;
        };
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        sleep.as_mut().poll(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for HeadDeadline<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (turn, filled) = (self.requests.turn(), buf.filled().len());
        self.refresh(turn);
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Ready(Ok(())) => {
                let now = Instant::now();
                let is_awaited = turn.is_multiple_of(2) && buf.filled().len() > filled;
                let limit = self.limit;
                if is_awaited && self.deadline.get_or_insert((turn, now + limit)).1 <= now {
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
                Poll::Ready(Ok(()))
            }
            Poll::Pending => self
                .poll_deadline(cx)
                .map(|()| Err(io::ErrorKind::TimedOut.into())),
            failed @ Poll::Ready(_) => failed,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for HeadDeadline<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
