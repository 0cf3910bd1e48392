use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use crate::process::free_port;

/// A server on separate threads, so that stopping it breaks its connections and no others of the
/// process.
#[derive(Debug)]
pub(crate) struct InProcess {
    address: SocketAddr,
    runtime: Option<Runtime>,
}

impl InProcess {
    /// A server that is not started yet.
    pub(crate) fn new() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, free_port())),
            runtime: None,
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn start<F>(&mut self, serve: impl FnOnce(TcpListener) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let entered = runtime.enter();
        let listener = std::net::TcpListener::bind(self.address).expect("the port is still free");
        listener
            .set_nonblocking(true)
            .expect("a socket that does not block");
        runtime.spawn(serve(
            TcpListener::from_std(listener).expect("a socket of the runtime"),
        ));
        drop(entered);
        self.runtime = Some(runtime);
    }

    pub(crate) fn stop(&mut self) {
        let Some(runtime) = self.runtime.take() else {
            return;
        };
        runtime.shutdown_background();
        while TcpStream::connect(self.address).is_ok() {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        self.stop();
    }
}
