use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use qdrant_client::Qdrant;
use reqwest::header::{HeaderMap, HeaderValue};
use url::Url;

use super::client::INVALID_KEY;
use super::{QdrantConfig, error};
use crate::infra::DependencyKind;
use crate::infra::network::CONNECT_TIMEOUT;
use crate::infra::probe::{Probe, ProbeError};
use crate::tls;

/// Requests `/readyz` over REST, and then the collections over gRPC, which needs the API key.
///
/// A dead connection is only detected by a missing response. Therefore the probe after a cancelled
/// one uses a new connection.
#[derive(Clone)]
pub struct QdrantProbe {
    config: QdrantConfig,
    client: Arc<Mutex<Qdrant>>,
    http: reqwest::Client,
    ready: Url,
}

impl QdrantConfig {
    /// Creates a probe that uses REST and this client, until a request is cancelled.
    ///
    /// # Errors
    /// [`ProbeError::Misconfigured`] if the key is invalid, or the trusted certificates of this
    /// machine cannot be read.
    pub fn probe(&self, client: &Qdrant) -> Result<QdrantProbe, ProbeError> {
        let mut ready = self.rest.clone();
        if let Ok(mut path) = ready.path_segments_mut() {
            path.pop_if_empty().push("readyz");
        }
        let client = Arc::new(Mutex::new(client.clone()));
        Ok(QdrantProbe {
            config: self.clone(),
            client,
            http: self.http()?,
            ready,
        })
    }

    fn http(&self) -> Result<reqwest::Client, ProbeError> {
        const NO_CERTIFICATES: &str = "the certificates that this machine trusts cannot be read: on Debian, install `ca-certificates`";
        let mut headers = HeaderMap::new();
        if let Some(key) = &self.api_key {
            let invalid_key = |_| ProbeError::Misconfigured(INVALID_KEY, None);
            let mut key = HeaderValue::from_str(key.expose()).map_err(invalid_key)?;
            key.set_sensitive(true);
            headers.insert("api-key", key);
        }
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .default_headers(headers)
            .redirect(reqwest::redirect::Policy::none())
            // The gRPC client does not use a proxy either.
            .no_proxy();
        let no_trust =
            |error: rustls::Error| ProbeError::Misconfigured(NO_CERTIFICATES, Some(error.into()));
        let tls = tls::client_config(self.rest.scheme() == "https").map_err(no_trust)?;
        http.tls_backend_preconfigured(tls)
            .build()
            .map_err(|error| ProbeError::Failed(error.into()))
    }
}

// The client's `Debug` contains the API key.
redacted_debug!(QdrantProbe {});

#[async_trait]
impl Probe for QdrantProbe {
    fn name(&self) -> &'static str {
        DependencyKind::Qdrant.as_str()
    }

    async fn probe(&self) -> Result<(), ProbeError> {
        let response = self
            .http
            .get(self.ready.clone())
            .send()
            .await
            .map_err(error::rest)?;
        error::status(response)?;
        let client = self
            .client
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let pending = ReplaceClientOnDrop(self);
        let collections = client.list_collections().await;
        std::mem::forget(pending);
        collections.map(|_| ()).map_err(error::grpc)
    }
}

/// A pending gRPC request. Dropping it replaces the client, which would keep a dead connection when
/// its requests are cancelled.
struct ReplaceClientOnDrop<'p>(&'p QdrantProbe);

impl Drop for ReplaceClientOnDrop<'_> {
    fn drop(&mut self) {
        if let Ok(client) = self.0.config.client() {
            *self.0.client.lock().unwrap_or_else(PoisonError::into_inner) = client;
        }
    }
}
