use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use divan_core::tls;
use reqwest::ClientBuilder;

use crate::base_url::BaseUrl;
use crate::error::Error;

const USER_AGENT: &str = concat!("divan-client/", env!("CARGO_PKG_VERSION"));

/// Creates the HTTP client that is used unless the caller sets one.
pub(crate) fn default_client(
    base: &BaseUrl,
    connect_timeout: Duration,
) -> Result<reqwest::Client, Error> {
    let http = client_builder(base, connect_timeout)?.build();
    http.map_err(|cause| Error::setup_failed("cannot create the HTTP client", cause))
}

fn client_builder(base: &BaseUrl, connect_timeout: Duration) -> Result<ClientBuilder, Error> {
    let mut tls = tls::client_config(base.is_https())
        .map_err(|cause| Error::setup_failed("cannot configure TLS", cause))?;
    // reqwest sets ALPN only in a configuration that it creates itself.
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut http = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(connect_timeout)
        .redirect(reqwest::redirect::Policy::none())
        // By default reqwest resends requests that an HTTP/2 server refuses, including a sign-in.
        .retry(reqwest::retry::never())
        .tls_backend_preconfigured(tls);
    if base.is_loopback() {
        // For a proxy, loopback is another machine, and plain HTTP would reveal the password to it.
        http = http.no_proxy();
    }
    if let Some(name) = base.loopback_name() {
        // A resolver without RFC 6761 would look up `divan.localhost` on the network. Port 0 means
        // the port of the URL.
        let loopback = [
            SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            (Ipv6Addr::LOCALHOST, 0).into(),
        ];
        http = http.resolve_to_addrs(name, &loopback);
    }
    Ok(http)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::base_url::HttpPolicy;

    const SETTINGS: u8 = 4;
    const HEADERS: u8 = 1;
    const ACKNOWLEDGED: u8 = 1;

    /// Speaks just enough HTTP/2 (RFC 9113) to refuse all streams of a connection. Returns their
    /// number.
    async fn refuse_streams(mut stream: TcpStream) -> usize {
        let mut refused = 0;
        stream.read_exact(&mut [0; 24]).await.unwrap();
        stream
            .write_all(&[0, 0, 0, SETTINGS, 0, 0, 0, 0, 0])
            .await
            .unwrap();
        let mut head = [0; 9];
        while stream.read_exact(&mut head).await.is_ok() {
            let length = usize::from(head[1]) << 8 | usize::from(head[2]);
            stream.read_exact(&mut vec![0; length]).await.unwrap();
            if head[3] == SETTINGS && head[4] != ACKNOWLEDGED {
                stream
                    .write_all(&[0, 0, 0, SETTINGS, ACKNOWLEDGED, 0, 0, 0, 0])
                    .await
                    .unwrap();
            } else if head[3] == HEADERS {
                refused += 1;
                // RST_STREAM with the error REFUSED_STREAM.
                let id = &head[5..];
                let reset = [&[0, 0, 4, 3, 0], id, &[0, 0, 0, 7]].concat();
                stream.write_all(&reset).await.unwrap();
            }
        }
        refused
    }

    #[tokio::test]
    async fn requests_refused_by_http_2_are_not_resent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap());
        let server =
            tokio::spawn(async move { refuse_streams(listener.accept().await.unwrap().0).await });

        let base = BaseUrl::parse(&uri, HttpPolicy::LoopbackOnly).unwrap();
        let builder = client_builder(&base, Duration::from_secs(10)).unwrap();
        let http = builder.http2_prior_knowledge().build().unwrap();
        assert!(http.post(&uri).body("a password").send().await.is_err());
        drop(http);
        assert_eq!(server.await.unwrap(), 1);
    }
}
