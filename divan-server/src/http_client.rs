//! HTTP client for the Bot API and the server's own public URLs.

use std::sync::Arc;
use std::time::Duration;

use divan_core::secret::Secret;
use divan_core::tls;
use reqwest::dns::Resolve;
use url::Url;

const USER_AGENT: &str = concat!("divan-server/", env!("CARGO_PKG_VERSION"));

/// The HTTP client cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be set up")]
pub(crate) struct NoHttpClient(#[source] Box<dyn std::error::Error + Send + Sync>);

/// Creates a client for this URL with a time limit per request; it does not follow redirects.
pub(crate) fn http_client(url: &Url, timeout: Duration) -> Result<reqwest::Client, NoHttpClient> {
    http_client_through(None, url, timeout)
}

/// Creates such a client that uses this proxy.
pub(crate) fn http_client_through(
    proxy: Option<&Secret>,
    url: &Url,
    timeout: Duration,
) -> Result<reqwest::Client, NoHttpClient> {
    let is_https = |url: &str| url.starts_with("https:");
    let needs_roots = is_https(url.as_str()) || proxy.is_some_and(|proxy| is_https(proxy.expose()));
    let tls = tls::client_config(needs_roots).map_err(|error| NoHttpClient(error.into()))?;
    let mut client = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .timeout(timeout)
        .redirect(reqwest::redirect::Policy::none())
        .tls_backend_preconfigured(tls);
    if let Some(proxy) = proxy {
        // The error of an unusable URL may contain its credentials.
        let proxy = reqwest::Proxy::all(proxy.expose())
            .map_err(|_| NoHttpClient("the URL of the proxy cannot be used".into()))?;
        client = client.proxy(proxy);
    } else if url.scheme() == "http" {
        // Plain HTTP is used in the operator's network only; a proxy would see the bot's token.
        client = client.no_proxy();
    }
    client.build().map_err(|error| NoHttpClient(error.into()))
}

/// Creates a client for a URL that others chose: it connects to the addresses of this resolver only, and uses
/// neither proxies nor redirects.
pub(crate) fn guarded_client(
    url: &Url,
    resolver: impl Resolve + 'static,
    timeout: Duration,
) -> Result<reqwest::Client, NoHttpClient> {
    let tls = tls::client_config(url.scheme() == "https");
    let tls = tls.map_err(|error| NoHttpClient(error.into()))?;
    reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .timeout(timeout)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .dns_resolver(Arc::new(resolver))
        .http1_only()
        .tls_backend_preconfigured(tls)
        .build()
        .map_err(|error| NoHttpClient(error.into()))
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

#[cfg(test)]
mod tests {
    use wiremock::matchers::any;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;

    #[tokio::test]
    async fn the_client_of_the_server_follows_no_redirect() {
        let elsewhere = MockServer::start().await;
        let server = MockServer::start().await;
        let moved = ResponseTemplate::new(302).insert_header("location", elsewhere.uri());
        Mock::given(any()).respond_with(moved).mount(&server).await;
        let url: Url = server.uri().parse().unwrap();
        let client = http_client(&url, Duration::from_secs(5)).unwrap();
        assert_eq!(client.get(url).send().await.unwrap().status(), 302);
        assert!(elsewhere.received_requests().await.unwrap().is_empty());
    }
}
