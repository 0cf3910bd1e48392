#[cfg(feature = "qdrant")]
mod client;
#[cfg(feature = "qdrant")]
mod fault;
#[cfg(feature = "qdrant")]
mod probe;
mod section;

#[cfg(feature = "qdrant")]
pub use probe::QdrantProbe;

use url::Url;

use crate::secret::Secret;

/// Where a Qdrant server is, and the key that it asks for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct QdrantConfig {
    /// The address of its REST interface: `http://localhost:6333`.
    pub rest: Url,
    /// The address of its gRPC interface: `http://localhost:6334`.
    pub grpc: Url,
    /// The key, where one is asked for.
    pub api_key: Option<Secret>,
}

impl QdrantConfig {
    /// A server at these two addresses that asks for no key.
    pub fn new(rest: Url, grpc: Url) -> Self {
        Self {
            rest,
            grpc,
            api_key: None,
        }
    }
}
