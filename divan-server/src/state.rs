use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::FromRef;
use axum::http::HeaderValue;
use divan_core::service::AuthService;

/// What the handlers share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AppState {
    parts: Arc<Parts>,
}

#[derive(Debug)]
struct Parts {
    service: AuthService,
    http: Arc<HttpOptions>,
    draining: Draining,
}

impl AppState {
    /// The state of a server over this service.
    pub fn new(service: AuthService, http: HttpOptions) -> Self {
        let parts = Parts { service, http: Arc::new(http), draining: Draining::default() };
        Self { parts: Arc::new(parts) }
    }

    pub(crate) fn service(&self) -> &AuthService {
        &self.parts.service
    }

    pub(crate) fn http(&self) -> &Arc<HttpOptions> {
        &self.parts.http
    }

    pub(crate) fn draining(&self) -> &Draining {
        &self.parts.draining
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
    /// The origins whose pages may call the server: those of the Mini App and the admin panel. A `*` names nobody and is
    /// passed over. Default: none.
    pub allowed_origins: Vec<HeaderValue>,
    /// Whether to tell browsers to come back by https only. Default: no.
    pub strict_transport: bool,
    /// Whether to serve `/docs` and `/openapi.json`. Default: yes.
    pub docs: bool,
    /// How long a request may take, from the first byte of its body to the answer. Default: 30 seconds.
    pub request_timeout: Duration,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            allowed_origins: Vec::new(),
            strict_transport: false,
            docs: true,
            request_timeout: Duration::from_secs(30),
        }
    }
}

/// Whether the server is about to stop: it finishes what it has and wants nothing new.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draining(Arc<AtomicBool>);

impl Draining {
    pub(crate) fn start(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub(crate) fn has_started(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
