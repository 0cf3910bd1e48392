//! Delivery of events to RabbitMQ.

use std::error::Error;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use divan_core::infra::{RabbitMqMessage, RabbitMqPublisher};
use divan_core::service::{AuthService, Event, EventConsumer, EventSignal};
use divan_core::store::StoreError;
use tokio::sync::watch;
use uuid::Uuid;

use crate::config::Config;
use crate::error_chain::error_chain;
use crate::routes::wire;

/// Name of the consumer.
pub(crate) const CONSUMER: &str = "rabbitmq";

/// Maximum number of events that are published together.
const BATCH: u32 = 100;

/// Maximum duration of an attempt. The lease of a consumer is longer.
const ATTEMPT: Duration = Duration::from_secs(20);

/// Wait for events of other servers, and for the lease.
const IDLE: Duration = Duration::from_secs(1);

/// Wait after a failure of the database.
const NO_DATABASE: Duration = Duration::from_secs(5);

/// Waits after failures of RabbitMQ: doubled from the first to the longest one.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Publishes events to the configured RabbitMQ.
#[derive(Debug)]
pub(crate) struct EventPublisher {
    service: AuthService,
    rabbitmq: RabbitMqPublisher,
    /// Random id of this server.
    server: Uuid,
    is_failing: AtomicBool,
}

impl EventPublisher {
    /// Creates the publisher, if RabbitMQ is configured and events are on.
    pub(crate) fn from_config(config: &Config, service: AuthService) -> Option<Self> {
        config.events.retention?;
        let rabbitmq = config.infra.rabbitmq.as_ref()?.client();
        #[expect(
            clippy::disallowed_methods,
            reason = "the id only distinguishes servers, and need not be predictable"
        )]
        let server = Uuid::new_v4();
        Some(Self {
            service,
            rabbitmq: rabbitmq.publisher(&config.events.exchange),
            server,
            is_failing: AtomicBool::new(false),
        })
    }

    /// Publishes events until the server stops. A batch that is being published then is completed.
    pub(crate) async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        let mut signal = self.service.event_signal();
        let mut is_added = false;
        while !*stopped.borrow() {
            let pause = match self
                .try_deliver(&mut is_added, &mut signal, &mut stopped)
                .await
            {
                Ok(()) => IDLE,
                Err(error) => {
                    self.report("cannot read events", &error);
                    NO_DATABASE
                }
            };
            tokio::select! {
                // A closed channel stops, too.
                changed = stopped.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn try_deliver(
        &mut self,
        is_added: &mut bool,
        signal: &mut EventSignal,
        stopped: &mut watch::Receiver<bool>,
    ) -> Result<(), StoreError> {
        if !*is_added {
            self.service.add_consumer(CONSUMER).await?;
            *is_added = true;
        }
        match self.service.claim_consumer(CONSUMER, self.server).await? {
            Some(consumer) => self.deliver(consumer, signal, stopped).await,
            None => Ok(()),
        }
    }

    /// Publishes events until the server stops, the lease is lost or RabbitMQ fails.
    async fn deliver(
        &mut self,
        mut consumer: EventConsumer,
        signal: &mut EventSignal,
        stopped: &mut watch::Receiver<bool>,
    ) -> Result<(), StoreError> {
        let service = self.service.clone();
        while !*stopped.borrow() {
            let events = service.consumer_events(&mut consumer, BATCH).await?;
            let Some(last) = events.last() else {
                if !service.keep_consumer(&mut consumer).await? {
                    return Ok(());
                }
                tokio::select! {
                    changed = stopped.changed() => if changed.is_err() { break },
                    () = signal.wait() => {}
                    () = tokio::time::sleep(IDLE) => {}
                }
                continue;
            };
            if let Err(error) = self.publish(&events).await {
                self.report("cannot publish events to RabbitMQ", &*error);
                let wait = wait_after(consumer.stored().failures);
                let error = error_chain(&*error);
                return service.consumer_failed(consumer, &error, wait).await;
            }
            self.is_failing.store(false, Ordering::Relaxed);
            let is_kept = service.consumer_delivered(&mut consumer, last.position);
            if !is_kept.await? {
                return Ok(());
            }
        }
        service.release_consumer(consumer).await
    }

    async fn publish(&mut self, events: &[Event]) -> Result<(), Box<dyn Error + Send + Sync>> {
        let messages = events.iter().map(|event| self.message(event));
        let messages = messages.collect::<Result<Vec<_>, _>>()?;
        let published = tokio::time::timeout(ATTEMPT, self.rabbitmq.publish(&messages));
        let timed_out = |_| io::Error::from(io::ErrorKind::TimedOut);
        Ok(published.await.map_err(timed_out)??)
    }

    fn message(&self, event: &Event) -> Result<RabbitMqMessage, serde_json::Error> {
        let body = wire::event(event, self.service.issuer());
        let routing_key = event.data.event_type();
        let json = serde_json::to_vec(&body)?;
        let mut message = RabbitMqMessage::new(event.id.to_string(), routing_key, json);
        "application/cloudevents+json".clone_into(&mut message.content_type);
        message.timestamp = u64::try_from(event.at.unix_timestamp()).unwrap_or_default();
        Ok(message)
    }

    /// Logs the first failure in a row as a warning.
    fn report(&self, event: &'static str, error: &(dyn Error + 'static)) {
        let error = error_chain(error);
        if self.is_failing.swap(true, Ordering::Relaxed) {
            tracing::debug!(error, "{event}");
        } else {
            tracing::warn!(
                error,
                "{event}; it is repeated, and further failures are logged at debug level"
            );
        }
    }
}

fn wait_after(failures: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(failures);
    FIRST_WAIT.saturating_mul(doubled).min(LONGEST_WAIT)
}
