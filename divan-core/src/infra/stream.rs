//! TCP connections with optional TLS.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::error_sources::find;
use crate::tls;

/// Time limit of a handshake that only tests if the server uses TLS.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(1);

/// A connection that can be read and written.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

pub(super) type Stream = Box<dyn Duplex>;

/// Connects to the first address of the host that accepts.
pub(super) async fn tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Returns `true` if a server responds to a TLS handshake.
pub(super) async fn speaks_tls(host: &str, port: u16) -> bool {
    let handshake = async { with_tls(tcp(host, port).await?, host, true).await };
    match tokio::time::timeout(HANDSHAKE_LIMIT, handshake).await {
        Ok(Ok(_)) => true,
        Ok(Err(error)) => find::<rustls::Error>(&error)
            .is_some_and(|error| !matches!(error, rustls::Error::InvalidMessage(_))),
        Err(_) => false,
    }
}

/// Adds TLS to the connection if it is `encrypted`.
pub(super) async fn with_tls(tcp: TcpStream, host: &str, encrypted: bool) -> io::Result<Stream> {
    if !encrypted {
        return Ok(Box::new(tcp));
    }
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let connector = TlsConnector::from(Arc::new(
        tls::client_config(true).map_err(io::Error::other)?,
    ));
    Ok(Box::new(connector.connect(name, tcp).await?))
}
