use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use divan_core::clock::{Clock, SystemClock};
use divan_core::tls;
use divan_core::webhook::target::WebhookTargets;
use divan_core::webhook::{WebhookFailure, WebhookRequest, WebhookResponse, WebhookTransport};
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response};
use url::Url;

use super::resolver::{AddressNotAllowed, GuardedResolver, Lookup, NoAddress, system_lookup};
use crate::http_client::{NoHttpClient, guarded_client};

/// Maximum duration of an attempt, from the name of the host to the end of the response.
pub(crate) const ATTEMPT: Duration = Duration::from_secs(15);

/// Maximum size of a response that is read, so that the connection can be used again.
const MAX_BODY_BYTES: usize = 4 * 1024;

/// Maximum number of clients that are kept. There are fewer webhooks.
const MAX_CLIENTS: usize = 32;

/// Sends requests to allowed addresses: without proxies, redirects and cookies.
pub(crate) struct HttpTransport {
    targets: WebhookTargets,
    lookup: Lookup,
    timeout: Duration,
    /// One client for each URL, with the connections to it.
    clients: Mutex<HashMap<Url, Client>>,
}

impl HttpTransport {
    pub(crate) fn new(targets: WebhookTargets) -> Self {
        Self::with_lookup(targets, system_lookup(), ATTEMPT)
    }

    pub(super) fn with_lookup(targets: WebhookTargets, lookup: Lookup, timeout: Duration) -> Self {
        Self {
            targets,
            lookup,
            timeout,
            clients: Mutex::default(),
        }
    }

    fn client(&self, url: &Url) -> Result<Client, NoHttpClient> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(url) {
            return Ok(client.clone());
        }
        let lookup = self.lookup.clone();
        let resolver = GuardedResolver::new(self.targets.clone(), url.clone(), lookup);
        let client = guarded_client(url, resolver, self.timeout)?;
        if clients.len() >= MAX_CLIENTS {
            clients.clear();
        }
        clients.insert(url.clone(), client.clone());
        Ok(client)
    }
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransport")
            .field("targets", &self.targets)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl WebhookTransport for HttpTransport {
    async fn send(&self, request: &WebhookRequest) -> Result<WebhookResponse, WebhookFailure> {
        // The client does not resolve a host that is an address, and the allowed networks may have changed.
        if self.targets.parse(request.url.as_str()).is_err() {
            return Err(WebhookFailure::AddressNotAllowed);
        }
        let client = self.client(&request.url).map_err(|error| failure(&error))?;
        let mut sending = client
            .post(request.url.clone())
            .header(CONTENT_TYPE, "application/json");
        for (name, value) in request.headers() {
            sending = sending.header(name, value);
        }
        let sent = sending.body(request.body.clone()).send().await;
        let response = sent.map_err(|error| failure(&error))?;
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers(), SystemClock.now());
        drop_body(response).await;
        Ok(WebhookResponse::new(status, retry_after))
    }
}

/// Reads the start of a body. A short one leaves the connection usable; otherwise it is closed.
async fn drop_body(mut response: Response) {
    let mut read = 0;
    while read <= MAX_BODY_BYTES
        && let Ok(Some(chunk)) = response.chunk().await
    {
        read += chunk.len();
    }
}

/// Returns the wait that the receiver asks for, in seconds or until a time.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match value.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(value)
            .ok()?
            .duration_since(now)
            .ok(),
    }
}

/// Classifies an error. Its text may contain the URL, and is not used.
fn failure(error: &(dyn Error + 'static)) -> WebhookFailure {
    if has::<AddressNotAllowed>(error) {
        WebhookFailure::AddressNotAllowed
    } else if has::<NoAddress>(error) {
        WebhookFailure::Dns
    } else if tls::is_tls_error(error) {
        WebhookFailure::Tls
    } else if error
        .downcast_ref::<reqwest::Error>()
        .is_some_and(reqwest::Error::is_timeout)
    {
        WebhookFailure::Timeout
    } else {
        WebhookFailure::Connection
    }
}

/// Returns `true` if this error or one of its sources has the type.
fn has<E: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<E>() {
            return true;
        }
        next = error.source();
    }
    false
}
