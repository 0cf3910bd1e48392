use divan_core::api::{Health, Live, Ready};

use crate::call::Call;
use crate::{Client, Error};

impl Client {
    /// Answers as long as the server's process runs.
    ///
    /// # Errors
    /// See [`Error`]: no answer at all is the usual one here.
    pub async fn live(&self) -> Result<Health, Error> {
        self.wire
            .call::<Live>(&Call::of(&()), None, self.wire.deadline())
            .await
    }

    /// Answers when everything that the server depends on is up.
    ///
    /// # Errors
    /// The [code](Error::code) is `not_ready` when something is down; the [problem](Error::problem)
    /// names it. See
    /// [`Error`] for the rest.
    pub async fn ready(&self) -> Result<Health, Error> {
        self.wire
            .call::<Ready>(&Call::of(&()), None, self.wire.deadline())
            .await
    }
}
