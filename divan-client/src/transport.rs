use std::time::Duration;

use divan_core::api::{Endpoint, Problem};
use divan_core::secret::Secret;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{RequestBuilder, Response};
use tokio::time::Instant;

use crate::base_url::BaseUrl;
use crate::error::{Error, ResponseParts};
use crate::request::Request;
use crate::retry::{Retries, RetryPolicy};

/// Maximum size of a response body in bytes.
const MAX_BODY: usize = 1024 * 1024;

/// Maximum timeout: an [`Instant`] can be moved by this without overflow.
const MAX_TIMEOUT: Duration = Duration::from_hours(24 * 365);

const NO_CONTENT: u16 = 204;

/// Connection to one server, without credentials.
#[derive(Debug)]
pub(crate) struct Transport {
    pub(crate) http: reqwest::Client,
    pub(crate) base_url: BaseUrl,
    pub(crate) timeout: Duration,
    pub(crate) retries: Retries,
}

impl Transport {
    /// Returns the deadline of a call that starts now.
    pub(crate) fn deadline(&self) -> Instant {
        deadline_after(self.timeout)
    }

    /// Sends a request with the default deadline.
    pub(crate) async fn call<E: Endpoint>(
        &self,
        request: &Request<'_, E>,
        credential: Option<&Secret>,
    ) -> Result<E::Response, Error> {
        self.send(request, credential, self.deadline()).await
    }

    /// Sends a request, with retries, until the deadline. `credential` is the one that
    /// [`Endpoint::AUTH`] names.
    pub(crate) async fn send<E: Endpoint>(
        &self,
        request: &Request<'_, E>,
        credential: Option<&Secret>,
        deadline: Instant,
    ) -> Result<E::Response, Error> {
        let policy = RetryPolicy::of::<E>();
        let mut attempt = 1;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Error::timed_out());
            }
            let request = request
                .build(&self.http, &self.base_url, credential)?
                .timeout(self.retries.attempt_timeout(policy, attempt, left));
            let error = match send_once::<E>(request).await {
                Err(error) => error,
                success => return success,
            };
            let left = deadline.saturating_duration_since(Instant::now());
            let Some(delay) = self.retries.delay(policy, attempt, &error, left) else {
                return Err(error);
            };
            tokio::time::sleep(delay).await;
            attempt += 1;
        }
    }
}

pub(crate) fn deadline_after(time: Duration) -> Instant {
    Instant::now() + time.min(MAX_TIMEOUT)
}

async fn send_once<E: Endpoint>(request: RequestBuilder) -> Result<E::Response, Error> {
    let response = request.send().await.map_err(Error::from_send)?;
    let parts = response_parts(&response);
    if parts.status == E::STATUS || E::ACCEPTED == Some(parts.status) {
        let body = if E::STATUS == NO_CONTENT {
            b"null".to_vec()
        } else {
            read_body(parts, response).await?
        };
        serde_json::from_slice(&body).map_err(|error| Error::invalid_body(parts, &error))
    } else if parts.status >= 400 && is_problem(response.headers()) {
        let body = read_body(parts, response).await?;
        let problem: Problem =
            serde_json::from_slice(&body).map_err(|error| Error::invalid_body(parts, &error))?;
        Err(Error::from_problem(parts, problem))
    } else {
        Err(Error::unexpected(
            parts,
            "neither the documented success status nor a problem document",
        ))
    }
}

pub(crate) fn response_parts(response: &Response) -> ResponseParts {
    let retry_after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok());
    ResponseParts {
        status: response.status().as_u16(),
        retry_after: retry_after
            .and_then(|seconds| seconds.parse().ok())
            .map(Duration::from_secs),
    }
}

pub(crate) fn is_problem(headers: &HeaderMap) -> bool {
    let media_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default();
    essence
        .trim()
        .eq_ignore_ascii_case("application/problem+json")
}

pub(crate) async fn read_body(
    parts: ResponseParts,
    mut response: Response,
) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|cause| Error::truncated(parts, cause))?
    {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(Error::unexpected(parts, "larger than 1 MiB"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
