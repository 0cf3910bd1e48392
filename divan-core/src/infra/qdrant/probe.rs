use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use qdrant_client::Qdrant;
use reqwest::header::{HeaderMap, HeaderValue};
use url::Url;

use super::client::NO_KEY;
use super::{QdrantConfig, fault};
use crate::infra::network::CONNECT_TIMEOUT;
use crate::infra::probe::{Probe, ProbeError};
use crate::infra::tls::{self, Trust};

/// Asks Qdrant over REST whether it is ready, and then over gRPC for its collections, which takes
/// the key.
///
/// A connection that died without a word is only known by what it leaves unanswered: after a probe
/// that was given up, the next one makes a connection of its own.
#[derive(Clone)]
pub struct QdrantProbe {
    config: QdrantConfig,
    client: Arc<Mutex<Qdrant>>,
    http: reqwest::Client,
    ready: Url,
}

impl QdrantConfig {
    /// A probe that asks over this client, until that leaves a question unanswered, and over REST.
    ///
    /// # Errors
    /// [`ProbeError::Misconfigured`] where the key cannot be one, or the certificates that this
    /// machine trusts cannot be read.
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
            let no_key = |_| ProbeError::Misconfigured(NO_KEY, None);
            let mut key = HeaderValue::from_str(key.expose()).map_err(no_key)?;
            key.set_sensitive(true);
            headers.insert("api-key", key);
        }
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .default_headers(headers)
            .redirect(reqwest::redirect::Policy::none())
            // gRPC goes through no proxy either.
            .no_proxy();
        let trust = if self.rest.scheme() == "https" {
            Trust::System
        } else {
            Trust::Nobody
        };
        let no_trust =
            |error: rustls::Error| ProbeError::Misconfigured(NO_CERTIFICATES, Some(error.into()));
        let tls = tls::client(trust).map_err(no_trust)?;
        http.tls_backend_preconfigured(tls)
            .build()
            .map_err(|error| ProbeError::Failed(error.into()))
    }
}

impl fmt::Debug for QdrantProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The client shows its key.
        f.debug_struct("QdrantProbe").finish_non_exhaustive()
    }
}

#[async_trait]
impl Probe for QdrantProbe {
    fn name(&self) -> &'static str {
        "qdrant"
    }

    async fn probe(&self) -> Result<(), ProbeError> {
        let answer = self
            .http
            .get(self.ready.clone())
            .send()
            .await
            .map_err(fault::rest)?;
        fault::status(answer)?;
        let client = self
            .client
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let unanswered = Unanswered(self);
        let answer = client.list_collections().await;
        std::mem::forget(unanswered);
        answer.map(|_| ()).map_err(fault::grpc)
    }
}

/// A question to Qdrant. Dropped before the answer, it has the next one go another way: the client
/// itself would hold on to its connection for as long as nobody waits for the end of a request.
struct Unanswered<'p>(&'p QdrantProbe);

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if let Ok(client) = self.0.config.client() {
            *self.0.client.lock().unwrap_or_else(PoisonError::into_inner) = client;
        }
    }
}
