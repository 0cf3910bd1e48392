//! Events for other services about changes of users and sessions.

mod consumers;
mod list;
mod log;
mod write;

use std::sync::Arc;

use tokio::sync::watch;

pub use consumers::{ConsumerStatus, EventConsumer};
pub use list::ListEventsQuery;
pub use log::{Event, EventPage, EventPosition, EventsError, InvalidEventPosition};

use super::AuthService;

/// The switch of events, and the signal that this process wrote some.
#[derive(Debug)]
pub(super) struct Events {
    is_on: bool,
    written: Arc<watch::Sender<()>>,
}

impl Events {
    pub(super) fn new(is_on: bool) -> Self {
        let (written, _) = watch::channel(());
        let written = Arc::new(written);
        Self { is_on, written }
    }
}

/// Waits for events that this process writes. Other servers of the database write events, too, so also look
/// for them once a second.
#[derive(Clone, Debug)]
pub struct EventSignal {
    written: watch::Receiver<()>,
    // The signal never ends, also without the service.
    _sender: Arc<watch::Sender<()>>,
}

impl EventSignal {
    /// Returns when this process has written events since the last call.
    pub async fn wait(&mut self) {
        // An error is not possible: the sender exists.
        let _ = self.written.changed().await;
    }
}

/// # Events
impl AuthService {
    /// Returns `true` if the service writes events.
    pub fn has_events(&self) -> bool {
        self.parts.events.is_on
    }

    /// Returns the signal that this process has written events.
    pub fn event_signal(&self) -> EventSignal {
        let sender = &self.parts.events.written;
        EventSignal {
            written: sender.subscribe(),
            _sender: Arc::clone(sender),
        }
    }
}
