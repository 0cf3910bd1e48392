use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use divan_core::webhook::target::WebhookTargets;
use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Url;

/// Returns the addresses of a name.
pub(super) type Lookup =
    Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// Resolves names as the system does.
pub(super) fn system_lookup() -> Lookup {
    Arc::new(|name| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.collect())
        })
    })
}

/// Resolves the host of a webhook, and refuses the name if one of its addresses is not allowed. The client
/// connects to the returned addresses, and does not resolve the name again.
pub(super) struct GuardedResolver {
    targets: WebhookTargets,
    url: Url,
    lookup: Lookup,
}

/// An address of the host is not allowed.
#[derive(Debug, thiserror::Error)]
#[error("an address of the host is not allowed")]
pub(super) struct AddressNotAllowed;

/// The host has no address.
#[derive(Debug, thiserror::Error)]
#[error("the host has no address")]
pub(super) struct NoAddress;

impl GuardedResolver {
    pub(super) fn new(targets: WebhookTargets, url: Url, lookup: Lookup) -> Self {
        Self {
            targets,
            url,
            lookup,
        }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let found = (self.lookup)(name.as_str().to_owned());
        let (targets, url) = (self.targets.clone(), self.url.clone());
        Box::pin(async move {
            let found = found.await.unwrap_or_default();
            if found.is_empty() {
                return Err(NoAddress.into());
            }
            let is_allowed = |address: &SocketAddr| targets.allows(&url, address.ip());
            if !found.iter().all(is_allowed) {
                return Err(AddressNotAllowed.into());
            }
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}
