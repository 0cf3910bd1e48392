use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::ClientBuilder;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

use crate::Error;
use crate::base_url::BaseUrl;

const USER_AGENT: &str = concat!("divan-client/", env!("CARGO_PKG_VERSION"));

/// The HTTP client of those who bring none of their own.
pub(crate) fn default_client(
    base: &BaseUrl,
    connect_timeout: Duration,
) -> Result<reqwest::Client, Error> {
    let http = settings(base, connect_timeout)?.build();
    http.map_err(|cause| Error::setup_failed("the HTTP client cannot be set up", cause))
}

fn settings(base: &BaseUrl, connect_timeout: Duration) -> Result<ClientBuilder, Error> {
    let tls = tls(base).map_err(|cause| Error::setup_failed("TLS cannot be set up", cause))?;
    let mut http = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(connect_timeout)
        .redirect(reqwest::redirect::Policy::none())
        // By itself it sends again what an HTTP/2 server refuses while it stops, a sign-in too.
        .retry(reqwest::retry::never())
        .tls_backend_preconfigured(tls);
    if base.is_loopback() {
        // The loopback of a proxy is another machine, and plain HTTP would show it the password.
        http = http.no_proxy();
    }
    if let Some(name) = base.loopback_name() {
        // A resolver that does not know RFC 6761 would ask the network about `divan.localhost`, and
        // believe it. Port 0 stands for the port of the URL.
        let loopback = [
            SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            (Ipv6Addr::LOCALHOST, 0).into(),
        ];
        http = http.resolve_to_addrs(name, &loopback);
    }
    Ok(http)
}

fn tls(base: &BaseUrl) -> Result<ClientConfig, rustls::Error> {
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?;
    // Plain HTTP trusts nobody: it must work in a container without certificates.
    let tls = if base.is_https() {
        tls.with_platform_verifier()?
    } else {
        tls.with_root_certificates(RootCertStore::empty())
    };
    let mut tls = tls.with_no_client_auth();
    // reqwest names its protocols only to a configuration that it makes itself.
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(tls)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::base_url::PlainHttp;

    const SETTINGS: u8 = 4;
    const HEADERS: u8 = 1;
    const ACKNOWLEDGED: u8 = 1;

    /// Speaks as much HTTP/2 (RFC 9113) as it takes to refuse the streams of a connection, and
    /// counts them.
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
    async fn what_http_2_refuses_is_not_sent_again_behind_our_back() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap());
        let server =
            tokio::spawn(async move { refuse_streams(listener.accept().await.unwrap().0).await });

        let base = BaseUrl::parse(&uri, PlainHttp::Loopback).unwrap();
        let settings = settings(&base, Duration::from_secs(10)).unwrap();
        let http = settings.http2_prior_knowledge().build().unwrap();
        assert!(http.post(&uri).body("a password").send().await.is_err());
        drop(http);
        assert_eq!(server.await.unwrap(), 1);
    }
}
