//! Metrics of the server, in the text format of Prometheus ([OpenMetrics
//! 1.0](https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md)).
//!
//! Labels hold routes, statuses and codes, never data that a client sent.

use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use divan_core::api::{
    AdminLogin, AutoLogin, CompleteAdminLogin, Endpoint, TOKEN_PATH, TelegramLogin,
};
use divan_core::password::HashClassLoad;
use divan_core::service::{
    AttemptOutcome, AuthService, ConsumerStatus, MessageResult, WebhookView,
};
use divan_core::store::{PoolState, WaitingMessages};
use divan_core::throttle::AttemptClass;
use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::problem::Refusal;

/// The content type of [`Metrics::text`].
#[cfg(feature = "_server")]
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds of the latency buckets, in seconds. A request with a token takes less than a
/// millisecond, a sign-in the time of a password hash.
const BUCKETS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 15.0,
];

/// Metrics of one server. Updates are cheap.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Request, Histogram, fn() -> Histogram>,
    sign_ins: Family<SignIn, Counter>,
    attempts: Family<Attempts, Counter>,
    refused: Family<Refused, Counter>,
    reused_tokens: Counter,
    copied_passkeys: Counter,
    introspections: Family<Introspections, Counter>,
    messages: Family<Messages, Counter>,
    messages_waiting: Gauge,
    messages_oldest: Gauge,
    events: Consumers,
    webhook_attempts: Family<Messages, Counter>,
    webhooks: Family<Webhooks, Gauge>,
    hashes: Hashes,
    connections: Family<Connections, Gauge>,
    connections_max: Gauge,
    dependencies: Family<Dependency, Gauge>,
}

/// Consumers of events.
#[derive(Debug, Default)]
struct Consumers {
    pending: Family<Consumer, Gauge>,
    oldest: Family<Consumer, Gauge>,
    failures: Family<Consumer, Gauge>,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Consumer {
    consumer: String,
}

/// Load of the hash queue.
#[derive(Debug, Default)]
struct Hashes {
    running: Family<HashClass, Gauge>,
    waiting: Family<HashClass, Gauge>,
    begun: Family<HashClass, Counter>,
    refused: Family<HashClass, Counter>,
    waited: Family<HashClass, Counter<f64>>,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct HashClass {
    class: &'static str,
}

impl Hashes {
    fn set(&self, class: &'static str, load: HashClassLoad) {
        let class = HashClass { class };
        let gauge = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        self.running.get_or_create(&class).set(gauge(load.running));
        self.waiting.get_or_create(&class).set(gauge(load.waiting));
        let waited = load.waited.as_secs_f64().to_bits();
        for (counter, value) in [
            (self.begun.get_or_create(&class).inner(), load.started),
            (self.refused.get_or_create(&class).inner(), load.refused),
            (self.waited.get_or_create(&class).inner(), waited),
        ] {
            counter.store(value, Ordering::Relaxed);
        }
    }
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Request {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct SignIn {
    method: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Attempts {
    class: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Introspections {
    result: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Messages {
    result: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Webhooks {
    state: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Refused {
    data: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Connections {
    state: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Dependency {
    dependency: &'static str,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(BUCKETS);
        let mut metrics = Self {
            registry: Registry::with_prefix("divan"),
            requests: Family::new_with_constructor(histogram),
            sign_ins: Family::default(),
            attempts: Family::default(),
            refused: Family::default(),
            reused_tokens: Counter::default(),
            copied_passkeys: Counter::default(),
            introspections: Family::default(),
            messages: Family::default(),
            messages_waiting: Gauge::default(),
            messages_oldest: Gauge::default(),
            events: Consumers::default(),
            webhook_attempts: Family::default(),
            webhooks: Family::default(),
            hashes: Hashes::default(),
            connections: Family::default(),
            connections_max: Gauge::default(),
            dependencies: Family::default(),
        };
        metrics.register();
        metrics
    }

    #[rustfmt::skip]
    fn register(&mut self) {
        let (r, seconds) = (&mut self.registry, Unit::Seconds);
        r.register("build", "The version of the server", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        r.register_with_unit("http_request_duration", "Time from the headers of a request to its response", seconds.clone(), self.requests.clone());
        r.register("sign_ins", "Sign-ins by their outcome: success, the code of the problem, or client_closed when the client closed the connection", self.sign_ins.clone());
        r.register("attempts", "Attempts to guess a secret: succeeded, failed, or refused by a limit; trusted ones come from a linked Telegram account or a known device", self.attempts.clone());
        r.register("signed_data_refused", "Init data and contacts that were refused, by the failed check", self.refused.clone());
        r.register("copied_passkeys", "Signatures of passkeys whose counter did not increase: the passkey may have been copied", self.copied_passkeys.clone());
        r.register("introspections", "Tokens that services introspected: active, or inactive for those to refuse", self.introspections.clone());
        r.register("reused_tokens", "Sessions that ended because two clients used their tokens: one of them may be stolen", self.reused_tokens.clone());
        r.register("messages", "Attempts to send a message to a user: delivered, failed and repeated, undeliverable because the user cannot be reached, or given_up", self.messages.clone());
        r.register("messages_waiting", "Messages to users that are not delivered yet", self.messages_waiting.clone());
        r.register_with_unit("messages_oldest_age", "Age of the oldest message that is not delivered yet", seconds.clone(), self.messages_oldest.clone());
        r.register("events_pending", "Events to deliver to a consumer", self.events.pending.clone());
        r.register_with_unit("events_oldest_age", "Age of the oldest event to deliver to a consumer", seconds.clone(), self.events.oldest.clone());
        r.register("events_failures", "Failed deliveries to a consumer since the last successful one", self.events.failures.clone());
        r.register("webhook_attempts", "Attempts to send an event to a webhook: delivered, or failed and repeated", self.webhook_attempts.clone());
        r.register("webhooks", "Webhooks by their state: enabled, failing since the last attempt, or disabled", self.webhooks.clone());
        r.register("hashes_running", "Passwords being hashed", self.hashes.running.clone());
        r.register("hashes_waiting", "Passwords waiting to be hashed", self.hashes.waiting.clone());
        r.register("hashes_begun", "Passwords whose hashing has started", self.hashes.begun.clone());
        r.register("hashes_refused", "Passwords that were not hashed, because too many were waiting", self.hashes.refused.clone());
        r.register_with_unit("hashes_waited", "Total time that passwords waited to be hashed", seconds, self.hashes.waited.clone());
        r.register("database_connections", "Open connections to the database", self.connections.clone());
        r.register("database_connections_max", "Maximum number of connections to the database", self.connections_max.clone());
        r.register("dependency_up", "1 if the dependency responds, else 0", self.dependencies.clone());
    }

    /// Counts a response; for a sign-in also its outcome: `success`, the code of the problem, or
    /// `client_closed`. Without an outcome it is no sign-in.
    pub(crate) fn observe(
        &self,
        method: &'static str,
        route: Option<&str>,
        status: u16,
        outcome: Option<&'static str>,
        took: Duration,
    ) {
        let labels = Request {
            method,
            route: route.unwrap_or("-").to_owned(),
            status,
        };
        self.requests
            .get_or_create(&labels)
            .observe(took.as_secs_f64());
        let sign_in = route.filter(|_| method == "POST").and_then(sign_in_method);
        if let (Some(method), Some(outcome)) = (sign_in, outcome) {
            self.sign_ins
                .get_or_create(&SignIn { method, outcome })
                .inc();
        }
    }

    /// Counts an introspected token.
    pub(crate) fn count_introspection(&self, is_active: bool) {
        let result = if is_active { "active" } else { "inactive" };
        let labels = Introspections { result };
        self.introspections.get_or_create(&labels).inc();
    }

    /// Counts refused init data or a refused contact.
    pub(crate) fn count_refusal(&self, refusal: Refusal) {
        let Refusal { data, reason, .. } = refusal;
        self.refused.get_or_create(&Refused { data, reason }).inc();
    }

    /// Sets the values that the service and the connection pool count.
    pub(crate) fn update(&self, service: &AuthService, connections: PoolState) {
        for class in AttemptClass::ALL {
            for outcome in AttemptOutcome::ALL {
                let labels = Attempts {
                    class: class.as_str(),
                    outcome: outcome.as_str(),
                };
                let total = service.attempts(class, outcome);
                let counter = self.attempts.get_or_create(&labels);
                counter.inner().store(total, Ordering::Relaxed);
            }
        }
        let copied = self.copied_passkeys.inner();
        copied.store(service.copied_passkeys(), Ordering::Relaxed);
        let reused = self.reused_tokens.inner();
        reused.store(service.reused_tokens(), Ordering::Relaxed);
        for result in MessageResult::ALL {
            let labels = Messages {
                result: result.as_str(),
            };
            let counter = self.messages.get_or_create(&labels);
            let total = service.message_results(*result);
            counter.inner().store(total, Ordering::Relaxed);
        }
        let attempts = service.webhook_attempts();
        for (result, total) in [
            ("delivered", attempts.delivered),
            ("failed", attempts.failed),
        ] {
            let counter = self.webhook_attempts.get_or_create(&Messages { result });
            counter.inner().store(total, Ordering::Relaxed);
        }
        let hashes = service.hash_load();
        self.hashes.set("trusted", hashes.trusted);
        self.hashes.set("untrusted", hashes.untrusted);
        self.hashes.set("background", hashes.background);
        let in_use = connections.open.saturating_sub(connections.idle);
        for (state, count) in [("in_use", in_use), ("idle", connections.idle)] {
            self.connections
                .get_or_create(&Connections { state })
                .set(count.into());
        }
        self.connections_max.set(connections.max.into());
    }

    /// Sets the number and the age of messages that wait.
    pub(crate) fn set_waiting_messages(&self, waiting: WaitingMessages, now: SystemTime) {
        let count = i64::try_from(waiting.count).unwrap_or(i64::MAX);
        self.messages_waiting.set(count);
        let age = waiting
            .oldest
            .and_then(|oldest| now.duration_since(oldest.into()).ok());
        let seconds = age.unwrap_or_default().as_secs();
        self.messages_oldest
            .set(i64::try_from(seconds).unwrap_or(i64::MAX));
    }

    /// Sets what is to be delivered to the consumers of events.
    pub(crate) fn set_consumers(&self, consumers: Vec<ConsumerStatus>, now: SystemTime) {
        let Consumers {
            pending,
            oldest,
            failures,
        } = &self.events;
        // Deleted consumers have no values.
        for family in [pending, oldest, failures] {
            family.clear();
        }
        for status in consumers {
            let age = status
                .oldest
                .and_then(|at| now.duration_since(at.into()).ok());
            let age = age.unwrap_or_default().as_secs();
            let labels = Consumer {
                consumer: status.consumer.name,
            };
            let gauge = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
            pending.get_or_create(&labels).set(gauge(status.pending));
            oldest.get_or_create(&labels).set(gauge(age));
            let failed = status.consumer.failures.into();
            failures.get_or_create(&labels).set(failed);
        }
    }

    /// Sets the number of webhooks by state.
    pub(crate) fn set_webhooks(&self, webhooks: &[WebhookView]) {
        let state = |webhook: &WebhookView| match (&webhook.disabled, webhook.failing_since) {
            (Some(_), _) => "disabled",
            (None, Some(_)) => "failing",
            (None, None) => "enabled",
        };
        for name in ["enabled", "failing", "disabled"] {
            let count = webhooks.iter().filter(|one| state(one) == name).count();
            let gauge = self.webhooks.get_or_create(&Webhooks { state: name });
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// Sets the state of a dependency.
    pub(crate) fn set_dependency(&self, dependency: &'static str, is_up: bool) {
        self.dependencies
            .get_or_create(&Dependency { dependency })
            .set(is_up.into());
    }

    /// Encodes all metrics.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

fn sign_in_method(route: &str) -> Option<&'static str> {
    let methods = [
        (TelegramLogin::PATH, "telegram_login"),
        (AutoLogin::PATH, "telegram_auto_login"),
        (AdminLogin::PATH, "admin_login"),
        (CompleteAdminLogin::PATH, "admin_second_factor"),
        (TOKEN_PATH, "token"),
    ];
    // The router may be nested below a path.
    methods
        .into_iter()
        .find(|(path, _)| route.ends_with(path))
        .map(|(_, method)| method)
}
