//! The open connections, bounded in total and by address.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::descriptors;

/// Maximum of concurrent connections. Each may hold a buffer for the head of a request.
const TOTAL: usize = 4096;

/// Maximum of concurrent connections of one address.
const PER_ADDRESS: usize = 1024;

/// Limits on connections.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// Maximum of concurrent connections. A further one closes the oldest idle one, and waits if none
    /// is idle.
    pub(crate) total: usize,
    /// Maximum for one address. A further connection closes the oldest idle one of the address, and is
    /// refused if none is idle.
    pub(crate) per_address: usize,
    /// Proxies, to which only the limit in total applies.
    pub(crate) trusted_proxies: Vec<IpNet>,
}

impl Limits {
    /// The limits that the file descriptors of the process permit.
    pub(crate) fn of_process(trusted_proxies: Vec<IpNet>) -> Self {
        let total = descriptors::connections(TOTAL);
        Self {
            total,
            per_address: PER_ADDRESS.min((total / 4).max(1)),
            trusted_proxies,
        }
    }
}

/// The open connections of a listener.
pub(super) struct Connections {
    limits: Limits,
    permits: Arc<Semaphore>,
    table: Mutex<Table>,
}

impl Connections {
    pub(super) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            permits: Arc::new(Semaphore::new(limits.total)),
            table: Mutex::default(),
            limits,
        })
    }

    /// Admits a connection. It replaces the oldest idle one if there are too many. `None` if the address
    /// has too many, none of which is idle.
    pub(super) async fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Slot> {
        let address = network(peer);
        let is_proxy = self
            .limits
            .trusted_proxies
            .iter()
            .any(|network| network.contains(&peer.to_canonical()));
        if !is_proxy && !self.table().make_room(address, self.limits.per_address) {
            return None;
        }
        let permit = if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            permit
        } else {
            self.table().close_oldest_or_next();
            // The semaphore is never closed.
            let permit = Arc::clone(&self.permits).acquire_owned().await.ok()?;
            self.table().is_wanted = false;
            permit
        };
        let (id, closing) = self.table().insert(address);
        Some(Slot {
            id,
            closing,
            connections: Arc::clone(self),
            _permit: permit,
        })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one connection.
pub(super) struct Slot {
    id: u64,
    closing: Arc<Notify>,
    connections: Arc<Connections>,
    _permit: OwnedSemaphorePermit,
}

impl Slot {
    /// Completes when another connection needs the place.
    pub(super) async fn closing(&self) {
        self.closing.notified().await;
    }

    /// Marks the connection as busy with a request until the guard is dropped.
    pub(super) fn busy(self: &Arc<Self>) -> Busy {
        self.connections.table().start(self.id);
        Busy(Arc::clone(self))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.connections.table().remove(self.id);
    }
}

/// A connection with a request in progress.
pub(super) struct Busy(Arc<Slot>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.connections.table().finish(self.0.id);
    }
}

#[derive(Default)]
struct Table {
    /// Number of the next connection or turn.
    next: u64,
    connections: HashMap<u64, Connection>,
    /// Idle connections, the longest idle first: turn and id.
    idle: BTreeMap<u64, u64>,
    addresses: HashMap<IpAddr, Address>,
    /// A connection waits for the next one that becomes idle.
    is_wanted: bool,
}

struct Connection {
    address: IpAddr,
    idle_since: Option<u64>,
    closing: Arc<Notify>,
}

#[derive(Default)]
struct Address {
    connections: usize,
    idle: BTreeMap<u64, u64>,
}

impl Table {
    fn insert(&mut self, address: IpAddr) -> (u64, Arc<Notify>) {
        let (id, closing) = (self.number(), Arc::new(Notify::new()));
        let connection = Connection {
            address,
            idle_since: None,
            closing: Arc::clone(&closing),
        };
        self.connections.insert(id, connection);
        self.addresses.entry(address).or_default().connections += 1;
        self.finish(id);
        (id, closing)
    }

    /// Returns `true` if the address may have a further connection.
    fn make_room(&mut self, address: IpAddr, limit: usize) -> bool {
        let Some(state) = self.addresses.get(&address) else {
            return true;
        };
        if state.connections < limit {
            return true;
        }
        let oldest = state.idle.values().next().copied();
        oldest.is_some_and(|id| self.close(id))
    }

    fn close_oldest_or_next(&mut self) {
        match self.idle.values().next().copied() {
            Some(id) => {
                self.close(id);
            }
            None => self.is_wanted = true,
        }
    }

    /// Marks a connection as busy.
    fn start(&mut self, id: u64) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        if let Some(turn) = connection.idle_since.take() {
            self.idle.remove(&turn);
            if let Some(address) = self.addresses.get_mut(&connection.address) {
                address.idle.remove(&turn);
            }
        }
    }

    /// Marks a connection as idle.
    fn finish(&mut self, id: u64) {
        let turn = self.number();
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        connection.idle_since = Some(turn);
        self.idle.insert(turn, id);
        if let Some(address) = self.addresses.get_mut(&connection.address) {
            address.idle.insert(turn, id);
        }
        if self.is_wanted {
            self.is_wanted = false;
            self.close(id);
        }
    }

    fn close(&mut self, id: u64) -> bool {
        let removed = self.remove(id);
        removed
            .inspect(|closed| closed.closing.notify_one())
            .is_some()
    }

    fn remove(&mut self, id: u64) -> Option<Connection> {
        self.start(id);
        let removed = self.connections.remove(&id)?;
        if let Some(address) = self.addresses.get_mut(&removed.address) {
            address.connections -= 1;
            if address.connections == 0 {
                self.addresses.remove(&removed.address);
            }
        }
        Some(removed)
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

/// The network whose connections count as those of one address: an IPv4 address or an IPv6 /64.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}
