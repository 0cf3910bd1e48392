use divan_core::api::{Health, Live, Ready};

use crate::client::Client;
use crate::error::Error;
use crate::request::Request;

impl Client {
    /// Returns a success while the server's process runs.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn live(&self) -> Result<Health, Error> {
        self.transport.call::<Live>(&Request::new(&()), None).await
    }

    /// Returns a success when all dependencies of the server are available.
    ///
    /// # Errors
    /// The [code](Error::code) is `not_ready` when a dependency is unavailable; the
    /// [problem](Error::problem) names it. See [`Error`] for the rest.
    pub async fn ready(&self) -> Result<Health, Error> {
        self.transport.call::<Ready>(&Request::new(&()), None).await
    }
}
