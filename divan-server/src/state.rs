use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Once};
use std::time::{Duration, Instant};

use axum::http::{HeaderName, HeaderValue};
use divan_core::clock::{Clock, SystemClock};
use divan_core::init_data::BotToken;
use divan_core::service::AuthService;
use divan_core::store::PoolState;
use ipnet::IpNet;
use url::Url;

use crate::imports::Imports;
use crate::metrics::Metrics;
use crate::problem::Refusal;
use crate::readiness::{Dependency, Readiness};
use crate::refusals::Refusals;

/// State that the handlers share. Cheap to clone.
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
    /// Returns the state of the connection pool.
    pool_state: Option<PoolStateFn>,
    readiness: Readiness,
    imports: Imports,
    proxy_warning: Once,
    refusals: Refusals,
}

impl AppState {
    /// Creates the state of a server over this service.
    pub fn new(service: AuthService, http: HttpOptions) -> Self {
        let readiness = Readiness::database_only(&service);
        Self::with_readiness(service, http, None, readiness)
    }

    pub(crate) fn with_readiness(
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
                imports: Imports::default(),
                proxy_warning: Once::new(),
                refusals: Refusals::default(),
            }),
        }
    }

    /// Returns the metrics in the text format of Prometheus ([OpenMetrics
    /// 1.0](https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md)). Labels
    /// contain no client data. The program serves them on a separate listener;
    /// [`router`](crate::router) does not.
    pub async fn metrics(&self) -> String {
        for Dependency { name, is_up, .. } in self.parts.readiness.check().await {
            self.parts.metrics.set_dependency(name, is_up);
        }
        if let Ok(waiting) = self.parts.service.waiting_messages().await {
            let metrics = &self.parts.metrics;
            metrics.set_waiting_messages(waiting, SystemClock.now());
        }
        if let Ok(consumers) = self.parts.service.event_consumers().await {
            let metrics = &self.parts.metrics;
            metrics.set_consumers(consumers, SystemClock.now());
        }
        if let Ok(webhooks) = self.parts.service.webhook_views().await {
            self.parts.metrics.set_webhooks(&webhooks);
        }
        let connections = self.parts.pool_state.as_ref().map(|state| state());
        let connections = connections.unwrap_or_default();
        self.parts.metrics.update(&self.parts.service, connections);
        self.parts.metrics.text()
    }

    /// Logs once that a proxy seems to be in front that is not trusted.
    pub(crate) fn warn_of_proxy(&self, peer: IpAddr) {
        self.parts.proxy_warning.call_once(|| {
            tracing::warn!(
                %peer,
                "ignoring X-Forwarded-For from untrusted peer; set DIVAN_TRUSTED_PROXIES if it is your proxy"
            );
        });
    }

    /// Counts refused signed data, and logs a warning if much is refused for the same reason.
    pub(crate) fn count_refusal(&self, refusal: Refusal, now: Instant) {
        self.parts.metrics.count_refusal(refusal);
        if let Some(advice) = self.parts.refusals.count(refusal, now) {
            let Refusal {
                data,
                reason,
                age_seconds,
            } = refusal;
            tracing::warn!(
                data,
                reason,
                age_seconds,
                advice,
                "many sign-ins are refused alike"
            );
        }
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

    pub(crate) fn imports(&self) -> &Imports {
        &self.parts.imports
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

/// The header `Strict-Transport-Security` (RFC 6797), with which browsers use only https for a year.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StrictTransport {
    /// The header is not sent.
    #[default]
    Off,
    /// For the host of the response.
    Host,
    /// For the host and all its subdomains.
    Subdomains,
}

/// Pages that the server has at `/`, by host. All but [`None`](Self::None) include the browser client
/// at `/divan.js`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pages {
    /// No page, and no browser client.
    #[default]
    None,
    /// No page.
    Client,
    /// The admin panel.
    Admin,
    /// The Mini App page and the admin panel.
    All,
}

/// HTTP options: CORS, HTTPS, pages, proxies, time limit.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches of the configuration"
)]
pub struct HttpOptions {
    /// Origins whose pages may call the server, in addition to its own: those of the Mini App and the
    /// admin panel. `*` is ignored. Default: none.
    pub allowed_origins: Vec<HeaderValue>,
    /// Request headers that pages of other allowed origins may send, in addition to those of the API.
    /// Default: none.
    pub allowed_headers: Vec<HeaderName>,
    /// `Strict-Transport-Security`. Default: not sent.
    pub strict_transport: StrictTransport,
    /// Serves `/docs` and `/openapi.json` (feature `docs`). Default: yes.
    pub docs: bool,
    /// Pages (feature `pages`): the Mini App page on the host of [`miniapp_url`](Self::miniapp_url), the
    /// admin panel on that of [`admin_url`](Self::admin_url). A router that is nested needs a path that
    /// ends in a slash: `nest("/sign-in/", router)`. Default: none.
    pub pages: Pages,
    /// Proxies whose `X-Forwarded-For` is trusted. Default: none.
    pub trusted_proxies: Vec<IpNet>,
    /// Public URL of the Mini App. Its host serves neither the administrators' endpoints nor the
    /// documentation. Default: none, so that each host serves everything.
    pub miniapp_url: Option<Url>,
    /// Public URL of the admin panel. Its host does not serve the sign-in through Telegram. Default:
    /// none, so that each host serves everything.
    pub admin_url: Option<Url>,
    /// Username of the bot, without `@`, to which the Mini App's page links outside Telegram. Default:
    /// none.
    pub bot_username: Option<String>,
    /// Name of the cookie that may contain the access token for `/auth/verify`. Default: none.
    pub verify_cookie: Option<String>,
    /// Answers only to `localhost`, other names of the machine itself and the hosts of the two URLs, so
    /// that no page reaches the server by DNS rebinding. Default: no.
    pub local_hosts_only: bool,
    /// Refuses to create the first administrator for a request that a proxy or a tunnel forwarded.
    /// Default: no.
    pub direct_bootstrap_only: bool,
    /// Development mode: attempts from loopback addresses are not counted by address and network.
    /// Other limits apply. Default: no.
    pub is_development: bool,
    /// Bot to name in the response to init data that another bot signed, for development. Default: none.
    pub expected_bot: Option<i64>,
    /// The generated bot of development mode, which signs init data of test users.
    pub(crate) test_bot: Option<BotToken>,
    /// Time limit of a request, from the first byte of its body to the response. Default: 30 seconds.
    pub request_timeout: Duration,
}

impl HttpOptions {
    /// Returns `true` if the address is that of a trusted proxy.
    pub(crate) fn is_trusted_proxy(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.trusted_proxies
            .iter()
            .any(|network| network.contains(&peer))
    }
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            allowed_origins: Vec::new(),
            allowed_headers: Vec::new(),
            strict_transport: StrictTransport::Off,
            docs: true,
            pages: Pages::None,
            trusted_proxies: Vec::new(),
            miniapp_url: None,
            admin_url: None,
            bot_username: None,
            verify_cookie: None,
            local_hosts_only: false,
            direct_bootstrap_only: false,
            is_development: false,
            expected_bot: None,
            test_bot: None,
            request_timeout: Duration::from_secs(30),
        }
    }
}

/// Flag of a server that is stopping: it finishes running requests and is no longer ready.
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
