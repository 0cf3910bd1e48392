use std::fmt;
use std::net::IpAddr;

use super::InvalidDatabaseUrl;
use crate::percent;

const DEFAULT_PORT: u16 = 5432;

/// Address of one PostgreSQL server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostPort {
    /// Host name, IP address, or folder of a Unix socket (starts with `/`).
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl HostPort {
    /// Returns `true` for the folder of a Unix socket and for names and addresses of this machine.
    pub(super) fn is_this_machine(&self) -> bool {
        let name = self.host.to_ascii_lowercase();
        self.host.starts_with('/')
            || name == "localhost"
            || name.ends_with(".localhost")
            || self
                .host
                .parse()
                .is_ok_and(|ip: IpAddr| ip.to_canonical().is_loopback())
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Parses the hosts between `@` and `/`, which are separated by commas.
pub(super) fn of_authority(text: &str) -> Result<Vec<HostPort>, InvalidDatabaseUrl> {
    text.split(',')
        .map(|address| {
            let (host, port) = split(address)?;
            Ok(HostPort {
                host: or_localhost(percent::decode(host)?),
                port: port.unwrap_or(DEFAULT_PORT),
            })
        })
        .collect()
}

/// The parameters `host` and `port`, which replace the hosts of the authority: libpq separates several
/// by commas, SQLAlchemy repeats `host=name:port`.
#[derive(Debug, Default)]
pub(super) struct HostParameters {
    hosts: Vec<(String, Option<u16>)>,
    ports: Vec<u16>,
}

impl HostParameters {
    pub(super) fn add_hosts(&mut self, value: &str) -> Result<(), InvalidDatabaseUrl> {
        const INVALID: InvalidDatabaseUrl = InvalidDatabaseUrl::ParameterValue("host");
        for address in value.split(',') {
            let is_whole = address.starts_with('/') || address.parse::<IpAddr>().is_ok();
            let (host, port) = if is_whole {
                (address, None)
            } else {
                split(address).map_err(|_| INVALID)?
            };
            self.hosts.push((or_localhost(host.to_owned()), port));
        }
        Ok(())
    }

    pub(super) fn add_ports(&mut self, value: &str) -> Result<(), InvalidDatabaseUrl> {
        const INVALID: InvalidDatabaseUrl = InvalidDatabaseUrl::ParameterValue("port");
        for port in value.split(',') {
            self.ports.push(port.parse().map_err(|_| INVALID)?);
        }
        Ok(())
    }

    /// Applies the parameters to the hosts of the authority.
    pub(super) fn apply(self, hosts: &mut Vec<HostPort>) -> Result<(), InvalidDatabaseUrl> {
        let Self {
            hosts: named,
            ports,
        } = self;
        if !named.is_empty() {
            *hosts = named
                .into_iter()
                .map(|(host, port)| HostPort {
                    host,
                    port: port.unwrap_or(DEFAULT_PORT),
                })
                .collect();
        }
        match ports.as_slice() {
            [] => {}
            [port] => hosts.iter_mut().for_each(|host| host.port = *port),
            ports if ports.len() == hosts.len() => {
                for (host, port) in hosts.iter_mut().zip(ports) {
                    host.port = *port;
                }
            }
            _ => return Err(InvalidDatabaseUrl::ParameterValue("port")),
        }
        Ok(())
    }
}

/// Splits a host, in brackets if it is an IPv6 address, and a port.
fn split(address: &str) -> Result<(&str, Option<u16>), InvalidDatabaseUrl> {
    let (host, port) = if let Some(rest) = address.strip_prefix('[') {
        let (host, port) = rest.split_once(']').ok_or(InvalidDatabaseUrl::Authority)?;
        match port.strip_prefix(':') {
            Some(port) => (host, port),
            None if port.is_empty() => (host, ""),
            None => return Err(InvalidDatabaseUrl::Authority),
        }
    } else {
        address.split_once(':').unwrap_or((address, ""))
    };
    let port = match port {
        "" => None,
        port => Some(port.parse().map_err(|_| InvalidDatabaseUrl::Authority)?),
    };
    Ok((host, port))
}

fn or_localhost(host: String) -> String {
    if host.is_empty() {
        "localhost".to_owned()
    } else {
        host
    }
}
