#[cfg(feature = "qdrant")]
mod client;
#[cfg(feature = "qdrant")]
mod error;
#[cfg(feature = "qdrant")]
mod probe;
mod section;

#[cfg(feature = "qdrant")]
pub use probe::QdrantProbe;

use url::Url;

use crate::secret::Secret;

/// Addresses and API key of a Qdrant server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct QdrantConfig {
    /// Address of the REST API: `http://localhost:6333`.
    pub rest: Url,
    /// Address of the gRPC API: `http://localhost:6334`.
    pub grpc: Url,
    /// API key, if the server needs one.
    pub api_key: Option<Secret>,
}

impl QdrantConfig {
    /// Creates the configuration of a server without an API key.
    pub fn new(rest: Url, grpc: Url) -> Self {
        Self {
            rest,
            grpc,
            api_key: None,
        }
    }
}
