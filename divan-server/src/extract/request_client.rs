use std::net::IpAddr;

use axum::http::HeaderValue;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use divan_core::service::ClientInfo;

use super::client_address::{X_FORWARDED_FOR, client_address, is_private};
use crate::state::AppState;

/// The address at the other end of the connection; an extension of every request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The id of the request; an extension of every request.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) HeaderValue);

/// Returns the client of the request: device, address and request id.
pub(super) fn request_client(parts: &Parts, state: &AppState) -> ClientInfo {
    let mut client = ClientInfo::unknown();
    // Browsers send ASCII; other bytes become replacement characters.
    if let Some(agent) = parts.headers.get(USER_AGENT) {
        client = client.device(&String::from_utf8_lossy(agent.as_bytes()));
    }
    let id = parts.extensions.get::<RequestId>();
    if let Some(id) = id.and_then(|RequestId(id)| id.to_str().ok()) {
        client = client.request_id(id);
    }
    if let Some(&Peer(peer)) = parts.extensions.get() {
        let options = state.http();
        let trusted = &options.trusted_proxies;
        let is_trusted = options.is_trusted_proxy(peer);
        // Probably a proxy that is not configured: all users would share its address.
        let is_proxy =
            !is_trusted && is_private(peer) && parts.headers.contains_key(X_FORWARDED_FOR);
        if is_proxy && trusted.is_empty() {
            state.warn_of_proxy(peer);
        }
        let address = client_address(peer, &parts.headers, trusted);
        client = client.address(address);
        if is_proxy || (options.is_development && address.is_loopback()) {
            client = client.without_address_limits();
        }
    }
    client
}
