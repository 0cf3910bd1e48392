use qdrant_client::Qdrant;

use super::QdrantConfig;
use crate::infra::network::{CONNECT_TIMEOUT, REQUEST_TIMEOUT};
use crate::infra::probe::ProbeError;

impl QdrantConfig {
    /// Creates a gRPC client for this server, without connecting.
    ///
    /// It waits 5 seconds for a connection and 30 for a response. Clones share the connection, which
    /// is re-established when it breaks. The versions of client and server are not compared, because
    /// that would block and write to the standard output.
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
    /// [`ProbeError::Misconfigured`] if the key or the gRPC address is invalid.
    pub fn client(&self) -> Result<Qdrant, ProbeError> {
        let mut settings = qdrant_client::config::QdrantConfig::from_url(self.grpc.as_str())
            .skip_compatibility_check()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT);
        if let Some(key) = &self.api_key {
            // The client would repeat an invalid key in the message of every error.
            if !key.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(ProbeError::Misconfigured(INVALID_KEY, None));
            }
            settings.set_api_key(key.expose());
        }
        settings
            .build()
            .map_err(|error| ProbeError::Misconfigured(INVALID_ADDRESS, Some(error.into())))
    }
}

const INVALID_ADDRESS: &str =
    "the gRPC address of Qdrant is invalid: use one like `http://localhost:6334`";

/// Problem and remedy of an invalid API key.
pub(super) const INVALID_KEY: &str =
    "the API key of Qdrant contains a forbidden character, such as a space: copy it again";
