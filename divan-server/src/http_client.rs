//! HTTP client for the Bot API and the server's own public addresses.

use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use url::Url;

const USER_AGENT: &str = concat!("divan-server/", env!("CARGO_PKG_VERSION"));

/// The HTTP client cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be set up")]
pub(crate) struct NoHttpClient(#[source] Box<dyn std::error::Error + Send + Sync>);

/// Creates a client for this URL with a time limit per request; it does not follow redirects.
pub(crate) fn http_client(url: &Url, timeout: Duration) -> Result<reqwest::Client, NoHttpClient> {
    let mut client = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .timeout(timeout)
        .redirect(reqwest::redirect::Policy::none())
        .tls_backend_preconfigured(tls(url).map_err(|error| NoHttpClient(error.into()))?);
    if url.scheme() == "http" {
        // Plain HTTP is used on the own network only; a proxy would see the bot's token.
        client = client.no_proxy();
    }
    client.build().map_err(|error| NoHttpClient(error.into()))
}

/// Builds the TLS configuration, so that no provider is installed process-wide.
fn tls(url: &Url) -> Result<ClientConfig, rustls::Error> {
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?;
    // Plain HTTP must work in a container without certificates.
    let tls = if url.scheme() == "https" {
        tls.with_platform_verifier()?
    } else {
        tls.with_root_certificates(RootCertStore::empty())
    };
    Ok(tls.with_no_client_auth())
}

/// Maximum size of a response body.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// Reads the body of a response; `None` if it exceeds [`MAX_BODY_BYTES`].
pub(crate) async fn bounded_body(
    mut response: reqwest::Response,
) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BODY_BYTES {
            return Ok(None);
        }
    }
    Ok(Some(body))
}
