//! Starts, runs and stops a server from its configuration.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use divan_core::init_data::{BotToken, Verifier};
use divan_core::passkey::RelyingParty;
use divan_core::password::Argon2idHasher;
use divan_core::service::{AuthService, BootstrapPolicy};
use divan_core::store::Store;
use divan_core::types::Audience;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::{Config, SessionsConfig, are_local, is_local};
use crate::database::{Database, DatabaseError};
use crate::dependencies::{Buckets, Dependencies, MissingDependencies};
use crate::error_chain::error_chain;
#[cfg(feature = "rabbitmq")]
use crate::event_publisher::EventPublisher;
use crate::notifications::Notifier;
use crate::readiness::Readiness;
use crate::router::{metrics_router, router};
use crate::serve::{Limits, Timeouts, serve};
use crate::state::{AppState, HttpOptions, PoolStateFn, StrictTransport};
use crate::webhooks::{HttpTransport, WebhookSender};

/// A server with its listener and its database, ready to run.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    database: Database,
    state: AppState,
    timeouts: Timeouts,
    sessions: SessionsConfig,
    retention: Option<Duration>,
    notifier: Option<Notifier>,
    #[cfg(feature = "rabbitmq")]
    publisher: Option<EventPublisher>,
    webhooks: Option<WebhookSender>,
    metrics: Option<TcpListener>,
}

/// Maximum time in which messages that are being sent are completed after the stop.
const NOTIFIER_STOP: Duration = Duration::from_secs(12);

/// Maximum time in which events that are being published are completed after the stop.
#[cfg(feature = "rabbitmq")]
const PUBLISHER_STOP: Duration = Duration::from_secs(5);
/// Maximum time in which events that are being sent to webhooks are completed after that.
const WEBHOOKS_STOP: Duration = Duration::from_secs(5);

/// Maximum of concurrent connections to `/metrics`: enough for scrapers, too few to exhaust the
/// sockets of the main listener.
const METRICS_CONNECTIONS: usize = 16;

/// Interval between purges of old sessions and audit events.
const PURGE_EVERY: Duration = Duration::from_hours(1);

/// A startup failure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The server cannot listen on the address.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: String,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A required dependency cannot be used.
    #[error(transparent)]
    Dependency(#[from] MissingDependencies),
}

/// Treatment of a database whose schema is older than the program's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Migrations {
    /// Migrates it.
    Run,
    /// Refuses to serve it.
    Require,
}

impl Server {
    /// Opens the database and builds the service.
    ///
    /// # Errors
    /// [`StartError::Database`], [`StartError::Dependency`].
    pub async fn new(
        listener: TcpListener,
        config: &Config,
        migrations: Migrations,
    ) -> Result<Self, StartError> {
        let database = Database::connect(config).await?;
        match migrations {
            Migrations::Run => database.migrate().await?,
            Migrations::Require => database.require_current().await?,
        }
        let dependencies = Dependencies::new(&config.infra, &config.required, Buckets::Create);
        dependencies.require().await?;
        let service = service(config, database.store());
        let http = HttpOptions {
            allowed_origins: origins(config),
            allowed_headers: headers(config),
            strict_transport: match config.infra.http.hsts_subdomains {
                _ if !config.addresses.are_https() => StrictTransport::Off,
                true => StrictTransport::Subdomains,
                false => StrictTransport::Host,
            },
            docs: config.docs,
            pages: config.pages,
            is_development: config.development.is_some(),
            expected_bot: config
                .development
                .as_ref()
                .and_then(|_| Some(config.bot_token.as_ref()?.bot_id())),
            miniapp_url: Some(config.addresses.miniapp.clone()),
            admin_url: Some(config.addresses.admin.clone()),
            verify_cookie: config.verify_cookie.clone(),
            bot_username: config.infra.telegram.bot_username.clone(),
            local_hosts_only: config
                .development
                .as_ref()
                .is_some_and(|development| !development.is_exposed()),
            direct_bootstrap_only: matches!(config.bootstrap, BootstrapPolicy::OpenToAnyone),
            trusted_proxies: config.infra.http.trusted_proxies.clone(),
            test_bot: test_bot(config, &listener),
            ..HttpOptions::default()
        };
        let readiness = Readiness::new(&service, dependencies.required, dependencies.optional);
        let pool = database.clone();
        let pool_state: PoolStateFn = Box::new(move || pool.connections());
        let timeouts = Timeouts {
            drain: config.drain,
            ..Timeouts::default()
        };
        Ok(Self {
            listener,
            timeouts,
            sessions: config.sessions,
            retention: config.events.retention,
            notifier: notifier(config, &service),
            #[cfg(feature = "rabbitmq")]
            publisher: EventPublisher::from_config(config, service.clone()),
            webhooks: WebhookSender::new(service.clone()),
            state: AppState::with_readiness(service, http, Some(pool_state), readiness),
            database,
            metrics: None,
        })
    }

    /// Serves `/metrics` on a separate listener, in the text format of Prometheus. It shows the
    /// server's load, so expose it to the operator's network only. Default: not served.
    #[must_use]
    pub fn metrics(mut self, listener: TcpListener) -> Self {
        self.metrics = Some(listener);
        self
    }

    /// The service behind the HTTP interface.
    pub fn service(&self) -> &AuthService {
        self.state.service()
    }

    /// Serves until `stop` completes. Then readiness returns 503 while requests are accepted for
    /// `DIVAN_DRAIN_SECONDS` more, so that a load balancer notices; running requests finish, and the
    /// database closes.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) {
        let draining = self.state.draining().clone();
        let (stopping, stopped) = watch::channel(false);
        let stop = async {
            stop.await;
            draining.start();
            let _ = stopping.send(true);
        };
        #[cfg(feature = "rabbitmq")]
        let publisher = self
            .publisher
            .map(|publisher| tokio::spawn(publisher.run(stopped.clone())));
        let webhooks = self
            .webhooks
            .map(|webhooks| tokio::spawn(webhooks.run(stopped.clone())));
        let notifier = self.notifier.map(|n| tokio::spawn(n.run(stopped)));
        let service = self.state.service().clone();
        let purge = tokio::spawn(purge(service, self.sessions, self.retention));
        // Creates the bucket and logs missing dependencies without waiting for a request.
        let state = self.state.clone();
        let watcher = tokio::spawn(async move { state.readiness().watch().await });
        let metrics = self.metrics.map(|listener| {
            let address = listener.local_addr();
            let is_loopback = address.is_ok_and(|address| address.ip().is_loopback());
            let router = metrics_router(self.state.clone(), is_loopback);
            let limits = Limits {
                total: METRICS_CONNECTIONS,
                per_address: METRICS_CONNECTIONS,
                trusted_proxies: Vec::new(),
            };
            let stop = std::future::pending();
            tokio::spawn(serve(listener, router, self.timeouts, limits, stop))
        });
        let limits = Limits::of_process(self.state.http().trusted_proxies.clone());
        serve(
            self.listener,
            router(self.state),
            self.timeouts,
            limits,
            stop,
        )
        .await;
        finish(notifier, NOTIFIER_STOP).await;
        #[cfg(feature = "rabbitmq")]
        finish(publisher, PUBLISHER_STOP).await;
        finish(webhooks, WEBHOOKS_STOP).await;
        purge.abort();
        watcher.abort();
        metrics.inspect(JoinHandle::abort);
        self.database.close().await;
    }
}

/// Waits for a task that completes what it has begun, and ends it after a time.
async fn finish(task: Option<JoinHandle<()>>, patience: Duration) {
    if let Some(mut task) = task
        && tokio::time::timeout(patience, &mut task).await.is_err()
    {
        task.abort();
    }
}

/// Purges now and at every interval. Several servers on one database may do so concurrently.
async fn purge(service: AuthService, sessions: SessionsConfig, events: Option<Duration>) {
    let mut ticks = tokio::time::interval(PURGE_EVERY);
    loop {
        ticks.tick().await;
        match service.purge_sessions(sessions.retention).await {
            Ok(0) => {}
            Ok(purged) => tracing::info!(purged, "purged old sessions"),
            Err(error) => {
                tracing::warn!(%error, "cannot purge sessions, next attempt in an hour");
            }
        }
        match service.purge_audit(sessions.audit_retention).await {
            Ok(0) => {}
            Ok(purged) => tracing::info!(purged, "purged old audit events"),
            Err(error) => {
                tracing::warn!(%error, "cannot purge audit events, next attempt in an hour");
            }
        }
        if let Err(error) = service.purge_messages().await {
            tracing::warn!(%error, "cannot purge messages, next attempt in an hour");
        }
        // Without a retention, earlier events are deleted.
        if let Err(error) = service.purge_events(events.unwrap_or_default()).await {
            tracing::warn!(%error, "cannot purge events, next attempt in an hour");
        }
        if let Err(error) = service.purge_attempts().await {
            tracing::warn!(%error, "cannot purge failed attempts, next attempt in an hour");
        }
    }
}

/// Builds the sender of messages, if they are on. The server also runs without it.
fn notifier(config: &Config, service: &AuthService) -> Option<Notifier> {
    match Notifier::from_config(config, service.clone()) {
        Ok(notifier) => notifier,
        Err(error) => {
            let error = error_chain(&error);
            tracing::error!(error, "cannot send messages to users");
            None
        }
    }
}

/// Builds the service that a configuration describes.
pub(crate) fn service(config: &Config, store: Arc<dyn Store>) -> AuthService {
    let builder = AuthService::builder(
        store,
        &config.secret_key,
        &config.addresses.issuer,
        config.addresses.audiences.clone(),
    )
    .token_keys(config.token_keys.clone())
    .bootstrap(config.bootstrap.clone())
    .admin_second_factor(config.admin_second_factor)
    .admin_approval(config.admin_approval)
    .messages(config.notifications)
    .events(config.events.retention.is_some())
    .webhooks(
        config.webhook_targets.clone(),
        Arc::new(HttpTransport::new(config.webhook_targets.clone())),
    )
    .auto_login_max_age(config.init_data_ages.auto_login)
    .region(config.region)
    .blocklist(config.blocklist.clone())
    .session_life(Audience::MiniApp, config.sessions.miniapp)
    .session_life(Audience::Admin, config.sessions.admin)
    .hasher(Arc::new(Argon2idHasher::new(config.argon2id.clone())));
    let builder = match &config.previous_secret_key {
        Some(previous) => builder.previous_key(previous),
        None => builder,
    };
    // Browsers have no passkeys for other addresses.
    let builder = match RelyingParty::new(config.addresses.admin.as_str()) {
        Ok(party) => builder.passkeys(party),
        Err(_) => builder,
    };
    match verifier(config) {
        Some(verifier) => builder.telegram_verifier(verifier).build(),
        None => builder.build(),
    }
}

/// Returns the generated bot of development mode, if only programs on this machine reach the server. Init
/// data that this server signs must never be that of a person.
fn test_bot(config: &Config, listener: &TcpListener) -> Option<BotToken> {
    let development = config.development.as_ref()?;
    let urls = [&config.addresses.miniapp, &config.addresses.admin];
    let is_private = !development.is_exposed()
        && listener.local_addr().ok()?.ip().is_loopback()
        && urls.into_iter().all(is_local)
        && are_local(&config.infra.http.dev_origins);
    let is_generated = config.infra.telegram.bot_token.is_none();
    config
        .bot_token
        .clone()
        .filter(|_| is_private && is_generated)
}

/// Builds the verifier of init data for all configured bots.
fn verifier(config: &Config) -> Option<Verifier> {
    let mut tokens = config.bot_tokens().cloned();
    let first = Verifier::new(tokens.next()?, config.init_data_ages.sign_in);
    Some(tokens.fold(first, Verifier::or))
}

fn headers(config: &Config) -> Vec<HeaderName> {
    let names = config.infra.http.cors_headers.iter();
    names.filter_map(|name| name.parse().ok()).collect()
}

fn origins(config: &Config) -> Vec<HeaderValue> {
    let public = config.addresses.origins();
    public
        .iter()
        .chain(&config.infra.http.dev_origins)
        .filter_map(|origin| HeaderValue::from_str(origin).ok())
        .collect()
}
