//! The client's address: never one that an untrusted peer chose.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderValue};
use ipnet::IpNet;

use crate::client_address::{X_FORWARDED_FOR, client_address};

const PROXIES: [&str; 3] = ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"];
const PEERS: [&str; 6] = [
    "10.0.0.1",
    "::ffff:10.0.0.1",
    "2001:db8::1",
    "192.0.2.8",
    "203.0.113.1",
    "2400::1",
];

/// Fuzzes the headers of a request: each line of the input is one `X-Forwarded-For`. The first byte
/// selects the peer.
pub fn forwarded(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else {
        return;
    };
    let peer: IpAddr = PEERS[usize::from(*first) % PEERS.len()].parse().unwrap();
    let trusted = PROXIES.map(|network| network.parse::<IpNet>().unwrap());
    let is_trusted = |ip: IpAddr| trusted.iter().any(|network| network.contains(&ip));
    let mut headers = HeaderMap::new();
    let mut hops = Vec::new();
    for line in rest.split(|byte| *byte == b'\n') {
        let Ok(value) = HeaderValue::from_bytes(line) else {
            continue;
        };
        hops.extend(line.split(|byte| *byte == b',').map(|hop| parse(hop, line)));
        headers.append(X_FORWARDED_FOR, value);
    }
    let client = client_address(peer, &headers, &trusted);
    assert_eq!(client, expected(peer.to_canonical(), &hops, is_trusted));
    if !is_trusted(peer.to_canonical()) {
        assert_eq!(client, peer, "an untrusted peer is the client");
    }
    assert_eq!(client, client.to_canonical());
}

/// Follows the hops from the last to the first, as long as the next one is known and the current one is
/// trusted.
fn expected(peer: IpAddr, hops: &[Option<IpAddr>], is_trusted: impl Fn(IpAddr) -> bool) -> IpAddr {
    let mut client = peer;
    for hop in hops.iter().rev() {
        match hop {
            Some(hop) if is_trusted(client) => client = *hop,
            _ => break,
        }
    }
    client
}

/// Returns the address of a hop: alone, in brackets, or with a port. Nothing of a line with other
/// characters than visible ASCII is known.
fn parse(hop: &[u8], line: &[u8]) -> Option<IpAddr> {
    let is_visible = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t');
    if !line.iter().all(is_visible) {
        return None;
    }
    let hop = str::from_utf8(hop).ok()?.trim();
    let forms: [Option<IpAddr>; 3] = [
        hop.parse().ok(),
        hop.strip_prefix('[')
            .and_then(|hop| hop.strip_suffix(']'))
            .and_then(|hop| hop.parse().ok()),
        hop.parse().ok().map(|socket: SocketAddr| socket.ip()),
    ];
    forms
        .into_iter()
        .flatten()
        .next()
        .map(|ip| ip.to_canonical())
}
