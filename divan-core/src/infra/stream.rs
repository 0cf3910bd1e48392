//! A connection over TCP, encrypted or not.

use std::io;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::tls::{self, Trust};

/// Both directions of a connection.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

pub(super) type Stream = Box<dyn Duplex>;

/// Connects to the first of the host's addresses that answers.
pub(super) async fn tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The connection as it is, or with TLS around it.
pub(super) async fn wrapped(tcp: TcpStream, host: &str, encrypted: bool) -> io::Result<Stream> {
    if !encrypted {
        return Ok(Box::new(tcp));
    }
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let connector = TlsConnector::from(Arc::new(
        tls::client(Trust::System).map_err(io::Error::other)?,
    ));
    Ok(Box::new(connector.connect(name, tcp).await?))
}
