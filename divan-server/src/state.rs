use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Once};
use std::time::Duration;

use axum::extract::FromRef;
use axum::http::HeaderValue;
use divan_core::service::AuthService;
use divan_core::store::PoolState;
use ipnet::IpNet;

use crate::metrics::Metrics;
use crate::readiness::{Dependency, Readiness};

/// What the handlers share. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    parts: Arc<Parts>,
}

/// Returns the state of the connection pool.
pub(crate) type PoolStateFn = Box<dyn Fn() -> PoolState + Send + Sync>;

struct Parts {
    service: AuthService,
    http: HttpOptions,
    draining: Draining,
    metrics: Metrics,
    /// Reports the state of the connection pool.
    pool_state: Option<PoolStateFn>,
    readiness: Readiness,
    warned_of_proxy: Once,
}

impl AppState {
    /// The state of a server over this service.
    pub fn new(service: AuthService, http: HttpOptions) -> Self {
        let readiness = Readiness::of_database(&service);
        Self::of_server(service, http, None, readiness)
    }

    pub(crate) fn of_server(
        service: AuthService,
        http: HttpOptions,
        pool_state: Option<PoolStateFn>,
        readiness: Readiness,
    ) -> Self {
        let (draining, metrics) = (Draining::default(), Metrics::new());
        Self {
            parts: Arc::new(Parts {
                service,
                http,
                draining,
                metrics,
                pool_state,
                readiness,
                warned_of_proxy: Once::new(),
            }),
        }
    }

    /// What was counted so far, in the text format of Prometheus ([OpenMetrics
    /// 1.0](https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md)). Its
    /// labels hold nothing that a caller sent. The server itself has a listener for it;
    /// [`router`](crate::router) has none.
    pub async fn metrics(&self) -> String {
        for Dependency { name, is_up, .. } in self.parts.readiness.check().await {
            self.parts.metrics.note_dependency(name, is_up);
        }
        let connections = self.parts.pool_state.as_ref().map(|state| state());
        let connections = connections.unwrap_or_default();
        self.parts
            .metrics
            .note(self.parts.service.hash_load(), connections);
        self.parts.metrics.text()
    }

    /// Says once that a proxy seems to be there whose word is not taken.
    pub(crate) fn warn_of_proxy(&self, peer: IpAddr) {
        self.parts.warned_of_proxy.call_once(|| {
            tracing::warn!(
                %peer,
                "a proxy names the client, and is not trusted to: all clients have its address; set DIVAN_TRUSTED_PROXIES"
            );
        });
    }

    pub(crate) fn readiness(&self) -> &Readiness {
        &self.parts.readiness
    }

    pub(crate) fn counters(&self) -> &Metrics {
        &self.parts.metrics
    }

    pub(crate) fn service(&self) -> &AuthService {
        &self.parts.service
    }

    pub(crate) fn http(&self) -> &HttpOptions {
        &self.parts.http
    }

    pub(crate) fn draining(&self) -> &Draining {
        &self.parts.draining
    }
}

impl fmt::Debug for AppState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppState")
            .field("http", &self.parts.http)
            .finish_non_exhaustive()
    }
}

impl FromRef<AppState> for AuthService {
    fn from_ref(state: &AppState) -> Self {
        state.service().clone()
    }
}

impl FromRef<AppState> for Draining {
    fn from_ref(state: &AppState) -> Self {
        state.draining().clone()
    }
}

/// How the server behaves towards browsers and slow clients.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpOptions {
    /// The origins whose pages may call the server: those of the Mini App and the admin panel. A
    /// `*` names nobody and is passed over. Default: none.
    pub allowed_origins: Vec<HeaderValue>,
    /// Whether to tell browsers to come back by https only. Default: no.
    pub strict_transport: bool,
    /// Whether to serve `/docs` and `/openapi.json` (feature `docs`). Default: yes.
    pub docs: bool,
    /// The proxies whose word on the client's address (`X-Forwarded-For`) is taken. Default: none.
    pub trusted_proxies: Vec<IpNet>,
    /// How long a request may take, from the first byte of its body to the answer. Default: 30
    /// seconds.
    pub request_timeout: Duration,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            allowed_origins: Vec::new(),
            strict_transport: false,
            docs: true,
            trusted_proxies: Vec::new(),
            request_timeout: Duration::from_secs(30),
        }
    }
}

/// Whether the server is about to stop: it finishes what it has and wants nothing new.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draining(Arc<AtomicBool>);

impl Draining {
    #[cfg(feature = "_server")]
    pub(crate) fn start(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub(crate) fn has_started(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
