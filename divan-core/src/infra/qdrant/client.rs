use qdrant_client::Qdrant;

use super::QdrantConfig;
use crate::infra::network::{CONNECT_TIMEOUT, REQUEST_TIMEOUT};
use crate::infra::probe::ProbeError;

impl QdrantConfig {
    /// A client for this server, over gRPC. Nothing is sent before the first request, so the server
    /// need not be there yet.
    ///
    /// A connection may take 5 seconds to be made, an answer 30. Clones share the connection, which
    /// is made again when it breaks. Versions of client and server are not compared: that would
    /// block, and write to the standard output.
    ///
    /// ```no_run
    /// use divan_core::infra::QdrantConfig;
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let rest = "http://localhost:6333".parse()?;
    /// let grpc = "http://localhost:6334".parse()?;
    /// let client = QdrantConfig::new(rest, grpc).client()?;
    /// let collections = client.list_collections().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ProbeError::Misconfigured`] where the key cannot be one, or the address is none for gRPC.
    pub fn client(&self) -> Result<Qdrant, ProbeError> {
        let mut settings = qdrant_client::config::QdrantConfig::from_url(self.grpc.as_str())
            .skip_compatibility_check()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT);
        if let Some(key) = &self.api_key {
            // The client would repeat a key that it cannot send in the message of every error.
            if !key.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(ProbeError::Misconfigured(NO_KEY, None));
            }
            settings.set_api_key(key.expose());
        }
        settings
            .build()
            .map_err(|error| ProbeError::Misconfigured(NO_ADDRESS, Some(error.into())))
    }
}

const NO_ADDRESS: &str =
    "the gRPC address of Qdrant is none: it looks like `http://localhost:6334`";

/// What to do about a key that cannot be sent.
pub(super) const NO_KEY: &str =
    "the key of Qdrant has spaces or letters in it that no key has: copy it again";
