use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use url::Url;

use super::{WEBHOOK_ID, WEBHOOK_SIGNATURE, WEBHOOK_TIMESTAMP};

/// Sends requests of webhooks. The program that embeds the service chooses the HTTP client.
///
/// An implementation keeps the rules of [`WebhookTargets`](super::target::WebhookTargets). It follows no
/// redirect, limits the time and the size of the response, and drops the body.
#[async_trait]
pub trait WebhookTransport: Debug + Send + Sync {
    /// Sends a request with the method `POST`, and returns the response with any status.
    ///
    /// # Errors
    /// [`WebhookFailure`] if there is no response.
    async fn send(&self, request: &WebhookRequest) -> Result<WebhookResponse, WebhookFailure>;
}

/// A signed request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebhookRequest {
    /// The URL of the webhook.
    pub url: Url,
    /// The id of the event.
    pub id: String,
    /// The time of the attempt, in seconds since the Unix epoch.
    pub timestamp: u64,
    /// The signatures.
    pub signature: String,
    /// The event as JSON.
    pub body: Vec<u8>,
}

impl WebhookRequest {
    /// Creates a request.
    pub fn new(url: Url, id: String, timestamp: u64, signature: String, body: Vec<u8>) -> Self {
        Self {
            url,
            id,
            timestamp,
            signature,
            body,
        }
    }

    /// Returns the headers of the request, without `content-type: application/json`.
    pub fn headers(&self) -> [(&'static str, String); 3] {
        [
            (WEBHOOK_ID, self.id.clone()),
            (WEBHOOK_TIMESTAMP, self.timestamp.to_string()),
            (WEBHOOK_SIGNATURE, self.signature.clone()),
        ]
    }
}

/// The response of a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebhookResponse {
    /// The HTTP status.
    pub status: u16,
    /// The wait that the header `Retry-After` asks for.
    pub retry_after: Option<Duration>,
}

impl WebhookResponse {
    /// Creates a response.
    pub fn new(status: u16, retry_after: Option<Duration>) -> Self {
        Self {
            status,
            retry_after,
        }
    }
}

named_enum! {
    /// The reason why a receiver did not respond.
    pub enum WebhookFailure {
        /// It did not respond in time.
        Timeout = "timeout",
        /// The connection was not established, or was closed before the response.
        Connection = "connection",
        /// The name of the host has no address.
        Dns = "dns",
        /// The certificate is not trusted, or the receiver does not use TLS.
        Tls = "tls",
        /// The address is neither public nor in an allowed network.
        AddressNotAllowed = "address_not_allowed",
    }
}
