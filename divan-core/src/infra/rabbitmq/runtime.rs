//! The runtime of `lapin`: tokio, with streams that are already connected.

use std::future::{Future, ready};
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use async_rs::traits::Reactor;
use async_rs::util::RuntimeParts;
use async_rs::{Runtime, Tokio};
use futures_util::Stream;
use tokio_util::compat::Compat;

use crate::infra::stream;

pub(super) type Transport = Runtime<RuntimeParts<Tokio, Connected>>;

/// Returns the current tokio runtime.
pub(super) fn transport() -> Transport {
    Runtime::new(RuntimeParts::new(
        Tokio::current(),
        Connected(Tokio::current()),
    ))
}

/// Tokio's timers. Streams are passed in, so that TLS is configured in one place.
#[derive(Clone, Debug)]
pub(super) struct Connected(Tokio);

impl Reactor for Connected {
    type TcpStream = Compat<stream::Stream>;
    type Sleep = <Tokio as Reactor>::Sleep;

    #[expect(
        refining_impl_trait,
        reason = "the bound of the trait has a private name"
    )]
    fn register<H: io::Read + io::Write + Send + 'static>(
        &self,
        _: H,
    ) -> io::Result<Self::TcpStream> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn sleep(&self, time: Duration) -> Self::Sleep {
        self.0.sleep(time)
    }

    fn interval(&self, time: Duration) -> impl Stream<Item = Instant> + Send + 'static {
        self.0.interval(time)
    }

    fn tcp_connect_addr(
        &self,
        _: SocketAddr,
    ) -> impl Future<Output = io::Result<Self::TcpStream>> + Send + 'static {
        ready(Err(io::ErrorKind::Unsupported.into()))
    }
}
