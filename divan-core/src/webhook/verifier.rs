use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::Mac;

use super::{VERSION, WEBHOOK_ID, WEBHOOK_SIGNATURE, WEBHOOK_TIMESTAMP, WebhookSecret};
use crate::clock::{Clock, SystemClock};

/// Verifies that requests were signed with the secret of a webhook, a short time ago.
///
/// An event may arrive more than once, also within the tolerance: compare the returned id with those that
/// you have processed.
#[derive(Clone, Debug)]
pub struct WebhookVerifier {
    secrets: Vec<WebhookSecret>,
    tolerance: Duration,
    clock: Arc<dyn Clock>,
}

/// The reason why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// A header is missing or not in its form.
    #[error("the header `{0}` is missing or invalid")]
    Header(&'static str),
    /// The request was sent too long ago, or the clocks differ too much.
    #[error("`webhook-timestamp` differs too much from the current time")]
    Timestamp,
    /// No signature matches: the secret differs, or the request was changed.
    #[error("no signature of `webhook-signature` matches")]
    Signature,
}

impl WebhookVerifier {
    /// Creates a verifier for requests that are signed with this secret.
    pub fn new(secret: WebhookSecret) -> Self {
        Self {
            secrets: vec![secret],
            tolerance: Duration::from_mins(5),
            clock: Arc::new(SystemClock),
        }
    }

    /// Also accepts requests that are signed with another secret.
    #[must_use]
    pub fn or(mut self, secret: WebhookSecret) -> Self {
        self.secrets.push(secret);
        self
    }

    /// Maximum difference between the time of the request and the current time. Default: 5 minutes.
    #[must_use]
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Clock with which the time of a request is compared. Default: [`SystemClock`].
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Verifies a request, and returns the id of its event. `header` returns the value of the header with
    /// this name in lower case. `body` is the body as it was received: verify it before you parse it.
    ///
    /// # Errors
    /// [`WebhookError`]. Respond with a status of 400 or 401, so that the sender repeats the request.
    pub fn verify<'a>(
        &self,
        header: impl Fn(&'static str) -> Option<&'a str>,
        body: &[u8],
    ) -> Result<&'a str, WebhookError> {
        let required = |name| header(name).ok_or(WebhookError::Header(name));
        let id = required(WEBHOOK_ID)?;
        // A dot would make it ambiguous where the id ends.
        if id.is_empty() || id.contains('.') {
            return Err(WebhookError::Header(WEBHOOK_ID));
        }
        let timestamp = required(WEBHOOK_TIMESTAMP)?;
        let invalid_timestamp = WebhookError::Header(WEBHOOK_TIMESTAMP);
        let sent: u64 = timestamp.parse().map_err(|_| invalid_timestamp)?;
        if self.clock.unix_seconds().abs_diff(sent) > self.tolerance.as_secs() {
            return Err(WebhookError::Timestamp);
        }
        let signatures = required(WEBHOOK_SIGNATURE)?;
        let is_signed = self.secrets.iter().any(|secret| {
            let mac = secret.mac(id, timestamp, body);
            codes(signatures).any(|code| mac.clone().verify_slice(&code).is_ok())
        });
        is_signed.then_some(id).ok_or(WebhookError::Signature)
    }
}

/// Returns the codes of the version that is verified; others are ignored.
fn codes(signatures: &str) -> impl Iterator<Item = Vec<u8>> {
    let codes = signatures
        .split(' ')
        .filter_map(|s| s.strip_prefix(VERSION));
    codes.filter_map(|code| STANDARD.decode(code).ok())
}
