use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use divan_core::service::AuthService;
use divan_core::store::StoreError;
use divan_core::types::WebhookId;
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::error_chain::error_chain;

/// Wait until the next look for events of other servers.
const IDLE: Duration = Duration::from_secs(1);

/// Wait after a failure of the database.
const NO_DATABASE: Duration = Duration::from_secs(5);

/// Delivers events to webhooks, concurrently to several ones, and to each in order.
#[derive(Debug)]
pub(crate) struct WebhookSender {
    service: AuthService,
    /// Random id of this server.
    server: Uuid,
    is_failing: Arc<AtomicBool>,
}

impl WebhookSender {
    /// Creates the sender, if webhooks are configured.
    pub(crate) fn new(service: AuthService) -> Option<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the id only distinguishes servers, and need not be predictable"
        )]
        let server = Uuid::new_v4();
        service.has_webhooks().then_some(Self {
            service,
            server,
            is_failing: Arc::default(),
        })
    }

    /// Delivers events until the server stops. Events that are being sent then are completed.
    pub(crate) async fn run(self, mut stopped: watch::Receiver<bool>) {
        let (mut signal, running) = (self.service.event_signal(), Running::default());
        let mut deliveries = JoinSet::new();
        while !*stopped.borrow() {
            let pause = match self.service.due_webhooks().await {
                Ok(due) => {
                    let new = due.into_iter().filter(|id| running.begin(*id));
                    for id in new.collect::<Vec<_>>() {
                        let delivery = self.delivery(id, running.clone(), stopped.clone());
                        deliveries.spawn(delivery);
                    }
                    IDLE
                }
                Err(error) => {
                    report(&self.is_failing, &error);
                    NO_DATABASE
                }
            };
            tokio::select! {
                // A closed channel stops, too.
                changed = stopped.changed() => if changed.is_err() { break },
                () = tokio::time::sleep(pause) => {}
                () = signal.wait() => {}
            }
            while deliveries.try_join_next().is_some() {}
        }
        while deliveries.join_next().await.is_some() {}
    }

    /// Delivers the events of one webhook.
    fn delivery(
        &self,
        id: WebhookId,
        running: Running,
        stopped: watch::Receiver<bool>,
    ) -> impl Future<Output = ()> + Send + 'static {
        let (service, server) = (self.service.clone(), self.server);
        let is_failing = self.is_failing.clone();
        async move {
            let _end = End { running, id };
            let is_stopping = || *stopped.borrow() || stopped.has_changed().is_err();
            match service.deliver_webhook(id, server, &is_stopping).await {
                Ok(()) => is_failing.store(false, Ordering::Relaxed),
                // The lease expires, and a server delivers these events again.
                Err(error) => report(&is_failing, &error),
            }
        }
    }
}

/// The webhooks to which this server delivers now.
#[derive(Clone, Debug, Default)]
struct Running(Arc<Mutex<BTreeSet<WebhookId>>>);

impl Running {
    /// Returns `false` if the delivery has begun before and has not ended.
    fn begin(&self, id: WebhookId) -> bool {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.insert(id)
    }
}

/// Ends a delivery when it is dropped, also after a panic.
struct End {
    running: Running,
    id: WebhookId,
}

impl Drop for End {
    fn drop(&mut self) {
        let running = &self.running.0;
        let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
        running.remove(&self.id);
    }
}

/// Logs the first failure in a row as a warning.
fn report(is_failing: &AtomicBool, error: &StoreError) {
    let error = error_chain(error);
    if is_failing.swap(true, Ordering::Relaxed) {
        tracing::debug!(error, "cannot deliver webhooks");
    } else {
        tracing::warn!(
            error,
            "cannot deliver webhooks; it is repeated, and further failures are logged at debug level"
        );
    }
}
