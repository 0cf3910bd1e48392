//! Addresses with faults: without a listener, or without a response.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::process::free_port;

/// A port of the loopback address without a listener.
pub fn absent_port() -> u16 {
    free_port()
}

/// A server that accepts connections and sends nothing. Connections are closed when it is dropped.
#[derive(Debug)]
pub struct SilentServer {
    address: SocketAddr,
    taken: Arc<Mutex<Vec<TcpStream>>>,
    is_over: Arc<AtomicBool>,
}

impl SilentServer {
    /// Starts one on a free port of the loopback address.
    ///
    /// # Panics
    /// When there is no free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let server = Self {
            address,
            taken: Arc::default(),
            is_over: Arc::default(),
        };
        let (taken, is_over) = (Arc::clone(&server.taken), Arc::clone(&server.is_over));
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if is_over.load(Ordering::SeqCst) {
                    return;
                }
                taken
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(stream);
            }
        });
        server
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The accepted connections.
    ///
    /// # Panics
    /// When one of them cannot be copied.
    pub fn taken(&self) -> Vec<TcpStream> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken
            .iter()
            .map(|stream| stream.try_clone().expect("a socket"))
            .collect()
    }
}

impl Drop for SilentServer {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // Wakes the thread up.
        let _ = TcpStream::connect(self.address);
    }
}
