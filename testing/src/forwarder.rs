use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// A TCP forwarder on a free port of the loopback address, with the faults of a network.
#[derive(Debug)]
pub struct Forwarder {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    target: AtomicU16,
    /// Connections with a lower number are dead: bytes that arrive on them are lost.
    first_alive: AtomicU64,
    is_cut: AtomicBool,
    is_over: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

impl Forwarder {
    /// Starts one to a port of the loopback address.
    ///
    /// # Panics
    /// When there is no free port.
    pub fn start(target: u16) -> Self {
        Self::start_at((Ipv4Addr::LOCALHOST, 0), target)
    }

    /// As [`start`](Self::start), on another address.
    ///
    /// # Panics
    /// When the address is in use.
    pub fn start_at(address: (Ipv4Addr, u16), target: u16) -> Self {
        let listener = TcpListener::bind(address).expect("a free address");
        let address = listener.local_addr().expect("a bound socket");
        let shared = Arc::new(Shared {
            target: AtomicU16::new(target),
            first_alive: AtomicU64::new(0),
            is_cut: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            open: Mutex::default(),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &accepting));
        Self { address, shared }
    }

    /// The port to connect to.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Forwards new connections to another port. Existing ones continue.
    pub fn set_target(&self, target: u16) {
        self.shared.target.store(target, Ordering::SeqCst);
    }

    /// Loses everything that is sent, on existing and new connections, and closes none.
    pub fn cut(&self) {
        self.shared.is_cut.store(true, Ordering::SeqCst);
        self.shared.first_alive.store(u64::MAX, Ordering::SeqCst);
    }

    /// Forwards new connections again. Those from before or during the cut stay dead, as behind a
    /// firewall that has lost its state.
    pub fn restore(&self) {
        let count = self.shared.streams().len() as u64;
        self.shared.first_alive.store(count, Ordering::SeqCst);
        self.shared.is_cut.store(false, Ordering::SeqCst);
    }

    /// Closes all connections.
    pub fn reset(&self) {
        for stream in self.shared.streams().iter() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        self.reset();
        // Wakes the accepting thread up.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn streams(&self) -> std::sync::MutexGuard<'_, Vec<TcpStream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    while let Ok((client, _)) = listener.accept() {
        if shared.is_over.load(Ordering::SeqCst) {
            return;
        }
        let Ok(kept) = client.try_clone() else {
            continue;
        };
        let mut streams = shared.streams();
        let number = streams.len() as u64;
        streams.push(kept);
        drop(streams);
        if shared.is_cut.load(Ordering::SeqCst) {
            continue;
        }
        let target = (Ipv4Addr::LOCALHOST, shared.target.load(Ordering::SeqCst));
        let Ok(server) = TcpStream::connect(target) else {
            let _ = client.shutdown(Shutdown::Both);
            continue;
        };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let (Ok(to_client), Ok(from_server)) = (client.try_clone(), server.try_clone()) else {
            continue;
        };
        let (there, back) = (Arc::clone(shared), Arc::clone(shared));
        thread::spawn(move || copy(client, server, number, &there));
        thread::spawn(move || copy(from_server, to_client, number, &back));
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream, number: u64, shared: &Shared) {
    let mut buffer = [0; 16 * 1024];
    let is_dead = || number < shared.first_alive.load(Ordering::SeqCst);
    loop {
        match from.read(&mut buffer) {
            Ok(read @ 1..) if is_dead() || to.write_all(&buffer[..read]).is_ok() => {}
            // The other side does not learn of the end of a dead connection.
            _ if is_dead() => return,
            _ => break,
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
